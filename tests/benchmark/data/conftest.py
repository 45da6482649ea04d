"""Split files that count as the published ones: those themselves may not be kept here, only their digests."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.dataset import SplitName
from lovt_bench.benchmark.data.format import ids_sha256
from lovt_bench.benchmark.data.official import published
from tests.benchmark.data.raws import write_lines

COUNTS: dict[SplitName, int] = {"train": 12, "validation": 4, "test": 4}


@pytest.fixture
def covid_splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write drawn split files of COVID Rural and put their digests in the place of the published ones."""
    known, splits = published()["covid-rural"], {}
    for number, (split, count) in enumerate(COUNTS.items()):
        ids = [f"COVID-19-AR-{number}{row:07}_01-19-2012-XR" for row in range(count)]
        write_lines(tmp_path / "splits" / f"{split}.csv", ["ID", *ids])
        splits[split] = known.splits[split].model_copy(
            update={"images": count, "sha256_ids": ids_sha256(ids)}
        )
    monkeypatch.setitem(published(), "covid-rural", known.model_copy(update={"splits": splits}))
    return tmp_path / "splits"
