"""`lovt-bench audit` from the outside: planted copies, what leaves the machine, and how it ends."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image
from safetensors.numpy import save_file

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.audit import AuditReport, read_audit
from tests.benchmark.data.audit import copies
from tests.benchmark.data.small_store import write_store

SECRET = "patient-4711"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a prepared store: 10 drawn images in training, 5 each to validate and to test."""
    images = np.stack([copies.as_store(image) for image in copies.drawn()])
    write_store(tmp_path / "ws" / "data" / "rsna", images=images, name="rsna")
    return tmp_path / "ws"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Copies of training images 0 and 1 and of the last test image, a stranger, a flat and two broken files."""
    root = tmp_path / "corpus" / SECRET
    root.mkdir(parents=True)
    images = copies.drawn()
    Image.fromarray(images[0]).save(root / "a.jpg", quality=60)
    copies.dicom(
        root / "b.dcm", (255 - images[1]).astype(np.uint16) * 16, PhotometricInterpretation="MONOCHROME1"
    )
    Image.fromarray(copies.cropped(images[19], 0.02, 0.02, 0.02, 0.02)).save(root / "c.png")
    stranger = np.random.default_rng(0).integers(0, 255, (6, 6), dtype=np.uint8)
    Image.fromarray(copies.resized(stranger, 300, 200)).save(root / "d.png")
    Image.fromarray(np.full((60, 60), 7, np.uint8)).save(root / "flat.png")
    (root / "broken\x1b[31m.png").write_bytes(b"no picture")
    (root / "cut.png").write_bytes((root / "c.png").read_bytes()[:300])
    (root / "rest.tar").write_bytes(b"")
    return root.parent


def call(workspace: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["audit", *map(str, arguments), "--workspace", str(workspace)])


def test_planted_copies_are_counted_and_nothing_private_leaves(
    workspace: Path, corpus: Path, tmp_path: Path
) -> None:
    private = tmp_path / "matches.jsonl"
    result = call(workspace, "--corpus", corpus, "--matches", private)
    assert result.exit_code == 0, result.output
    assert "5 images hashed, 2 unreadable, 1 without structure; 1 archives not looked into" in result.output
    text = (workspace / "audits" / "audit.json").read_text()
    for secret in (SECRET, "broken", "image-000", str(tmp_path)):
        assert secret not in text
    report = AuditReport.model_validate_json(text)
    (found,) = report.datasets
    assert {split: one.matched for split, one in found.splits.items()} == {
        "train": 2,
        "validation": 0,
        "test": 1,
    }
    assert found.corpus_matched == 3
    tasks = {one.task: one.splits for one in report.tasks}
    counts = {
        task: {split: (one.matched, one.images) for split, one in splits.items() if split != "validation"}
        for task, splits in tasks.items()
    }
    assert counts["rsna_frozen_100"] == {"train": (2, 10), "test": (1, 5)}
    assert counts["rsna_frozen_10"] == {"train": (1, 1), "test": (1, 5)}
    assert not [task for task in counts if not task.startswith("rsna")]
    assert "rsna_frozen_100: 1 of 5 (20.0%)" in result.output

    lines = [json.loads(line) for line in private.read_text().splitlines()]
    pairs = {(Path(one["file"]).name, one["id"], one["split"], one["row"], one["inverted"]) for one in lines}
    assert pairs == {
        ("a.jpg", "image-00000", "train", 0, False),
        ("b.dcm", "image-00001", "train", 1, True),
        ("c.png", "image-00019", "test", 4, False),
    }
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_what_was_hashed_is_not_read_again(workspace: Path, corpus: Path) -> None:
    assert call(workspace, "--corpus", corpus).exit_code == 0
    first = read_audit(workspace / "audits" / "audit.json")
    for path in corpus.rglob("*.[jdp]*"):
        known = path.stat()
        path.write_bytes(b"\0" * known.st_size)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))
    assert call(workspace, "--corpus", corpus).exit_code == 0
    second = read_audit(workspace / "audits" / "audit.json")
    assert second.model_copy(update={"created": first.created}) == first


def test_a_report_does_not_depend_on_names_and_order(workspace: Path, corpus: Path, tmp_path: Path) -> None:
    assert call(workspace, "--corpus", corpus, "--out", tmp_path / "one.json").exit_code == 0
    (corpus / SECRET / "c.png").rename(corpus / "0.png")
    (corpus / SECRET).rename(corpus / "other")
    assert call(workspace, "--corpus", corpus, "--out", tmp_path / "two.json", "--workers", 1).exit_code == 0
    one, two = read_audit(tmp_path / "one.json"), read_audit(tmp_path / "two.json")
    assert two.model_copy(update={"created": one.created}) == one


def test_a_hash_file_stands_in_for_the_evaluation_images(
    workspace: Path, corpus: Path, tmp_path: Path
) -> None:
    file = tmp_path / "evaluation.safetensors"
    saved = call(workspace, "--save-reference", file)
    assert saved.exit_code == 0, saved.output
    assert "hashes of rsna 20 images" in saved.output
    assert b"image-000" not in file.read_bytes()
    elsewhere = tmp_path / "elsewhere"
    missing = call(elsewhere, "--corpus", corpus)
    assert missing.exit_code == 1
    assert "no prepared dataset" in missing.output
    assert "--reference FILE" in missing.output
    assert call(elsewhere, "--corpus", corpus, "--reference", file).exit_code == 0
    assert call(workspace, "--corpus", corpus).exit_code == 0
    here, there = (read_audit(place / "audits" / "audit.json") for place in (workspace, elsewhere))
    assert there.model_copy(update={"created": here.created}) == here


def test_a_report_is_attached_to_a_backbone_that_is_there(
    workspace: Path, corpus: Path, tmp_path: Path
) -> None:
    absent = call(workspace, "--corpus", corpus, "--attach", "mine")
    assert absent.exit_code == 1
    assert "no backbone mine" in absent.output
    assert "lovt-bench submit NAME" in absent.output
    assert call(workspace, "--corpus", corpus, "--attach", "../../corpus").exit_code == 1
    folder = workspace / "backbones" / "mine"
    folder.mkdir(parents=True)
    (folder / "backbone.json").write_text("{}")
    assert call(workspace, "--corpus", corpus, "--attach", "mine").exit_code == 0
    attached = read_audit(folder / "audit.json")
    (folder / "audit.json").unlink()
    again = call(workspace, "--report", workspace / "audits" / "audit.json", "--attach", "mine")
    assert again.exit_code == 0, again.output
    assert read_audit(folder / "audit.json") == attached


def hash_file(path: Path, **change: object) -> Path:
    index = {"schema_version": 1, "algorithm": 1, "versions": {}} | change
    index["datasets"] = [
        {"dataset": "rsna", "track": "public", "dataset_sha256": "0" * 64, "splits": {"test": 5}}
    ]
    save_file({"rsna": np.zeros((4, 11, 128), np.uint8)}, path, metadata={"index": json.dumps(index)})
    return path


def test_mistakes_end_in_a_sentence(workspace: Path, corpus: Path, tmp_path: Path) -> None:
    (tmp_path / "empty" / "x").mkdir(parents=True)
    (tmp_path / "empty" / "x" / "all.tar").touch()
    (tmp_path / "text.json").write_text("{}")
    os.mkfifo(tmp_path / "pipe")
    (workspace / "backbones" / "mine").mkdir(parents=True)
    (workspace / "backbones" / "mine" / "backbone.json").write_text("{}")
    cases = {
        ("--corpus", corpus, "--reference", tmp_path / "pipe"): (1, "pipe is no hash file: no plain file"),
        ("--report", tmp_path / "pipe", "--attach", "mine"): (
            1,
            "pipe is no audit report: it is no plain file",
        ),
        (): (2, "--corpus DIR is missing"),
        ("--corpus", tmp_path / "absent"): (1, "no such folder"),
        ("--corpus", tmp_path / "empty"): (1, "1 archives; archives are not looked into, unpack them"),
        ("--corpus", corpus, "--dataset", "siim"): (1, "no dataset siim; there are: rsna"),
        ("--corpus", corpus, "--reference", tmp_path / "text.json"): (1, "text.json is no hash file"),
        ("--corpus", corpus, "--reference", hash_file(tmp_path / "a")): (1, "expected uint8 (5, 11, 128)"),
        ("--corpus", corpus, "--reference", hash_file(tmp_path / "b", algorithm=2)): (1, "use a newer file"),
        ("--report", tmp_path / "text.json"): (2, "--report goes with --attach NAME"),
    }
    for arguments, (code, message) in cases.items():
        result = call(workspace, *arguments)
        assert (result.exit_code, message in result.output) == (code, True), result.output
        assert isinstance(result.exception, SystemExit)
    assert not list(workspace.glob("audits/audit.json"))


def test_a_prepared_corpus_is_audited_as_its_images_would_be(workspace: Path, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.mkdir()
    for number in (0, 19):
        Image.fromarray(copies.drawn()[number]).save(raw / f"{number}.png")
    table = raw / "table.csv"
    table.write_text("image,text,split\n0.png,Clear.,train\n19.png,Clear.,test\n")
    place = ["--workspace", str(workspace)]
    made = CliRunner().invoke(
        main,
        ["corpus", "prepare", "pairs", "--raw", str(raw), "--table", str(table), "--name", "own", *place],
    )
    assert made.exit_code == 0, made.output
    result = call(workspace, "--corpus", workspace / "corpora" / "own")
    assert result.exit_code == 0, result.output
    (found,) = read_audit(workspace / "audits" / "audit.json").datasets
    assert {split: one.matched for split, one in found.splits.items()} == {
        "train": 1,
        "validation": 0,
        "test": 1,
    }
