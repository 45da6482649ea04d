"""Seconds of preparing RSNA images on all cores, and of the bare work: `python -m tests.bench.dataset RAW DATA`.

A process of its own, because worker processes import again what the main process has imported: torch would be most of
the time.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.data.plan import make_plan
from lovt_bench.benchmark.data.pool import map_chunks, workers_for
from lovt_bench.benchmark.data.prepare import prepare
from lovt_bench.benchmark.data.preparers import dataset
from lovt_bench.tasks.protocol import load_protocol
from tests.bench.clock import paired
from tests.bench.decoding import worked_chunk


def main() -> None:
    raw, data = (Path(argument) for argument in sys.argv[1:])
    protocol = load_protocol("lovt-2022")
    samples = make_plan(dataset("rsna"), raw, None, protocol.data).samples

    def bare(**given: Any) -> int:
        work = partial(worked_chunk, **given)
        with workers_for(len(samples)) as pool:
            return sum(map_chunks(work, samples, pool))

    best = paired(
        {
            "decoding": bare,
            "with arithmetic": lambda: bare(name="rsna", protocol=protocol.data),
            "here": lambda: prepare("rsna", raw, data, protocol, patient_key=lambda: bytes(32), force=True),
        },
        rounds=2,
    )
    print(json.dumps({"images": len(samples), **best}))  # noqa: T201


if __name__ == "__main__":
    main()
