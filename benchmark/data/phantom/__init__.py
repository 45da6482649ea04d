"""The phantom: synthetic chest X-rays in the raw layouts of the public datasets.

Invariants: no picture of a person goes in; an image depends on (seed, dataset, index, size) only; every root
that the phantom writes says so in `phantom.json`.
"""
