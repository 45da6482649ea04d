"""The tasks of the published study, whatever other tasks there are."""

from __future__ import annotations

from lovt_bench.tasks.suite import load_suite, suite_tasks

LOVT_18 = suite_tasks(load_suite("lovt-18"))
ONE_SHARE = list({(task.dataset, task.head, task.backbone): task for task in LOVT_18}.values())
"""Without those that differ from another in their share of the training images alone."""
