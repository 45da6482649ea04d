"""The phantom study is of every method that stands in the repository."""

from __future__ import annotations

from lovt_bench.submissions.common.declaration import read_declaration
from tests.bench.study import CHECKPOINTS
from tests.conftest import REPOSITORY


def test_every_method_has_a_checkpoint() -> None:
    folders = [path.parent for path in (REPOSITORY / "submissions").glob("*/pretrain.py")]
    trained = {folder.name for folder in folders if read_declaration(folder).profiles}
    assert {"lovt", "mae"} <= trained
    assert {one.method for one in CHECKPOINTS} == trained
