"""What puts one row above another, in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from lovt_bench.benchmark.cli.console import say
from lovt_bench.leaderboard.show.why import (
    DATASET_HEAD,
    RUN_HEAD,
    TASK_HEAD,
    Why,
    by_row,
    dataset_lines,
    image_sentence,
    image_text,
    run_lines,
    task_lines,
)


def tell(why: Why) -> None:
    """Print what puts one row above another."""
    first, second = why.names
    mark = " · PHANTOM images" if why.phantom else ""
    say(f"{first} less {second}, in percent points{mark}", style="bold")
    say(why.table)
    for text in why.sentences:
        say(f"• {text}")
    _sheet("By task (p: Holm over the tasks)", TASK_HEAD, task_lines(why), 2)
    _sheet("By dataset, described and not tested", DATASET_HEAD, dataset_lines(why), 1)
    _sheet("By run, in percent", RUN_HEAD, run_lines(why), 2)
    say("\nBy image (rows of the image store)", style="bold", lines=True)
    for task in why.tasks:
        say(f"{task.title}: {image_sentence(task, why.names)}")
        for who, images in by_row(task, why.names):
            if images:
                say(f"  most for {who}: {', '.join(image_text(image, why.names) for image in images)}")
    for measured_on, rows in why.properties.items():
        _sheet(f"Embeddings, {measured_on}", ("property", first, second), rows, 1)
    for name, reason in why.left_out:
        say(f"Left out, {name}: {reason}")


def _sheet(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], texts: int) -> None:
    say(f"\n{title}", style="bold", lines=True)
    aligned = ["left" if place < texts else "right" for place in range(len(head))]
    say(
        tabulate(rows, head, tablefmt="simple", colalign=aligned, disable_numparse=True),
        lines=True,
    )
