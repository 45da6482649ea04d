"""From a scaffold to a row: rehearsed, killed, mended, resumed, evaluated, ranked; outside and in the repository."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from tests.conftest import REPOSITORY
from tests.journey.method import inside, write_method
from tests.journey.steps import TASKS, User, small_world
from tests.submissions.tiny_corpus import write_corpus

pytestmark = pytest.mark.slow

LAST_LINE = 'tell("done")'
BUG = 'tell("done")\nraise RuntimeError("a mistake in the last line")'


DECLARED = "module: submissions.denoiser.pretrain\n"


@pytest.fixture
def user(tmp_path: Path) -> User:
    """Somebody whose method lies in the repository and runs as a process."""
    small_world(tmp_path / "workspace")
    folder = tmp_path / "here"
    folder.mkdir()
    return User(folder, tmp_path / "workspace", "process", inside(REPOSITORY, folder))


def test_a_method_becomes_a_row(user: User) -> None:
    """In the repository as a process; docs/methods.md goes the way of a method outside, in containers."""
    methods = user.folder / "submissions"

    # A scaffold is complete as it is.
    code, said = user.lovt_bench("submission", "new", "fresh", "--into", str(methods))
    assert code == 0, said
    code, said = user.lovt_bench("submission", "check", str(methods / "fresh"))
    assert code == 0, said

    # The user's own method has a mistake in its last line.
    folder = write_method(methods, mend=(LAST_LINE, BUG), declared=DECLARED)
    code, said = user.lovt_bench("submission", "check", str(folder))
    assert code == 0, said
    code, said = user.lovt_bench(*user.pretraining("denoiser", "--rehearse", "--set", "epochs=10"))
    assert code == 1, said
    assert "a mistake in the last line" in said
    assert not list((user.workspace / "backbones").glob("[!.]*"))

    # It is trained all the same, the machine goes down, and it goes on up to the mistake.
    training = ["denoiser", "--set", "epochs=10", "--name", "mine"]
    user.killed("mine", *training)
    code, said = user.lovt_bench(*user.pretraining(*training))
    assert code == 1, said
    assert "--resume goes on" in said
    code, said = user.lovt_bench(*user.pretraining(*training, "--resume"))
    assert code == 1, said
    assert "a mistake in the last line" in said
    assert "--accept-changes" in said

    # Mended, it goes on from its checkpoint, and the record says what it was begun with.
    write_method(methods, declared=DECLARED)
    code, said = user.lovt_bench(*user.pretraining(*training, "--resume"))
    assert code == 1, said
    assert re.search("code", said), said
    code, said = user.lovt_bench(*user.pretraining(*training, "--resume", "--accept-changes"))
    assert code == 0, said
    made = read_manifest(user.workspace / "backbones" / "mine").provenance
    corpus = CorpusManifest.model_validate_json(
        (user.workspace / "corpora" / "tiny" / "corpus.json").read_bytes()
    )
    assert len(made.begun_with) == 1
    assert made.begun_with[0] != made.inputs_sha256
    assert (made.seed, made.profile, made.fraction, made.supervision) == (12345, "paper", 1.0, "self")
    assert made.hyperparameters == {"epochs": 10}
    assert made.pretraining_data == [corpus.display_name]
    assert made.corpus_sha256 == corpus.identity()

    # Other settings never take its place.
    code, said = user.lovt_bench(*user.pretraining("denoiser", "--set", "epochs=1", "--name", "mine"))
    assert code == 1, said
    assert re.search(r"epochs.*10", said), said

    # Four tasks and a board.
    code, said = user.lovt_bench("evaluate", "mine", "--profile", "quick", "--tasks", ",".join(TASKS))
    assert code == 0, said
    code, said = user.lovt_bench("leaderboard", "build", "--out", str(user.folder / "versions"))
    assert code == 0, said
    page = (user.folder / "versions" / "dev" / "leaderboard.md").read_text(encoding="utf-8")
    assert "Denoising autoencoder" in page, page


def test_a_container_method_of_the_repository_is_built_from_its_own_folder_and_mended(
    base_image: str, tmp_path: Path
) -> None:
    write_corpus(tmp_path / "workspace" / "corpora" / "tiny", train=16, side=64)
    user = User(tmp_path, tmp_path / "workspace", "docker", inside(REPOSITORY, tmp_path))
    write_method(tmp_path / "submissions", mend=(LAST_LINE, BUG))
    code, said = user.lovt_bench("submission", "check", "denoiser")
    assert code == 0, said
    training = user.pretraining("denoiser", "--set", "epochs=1")
    code, said = user.lovt_bench(*training)
    assert code == 1, said
    assert "a mistake in the last line" in said

    # Its image is another one now; the checkpoint that the first container left is not trained again.
    write_method(tmp_path / "submissions")
    code, said = user.lovt_bench(*training, "--resume", "--accept-changes")
    assert code == 0, said
    made = read_manifest(user.workspace / "backbones" / "denoiser-epochs-1").provenance
    assert made.image_digest is not None
    assert made.pretraining_data == ["tiny corpus"]
    assert len(made.begun_with) == 1
    assert made.begun_with[0] != made.inputs_sha256
