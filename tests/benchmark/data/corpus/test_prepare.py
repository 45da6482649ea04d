"""Preparation of a corpus: nothing twice, nothing half-written, the same on any number of processes."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lovt_bench.benchmark.data.corpus.prepare
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.data.corpus import format as fmt
from lovt_bench.benchmark.data.corpus.mimic_cxr import list_mimic_cxr
from lovt_bench.benchmark.data.corpus.prepare import prepare
from lovt_bench.benchmark.data.corpus.verify import verify_corpus
from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data.corpus import raw_mimic
from tests.benchmark.data.corpus.raw_mimic import Study
from tests.benchmark.disk.room import room_for


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return raw_mimic.write(tmp_path / "raw", raw_mimic.studies())


def test_equal_sources_are_found(raw: Path, tmp_path: Path) -> None:
    corpora = tmp_path / "corpora"
    assert not prepare(list_mimic_cxr(raw), corpora).found
    assert prepare(list_mimic_cxr(raw), corpora).found
    assert not prepare(list_mimic_cxr(raw), corpora, force=True).found
    assert not prepare(list_mimic_cxr(raw), corpora, side=32).found
    os.utime(raw_mimic.image_path(raw, raw_mimic.studies()[0]), (1, 1))
    assert not prepare(list_mimic_cxr(raw), corpora, side=32).found
    (corpora / "mimic-cxr" / fmt.PIXELS).unlink()
    assert not prepare(list_mimic_cxr(raw), corpora, side=32).found


def test_sides_are_bounded_by_the_wish(raw: Path, tmp_path: Path) -> None:
    outcome = prepare(list_mimic_cxr(raw), tmp_path / "corpora", side=32)
    assert verify_corpus(outcome.root) == []
    assert np.load(outcome.root / fmt.PIXELS, mmap_mode="r").shape == (6 * 32 * 48,)


def test_what_breaks_off_leaves_the_old_corpus(
    raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpora = tmp_path / "corpora"
    root = prepare(list_mimic_cxr(raw), corpora).root
    before = (root / fmt.MANIFEST).read_bytes()

    with pytest.raises(KeyboardInterrupt):
        prepare(list_mimic_cxr(raw), corpora, force=True, on_progress=stop_after(1))
    assert (root / fmt.MANIFEST).read_bytes() == before
    assert fmt.corpus_names(corpora) == ["mimic-cxr"]


def test_two_at_once_are_refused(raw: Path, tmp_path: Path) -> None:
    corpora = tmp_path / "corpora"
    corpora.mkdir()
    with (corpora / ".lock-mimic-cxr").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DataError, match="being prepared by another process"):
            prepare(list_mimic_cxr(raw), corpora)


@pytest.mark.slow
def test_processes_do_not_change_the_content(tmp_path: Path) -> None:
    studies = [Study(10000001 + number % 7, 50000001 + number) for number in range(210)]
    raw = raw_mimic.write(tmp_path / "raw", studies)
    one = prepare(list_mimic_cxr(raw), tmp_path / "one", workers=1).manifest
    two = prepare(list_mimic_cxr(raw), tmp_path / "two", workers=2).manifest
    assert one.files == two.files


@pytest.mark.parametrize("name", [fmt.PIXELS, fmt.IMAGES, fmt.STUDIES])
def test_verification_sees_damage(raw: Path, tmp_path: Path, name: str) -> None:
    root = prepare(list_mimic_cxr(raw), tmp_path / "corpora").root
    content = bytearray((root / name).read_bytes())
    content[len(content) // 2] ^= 1
    (root / name).write_bytes(content)
    assert verify_corpus(root) == [f"{name}: content differs from its digest"]
    (root / name).unlink()
    assert verify_corpus(root) == [f"{name}: is missing"]


def test_verification_sees_other_counts(raw: Path, tmp_path: Path) -> None:
    outcome = prepare(list_mimic_cxr(raw), tmp_path / "corpora")
    splits = {split: counts.model_copy() for split, counts in outcome.manifest.splits.items()}
    splits["test"] = splits["test"].model_copy(update={"sentences": 99})
    (outcome.root / fmt.MANIFEST).write_text(outcome.manifest.model_copy(update={"splits": splits}).to_json())
    (problem,) = verify_corpus(outcome.root)
    assert problem.startswith("corpus.json: test says")


def test_a_damaged_manifest_says_so(raw: Path, tmp_path: Path) -> None:
    root = prepare(list_mimic_cxr(raw), tmp_path / "corpora").root
    (root / fmt.MANIFEST).write_text('{"name": "x"}')
    with pytest.raises(DataError, match="not a corpus manifest"):
        fmt.read_manifest(root)
    with pytest.raises(DataError, match=r"no corpus at .*Corpora beside it: mimic-cxr"):
        fmt.read_manifest(root.parent / "other")


def stop_after(studies: int) -> Callable[[int, int], None]:
    """Return a progress callback that breaks off as Ctrl-C does."""

    def stop(done: int, total: int) -> None:
        if done >= studies:
            raise KeyboardInterrupt

    return stop


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A raw folder of 30 studies; one has no report, one no image."""
    studies = [Study(10000001, 50000001 + number, views=("PA", "AP")) for number in range(30)]
    studies[3].report = None
    raw = raw_mimic.write(tmp_path / "raw", studies)
    for number in (0, 1):
        raw_mimic.image_path(raw, studies[5], number).unlink()
    return raw


