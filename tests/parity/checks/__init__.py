"""Checks, found by listing this folder: each module's `CHECKS` maps a file stem (or pattern) to a function.

The function takes a `GoldenFile` and yields `Comparison` (by `file.compare(name, got, case)`, which takes the
manifest's tolerance and marks the output as compared) and `Failure`. Wrap each case in `guarded`, so that one
that cannot be computed leaves the others alone.
"""
