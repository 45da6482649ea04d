"""Which tasks a backbone can take part in, and why not in the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lovt_bench.benchmark.backbone.sources import BackboneSource
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.tasks.heads import head_strides

SideOf = Callable[[TaskSpec], int]
"""Gives the image side of a task in pixels, by profile and protocol."""


def why_not(spec: TaskSpec, source: BackboneSource, side: int) -> str | None:
    """Return why a backbone cannot take part in a task; None where it can.

    Args:
        spec: The task.
        source: The backbone.
        side: Image side of the task in pixels.
    """
    if source.fixed_side not in (None, side):
        return (
            f"backbone {source.name} takes images of {source.fixed_side} pixels only, tasks with the head "
            f"{spec.head} have {side} in this profile; choose another profile or protocol, or submit a graph whose "
            "height and width are dynamic"
        )
    if spec.backbone == "fine-tuned" and source.frozen_only:
        return f"backbone {source.name} is a graph that cannot be fine-tuned; `submit` said why"
    offered = sorted(level.stride for level in source.levels)
    wanted = [stride for stride in head_strides(spec) if stride != 1]
    if not set(wanted) <= set(offered):
        return (
            f"head {spec.head} reads feature levels at strides {wanted}, backbone {source.name} has {offered}"
        )
    return None


def check_eligible(specs: Iterable[TaskSpec], source: BackboneSource, side_of: SideOf) -> None:
    """Raise ValueError where a backbone cannot take part in one of the tasks."""
    for spec in specs:
        if reason := why_not(spec, source, side_of(spec)):
            raise ValueError(f"task {spec.id}: {reason}; choose other tasks with --tasks")


def eligible(
    specs: Iterable[TaskSpec], source: BackboneSource, side_of: SideOf
) -> tuple[list[TaskSpec], dict[str, list[str]]]:
    """Return the tasks that a backbone can take part in, and the ids of the others by reason."""
    able: list[TaskSpec] = []
    others: dict[str, list[str]] = {}
    for spec in specs:
        if reason := why_not(spec, source, side_of(spec)):
            others.setdefault(reason, []).append(spec.id)
        else:
            able.append(spec)
    return able, others
