"""What a container is given is looked at before it runs: a file that it cannot read is not the submission's fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.runtime.hand_over import unreadable

OTHER = 4242


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    (root / "images").mkdir(parents=True)
    (root / "images" / "part").write_bytes(b"x")
    (root / "link").symlink_to("/nowhere")
    for path in (root, root / "images"):
        path.chmod(0o755)
    (root / "images" / "part").chmod(0o644)
    return root


def test_what_everybody_may_read_is_fine(folder: Path) -> None:
    assert unreadable(folder, OTHER, OTHER) is None


@pytest.mark.parametrize(
    ("name", "mode"), [(".", 0o700), ("images", 0o754), ("images", 0o751), ("images/part", 0o640)]
)
def test_the_first_thing_that_somebody_cannot_read_is_named(folder: Path, name: str, mode: int) -> None:
    path = folder / name
    path.chmod(mode)
    assert unreadable(folder, OTHER, OTHER) == path
    assert unreadable(folder, path.stat().st_uid, OTHER) is None, "its owner can"


def test_a_group_may_read_what_others_may_not(folder: Path) -> None:
    part = folder / "images" / "part"
    part.chmod(0o640)
    assert unreadable(folder, OTHER, part.stat().st_gid) is None
    part.chmod(0o604)
    assert unreadable(folder, OTHER, part.stat().st_gid) == part, "what a group may not, its members may not"


def test_hidden_files_are_not_looked_at(folder: Path) -> None:
    (folder / ".lock").touch(mode=0o600)
    assert unreadable(folder, OTHER, OTHER) is None
