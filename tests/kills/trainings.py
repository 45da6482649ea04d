"""Kill evaluations within their trainings, SIGKILL and SIGTERM: `python -m tests.kills.trainings --kills 30 --seed 1`.

Each evaluation is a fork of this process, so that it trains at once, with a tiny backbone and a checkpoint after every
epoch. It is killed at a random moment and begun again until its records are there; they must be those of an evaluation
that nobody disturbed. `tests.benchmark.executor.kills --jobs long` does the same with workers and a ResNet-18.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import replace
from pathlib import Path

import torch

from lovt_bench.benchmark.disk.leftovers import abandoned
from lovt_bench.benchmark.engine import checkpoint
from lovt_bench.benchmark.engine.evaluate import Evaluation, evaluate
from lovt_bench.benchmark.engine.observer import Observer
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.interruption import interruptible
from tests.benchmark.engine.world import NARROW, TinySource
from tests.benchmark.executor.found import lines, results
from tests.benchmark.executor.worlds import long_evaluation


class Resumed(Observer):
    """Takes down in a file which trainings went on at an epoch."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()

    def activity(self, text: str) -> None:
        if "goes on at epoch" in text:
            with self._path.open("a") as log:
                log.write(f"{text}\n")


def tiny(root: Path) -> Evaluation:
    """Return an evaluation of two fine-tunings, a U-Net and a YOLOv3."""
    return replace(long_evaluation(root), source=TinySource())


def begin(root: Path) -> int:
    """Begin the evaluation in a fork and return its process."""
    evaluation = tiny(root)
    if child := os.fork():
        return child
    code = 1
    try:
        checkpoint.LEAST_SECONDS, checkpoint.SHARE = 0.0, 0
        for widths, narrow in NARROW:
            widths.update(narrow)
        torch.set_num_threads(1)
        with interruptible():
            failed = [one for one in evaluate(evaluation, Resumed(root / "resumed")) if one.status != "done"]
        code = int(bool(failed))
    except KeyboardInterrupt:
        code = 75
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(code)


def wait(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def torment(root: Path, kills: int, seed: int) -> Counter[str]:
    """Kill until so many kills hit; return how often each kind did, and how many trainings went on at an epoch.

    Raises:
        AssertionError: A finished run was lost, a record differs, or something is left.
    """
    rng, hits = random.Random(seed), Counter[str]()
    (root / "undisturbed").mkdir()
    start = time.monotonic()
    assert wait(begin(root / "undisturbed")) == 0
    usual, expected = time.monotonic() - start, results(root / "undisturbed")
    assert len(expected) == 2
    while sum(hits[name] for name in ("SIGKILL", "SIGTERM")) < kills:
        workspace = root / f"round-{hits['rounds']}"
        workspace.mkdir()
        code = -1
        while code != 0:
            seen, child = lines(workspace), begin(workspace)
            time.sleep(rng.uniform(0, 0.6 * usual))
            number = rng.choice([signal.SIGKILL, signal.SIGTERM])
            os.kill(child, number)  # not waited for yet, so that it is nobody else
            code = wait(child)
            assert code in (0, -number, 75), f"ended with {code}"
            hits[number.name] += code != 0
            assert seen <= lines(workspace), "a finished run was lost"
        assert results(workspace) == expected, "records differ from those of an undisturbed evaluation"
        assert not list(workspace.glob("checkpoints/*/*")), "a checkpoint outlived the record of its run"
        assert not abandoned(workspace)
        hits["rounds"] += 1
        hits["resumed"] += len((workspace / "resumed").read_text().splitlines())
        logger.info("round %d equal, so far %s", hits["rounds"], dict(hits))
    return hits


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    logging.getLogger("faster_coco_eval").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="lovt-bench-kills-") as folder:
        hits = torment(Path(folder), options.kills, options.seed)
    logger.info("%s: nothing lost, all records equal, nothing left behind", dict(hits))


if __name__ == "__main__":
    main()
