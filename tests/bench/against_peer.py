"""The harness beside the outside peer (`peer.py`), a kind of task at a time. For people to read.

    python -m tests.bench.against_peer scores > scores.md
    python -m tests.bench.against_peer speed > speed.md

Images are noise with a bright rectangle, which a head finds. Each side is a process of its own, and its time counts
from its start. `scores` trains everything at a small size: both sides must give the same score within its spread.

`speed` extrapolates, since the peer would take days. Each side trains three times: n images for e epochs, n for more
epochs, 2 n for e epochs. From these come the time of an epoch, what an image costs once (extraction), and what each
process costs. All three are taken to grow linearly, by images, epochs (100, none stops early) and runs (the task's
learning rates and five repetitions; the harness trains those of a linear head together, and did so when measured).
What a run costs beside its epochs counts once, on both sides.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.tasks.profile import kind_of, load_profile
from lovt_bench.tasks.registry import load_task

REPETITIONS, EPOCHS = 5, 100
SIZES = (144, 2000)


@dataclass(frozen=True)
class Kind:
    """A kind of task, and how much of it is trained to measure it.

    Attributes:
        images: Training images; a quarter of them each for validation and test.
        epochs: Fewer and more.
        peer_epochs: The same for the peer, where it takes longer for one.
    """

    name: str
    task: str
    images: int
    epochs: tuple[int, int]
    peer_epochs: tuple[int, int] | None = None


KINDS = (
    Kind("linear", "covid_linear", 64, (1, 41), (1, 5)),
    Kind("YOLOv3 frozen", "rsna_frozen_100", 16, (1, 4)),
    Kind("U-Net frozen", "covid_unet_frozen", 8, (1, 3)),
    Kind("YOLOv3 fine-tuned", "rsna_finetune_100", 16, (1, 4)),
    Kind("U-Net fine-tuned", "covid_unet_finetune", 8, (1, 3)),
)


def small() -> Profile:
    """Return the settings of the scores: those of the demo, on smaller images where a linear head reads them."""
    return load_profile("demo").model_copy(update={"name": "peer", "image_sides": {"yolov3": 96}})


def short(kind: Kind, images: int, epochs: int, runs: bool) -> Profile:
    """Return the settings of one measurement: published heads on 128 pixels, all runs or one."""
    named = kind_of(load_task(kind.task))
    return Profile(
        name="peer",
        title="For measuring",
        image_side=128,
        min_train_images=images,
        max_train_images=images,
        min_validation_images=images // 4,
        max_validation_images=images // 4,
        max_test_images=images // 4,
        max_batch_size=8,
        max_epochs=epochs,
        max_warm_up_steps=1,
        max_learning_rates={} if runs else {named: 1},
        max_runs=REPETITIONS if runs else 1,
    )


def timed(module: str, task: str, profile: Profile, data: Path, *more: str) -> tuple[float, list[float]]:
    """Return the seconds of a process, and the scores that it prints."""
    begin = time.monotonic()
    given = [task, profile.model_dump_json(), str(data), *more]
    done = subprocess.run(
        [sys.executable, "-m", module, *given], check=True, stdout=subprocess.PIPE, text=True
    )
    return time.monotonic() - begin, json.loads(done.stdout.splitlines()[-1])


def store_of(folder: Path, task: str, images: int) -> Path:
    """Write the store of a task's dataset with so many training images and return its folder."""
    from tests.bench.world import noise_store

    return noise_store(folder, load_task(task).dataset, 2 * images).root


def scores(folder: Path) -> Iterator[str]:
    """Yield a table of both sides, trained through at a small size."""
    yield "| task | peer | harness | peer / harness | peer, score | harness, score |\n|---|---:|---:|---:|---:|---:|"
    for kind in KINDS:
        data = store_of(folder, kind.task, 64)
        sides = [
            timed(module, kind.task, small(), data) for module in ("tests.bench.peer", "tests.bench.harness")
        ]
        (peer, _), (harness, _) = sides
        means = [
            f"{100 * statistics.mean(each):.1f} ± {100 * statistics.stdev(each):.1f}" for _, each in sides
        ]
        yield f"| {kind.name} | {peer:.0f} s | {harness:.0f} s | {peer / harness:.1f} | {' | '.join(means)} |"


@dataclass(frozen=True)
class Rates:
    """Seconds of one side of a kind of task."""

    process: float
    once: float
    """An image, once."""
    epoch: float
    """An image of an epoch, with the validation that belongs to it, for all runs that train together."""

    def total(self, images: int, runs: float) -> float:
        return self.process + images * self.once + runs * EPOCHS * images * self.epoch


def rates(measure: Callable[[int, int], float], images: int, epochs: tuple[int, int]) -> Rates:
    """Return rates from seconds by images and epochs."""
    few, more = epochs
    first, longer, larger = measure(images, few), measure(images, more), measure(2 * images, few)
    epoch = max(0.0, longer - first) / (more - few) / images
    once = max(0.0, (larger - first) / images - few * epoch)
    return Rates(max(0.0, first - images * (once + few * epoch)), once, epoch)


def both_rates(folder: Path, kind: Kind, batched: bool) -> tuple[Rates, Rates]:
    """Measure the peer and the harness."""
    data = store_of(folder, kind.task, 2 * kind.images)

    def peer(images: int, epochs: int) -> float:
        return timed("tests.bench.peer", kind.task, short(kind, images, epochs, False), data)[0]

    def harness(images: int, epochs: int) -> float:
        profile = short(kind, images, epochs, batched)
        return timed("tests.bench.harness", kind.task, profile, data, "--one-draw")[0]

    theirs = rates(peer, kind.images, kind.peer_epochs or kind.epochs)
    return theirs, rates(harness, kind.images, kind.epochs)


def speed(folder: Path) -> Iterator[str]:
    """Yield a table of both sides, extrapolated to whole tasks."""
    columns = [f"peer, {n:,} images | harness | ratio" for n in SIZES]
    yield f"| task | runs | {' | '.join(columns)} |\n|---|---:|{'---:|' * 3 * len(SIZES)}"
    for kind in KINDS:
        spec = load_task(kind.task)
        batched, tuned = kind_of(spec) == "linear", len(spec.learning_rates)
        runs = REPETITIONS + (tuned if tuned > 1 else 0)
        theirs, ours = both_rates(folder, kind, batched)
        cells = []
        for images in SIZES:
            long, brief = theirs.total(images, runs), ours.total(images, 1 if batched else runs)
            cells += [f"{long / 60:,.0f} min", f"{brief / 60:,.1f} min", f"{long / brief:.1f}"]
        yield f"| {kind.name} | {runs} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("scores", "speed"))
    lines = {"scores": scores, "speed": speed}[parser.parse_args().what]
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(Path(folder)):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
