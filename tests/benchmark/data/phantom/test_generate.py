"""What a phantom folder depends on, and what is never overwritten."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.phantom import PhantomManifest
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.phantom.folder import PhantomFolder
from lovt_bench.benchmark.data.phantom.generate import PhantomError, write_phantom
from lovt_bench.benchmark.data.phantom.layout import Settings, layouts
from lovt_bench.benchmark.data.pool import workers_for

from .conftest import SIDE, write

RSNA = Settings("rsna", 5, 20, SIDE)


def files_of(root: Path) -> dict[str, str]:
    """SHA-256 by path, in order of the paths' text."""
    paths = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return {path: hashlib.sha256((root / path).read_bytes()).hexdigest() for path in paths}


@pytest.mark.parametrize("name", ["covid-rural", "mimic-cxr"])
def test_the_same_seed_gives_the_same_files(name: str, phantoms: dict[str, Path], tmp_path: Path) -> None:
    assert files_of(write(tmp_path, name)) == files_of(phantoms[name])


def test_another_seed_gives_other_images(tmp_path: Path, phantoms: dict[str, Path]) -> None:
    other = set(files_of(write(tmp_path, "rsna", images=20, seed=6)).values())
    assert not other & set(files_of(phantoms["rsna"]).values())


@pytest.mark.parametrize("name", sorted(layouts()))
def test_an_image_depends_on_its_index_and_on_no_other_image(
    name: str, phantoms: dict[str, Path], tmp_path: Path
) -> None:
    for index in (7, 2):
        layouts()[name].write(PhantomFolder(tmp_path), index, Settings(name, 5, 40, SIDE))
    lonely, whole = files_of(tmp_path), files_of(phantoms[name])
    assert lonely
    assert lonely.items() <= whole.items()


@pytest.mark.slow
def test_the_number_of_workers_does_not_matter(tmp_path: Path) -> None:
    with workers_for(None, 2, keep_memory=True) as pool:
        assert pool is not None
        parallel = write_phantom(tmp_path / "two", RSNA, pool)
    assert parallel == write_phantom(tmp_path / "one", RSNA, None)
    assert files_of(tmp_path / "two") == files_of(tmp_path / "one")


@pytest.mark.parametrize("name", sorted(layouts()))
def test_the_marker_names_settings_and_the_digest_of_all_files(name: str, phantoms: dict[str, Path]) -> None:
    marker = PhantomManifest.model_validate_json((phantoms[name] / "phantom.json").read_text())
    others = {path: digest for path, digest in files_of(phantoms[name]).items() if path != "phantom.json"}
    lines = "".join(f"{digest}  {path}\n" for path, digest in others.items())
    assert marker.files == len(others)
    assert marker.files_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert (marker.dataset, marker.seed, marker.images, marker.side) == (name, 5, 40, SIDE)
    assert "Synthetic" in marker.notice


def test_a_finished_phantom_is_kept_untouched(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    write_phantom(root, RSNA, None)
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_other_settings_need_force(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    other = Settings("rsna", 9, 20, SIDE)
    with pytest.raises(PhantomError, match=r"with other settings \(another seed\)\. Give --force"):
        write_phantom(root, other, None)
    assert write_phantom(root, other, None, force=True).seed == 9


def test_missing_files_of_a_finished_phantom_are_noticed(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    next(root.rglob("*.dcm")).unlink()
    with pytest.raises(PhantomError, match=r"holds 21 files where phantom.json names 22"):
        write_phantom(root, RSNA, None)


def test_a_changed_file_of_a_finished_phantom_is_noticed_and_an_added_one_stays(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    image = next(root.rglob("*.dcm"))
    content = image.read_bytes()
    image.write_bytes(content[:-1] + b"x")
    with pytest.raises(PhantomError, match="files were changed since they were written"):
        write_phantom(root, RSNA, None)
    image.write_bytes(content)
    (root / ".DS_Store").touch()
    write_phantom(root, RSNA, None)
    assert (root / ".DS_Store").exists()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize(
    "content", [{"scan.dcm": "real"}, {"phantom.json": "{}"}, {"phantom.json": "no json"}]
)
def test_a_folder_that_is_no_phantom_is_never_overwritten(
    tmp_path: Path, force: bool, content: dict[str, str]
) -> None:
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PhantomError, match="--out"):
        write_phantom(tmp_path, RSNA, None, force=force)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == content


def test_a_phantom_of_another_dataset_needs_force(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    with pytest.raises(PhantomError, match="dataset rsna instead of siim"):
        write_phantom(root, Settings("siim", 5, 20, SIDE), None)


def test_an_interrupted_call_leaves_nothing_and_the_next_one_succeeds(tmp_path: Path) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_phantom(tmp_path / "rsna", RSNA, None, done=stop)
    assert list(tmp_path.iterdir()) == []
    # What a killed process leaves is cleared away.
    (tmp_path / ".tmp-rsna-01234567" / "new").mkdir(parents=True)
    write_phantom(tmp_path / "rsna", RSNA, None)
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]


def test_a_finished_phantom_that_was_just_being_replaced_is_put_back(tmp_path: Path) -> None:
    root = write(tmp_path, "rsna", images=20)
    scratch = tmp_path / ".tmp-rsna-01234567"
    (scratch / "new").mkdir(parents=True)
    (scratch / "target").write_text("rsna")
    before = files_of(root)
    root.rename(scratch / "old")
    write_phantom(root, RSNA, None)
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]
    assert files_of(root) == before


def test_two_at_once_end_in_a_sentence_for_one(tmp_path: Path) -> None:
    seen: list[str] = []

    def second(count: int) -> None:
        with pytest.raises(
            DataError, match="rsna is being prepared by another process; wait for it"
        ) as caught:
            write_phantom(tmp_path / "rsna", RSNA, None)
        seen.append(str(caught.value))

    write_phantom(tmp_path / "rsna", RSNA, None, done=second)
    assert seen
    assert [path.name for path in tmp_path.iterdir()] == ["rsna"]


def test_too_few_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PhantomError, match=r"at least 40 images.*got --images 39"):
        write_phantom(tmp_path / "x", Settings("nih-cxr", 0, 39, SIDE), None)
    assert list(tmp_path.iterdir()) == []