@pytest.mark.parametrize("damage", ["none", "torn line", "torn pixels", "changed pixels", "no journal"])
def test_what_was_cut_off_goes_on_to_the_same_corpus(many: Path, tmp_path: Path, damage: str) -> None:
    whole = prepare(list_mimic_cxr(many), tmp_path / "whole").manifest
    with pytest.raises(KeyboardInterrupt):
        prepare(list_mimic_cxr(many), tmp_path / "cut", on_progress=stop_after(16))
    work = tmp_path / "cut" / ".partial-mimic-cxr"
    journal, pixels = work / "journal.jsonl", work / fmt.PIXELS
    if damage == "torn line":
        journal.write_bytes(journal.read_bytes()[:-30])
    elif damage == "torn pixels":
        pixels.write_bytes(pixels.read_bytes()[:-30])
    elif damage == "changed pixels":
        content = bytearray(pixels.read_bytes())
        content[1000] ^= 1
        pixels.write_bytes(content)
    elif damage == "no journal":
        journal.unlink()
    seen: list[int] = []
    outcome = prepare(
        list_mimic_cxr(many), tmp_path / "cut", on_progress=lambda done, total: seen.append(done)
    )
    assert outcome.manifest.files == whole.files
    assert outcome.manifest.identity() == whole.identity()
    assert seen[0] > 16 or damage in ("changed pixels", "no journal")
    assert verify_corpus(outcome.root) == []
    assert [path.name for path in (tmp_path / "cut").iterdir()] == ["mimic-cxr"]


def test_a_disk_that_was_full_for_a_moment_leaves_no_trace(many: Path, tmp_path: Path) -> None:
    """The write that does not fit takes a part: with the next call the corpus is that of an undisturbed one."""
    whole = prepare(list_mimic_cxr(many), tmp_path / "whole").manifest
    pixels = (tmp_path / "whole" / "mimic-cxr" / fmt.PIXELS).stat().st_size
    with (
        room_for(pixels // 2 + 77),
        pytest.raises(
            DataError,
            match=r"^/.*full.*pixels.npy cannot be written.*Free some disk and call again \(what is done is kept\)",
        ),
    ):
        prepare(list_mimic_cxr(many), tmp_path / "full")
    assert not (tmp_path / "full" / "mimic-cxr").exists()
    seen: list[int] = []
    again = prepare(
        list_mimic_cxr(many), tmp_path / "full", on_progress=lambda done, total: seen.append(done)
    )
    assert again.manifest.files == whole.files
    assert verify_corpus(again.root) == []


@pytest.mark.parametrize("name", [fmt.PIXELS, fmt.IMAGES, fmt.STUDIES])
def test_digests_are_of_what_was_meant_to_be_written(
    many: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk makes of a file once it is written is found, not taken for the truth."""
    place = benchmark.data.corpus.prepare.CorpusManifest

    def changed_first(**fields: Any) -> CorpusManifest:
        (path,) = (tmp_path / "corpora").glob(f".tmp-*/new/{name}")
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        return place(**fields)

    monkeypatch.setattr("lovt_bench.benchmark.data.corpus.prepare.CorpusManifest", changed_first)
    root = prepare(list_mimic_cxr(many), tmp_path / "corpora").root
    assert verify_corpus(root) == [f"{name}: content differs from its digest"]


def test_pixels_that_the_disk_lost_make_no_corpus(many: Path, tmp_path: Path) -> None:
    whole = prepare(list_mimic_cxr(many), tmp_path / "whole").manifest
    work = tmp_path / "corpora" / ".partial-mimic-cxr"

    def lose(done: int, total: int) -> None:
        if done == total:
            with (work / fmt.PIXELS).open("r+b") as file:
                file.seek(-5, 2)
                file.write(bytes(5))

    with pytest.raises(DataError, match=r"study 2[0-9] is not on disk as it was written"):
        prepare(list_mimic_cxr(many), tmp_path / "corpora", on_progress=lose)
    assert prepare(list_mimic_cxr(many), tmp_path / "corpora").manifest.files == whole.files


@pytest.mark.parametrize("name", [fmt.PIXELS, fmt.STUDIES])
def test_a_corpus_that_was_damaged_is_prepared_again(
    raw: Path, tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    first = prepare(list_mimic_cxr(raw), tmp_path / "corpora")
    with (first.root / name).open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"x")
    again = prepare(list_mimic_cxr(raw), tmp_path / "corpora")
    assert not again.found
    assert again.manifest.files == first.manifest.files
    assert f"{name}: content differs" in caplog.text


def test_other_options_begin_anew(many: Path, tmp_path: Path) -> None:
    corpora = tmp_path / "corpora"
    with pytest.raises(KeyboardInterrupt):
        prepare(list_mimic_cxr(many), corpora, on_progress=stop_after(16))
    seen: list[int] = []
    prepare(list_mimic_cxr(many), corpora, side=32, on_progress=lambda done, total: seen.append(done))
    assert seen[0] == 8
