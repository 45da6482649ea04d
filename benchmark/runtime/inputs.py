"""What a pre-training depends on, as one digest: equal digests mean that there is nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.manifest_files import read_corpus_manifest
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.disk.intact import damage, listed
from lovt_bench.benchmark.submission.docker_context import BYTES_LIMIT
from lovt_bench.benchmark.submission.read import SubmissionError

FILES_LIMIT = 10_000
IN_IMAGE = " in "


@dataclass(frozen=True)
class PretrainInputs:
    """Everything but the machine and the library versions."""

    method: str
    method_sha256: str
    """Digest of the submission's files, its recipe among them, and of those that submissions share, then `IN_IMAGE`
    and the image that the user named, if any."""
    seed: int
    variant: str | None
    fraction: float
    profile: str
    settings: Mapping[str, str]
    corpus_sha256: str | None
    pretraining_data: tuple[str, ...] = ()
    """What the user declares of weights that the method starts from."""
    initial_sha256: str | None = None
    """Identity of the backbone of the workspace that the method starts from."""

    @property
    def code(self) -> str:
        """Digest of the files alone."""
        return self.method_sha256.partition(IN_IMAGE)[0]

    @property
    def image(self) -> str | None:
        """What `--image` named; None where the image is built of the files."""
        return self.method_sha256.partition(IN_IMAGE)[2] or None

    def digest(self) -> str:
        values = {**self.__dict__, "settings": dict(self.settings)}
        if not self.pretraining_data:
            del values["pretraining_data"]  # so that digests of before stay what they are
        if self.initial_sha256 is None:
            del values["initial_sha256"]
        return digest_of(values)


def differences(old: PretrainInputs, new: PretrainInputs) -> list[str]:
    """Name each input of a run that is not what it was, with both values; empty where all are equal."""
    was, now = _values(old), _values(new)
    return [
        f"{name} was {_shown(was.get(name))}, is {_shown(now.get(name))}"
        for name in {**was, **now}
        if was.get(name) != now.get(name)
    ]


def _values(inputs: PretrainInputs) -> dict[str, str | None]:
    return {
        "method": inputs.method,
        "code": inputs.code[:12],
        "image": inputs.image,
        "variant": inputs.variant,
        "fraction": str(inputs.fraction),
        "profile": inputs.profile,
        "seed": str(inputs.seed),
        "corpus": None if inputs.corpus_sha256 is None else inputs.corpus_sha256[:12],
        "pre-training data": ", ".join(inputs.pretraining_data) or None,
        "initial weights": None if inputs.initial_sha256 is None else inputs.initial_sha256[:12],
        **{f"setting {key}": value for key, value in sorted(inputs.settings.items())},
    }


def _shown(value: str | None) -> str:
    return "not given" if value is None else clean_text(value, 60) or "empty"


def files_digest(root: Path, patterns: tuple[str, ...]) -> str:
    """Return one digest of the names and contents of the files below `root` that match."""
    files = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    return digest_of({path.relative_to(root).as_posix(): file_sha256(path) for path in files})


def read_corpus(root: Path) -> CorpusManifest:
    """Return the manifest of a prepared corpus.

    Raises:
        SubmissionError: There is no corpus, or its manifest is not what the contract says.
    """
    try:
        return read_corpus_manifest(root)
    except ModelFileError as error:
        raise SubmissionError(str(error)) from error


def check_corpus(root: Path, manifest: CorpusManifest) -> None:
    """Hold the files of a corpus against their digests: whoever trains on it records `manifest.identity()`.

    Raises:
        SubmissionError: A file is not what it was when the corpus was made.
    """
    if problems := damage(root, manifest.files):
        raise SubmissionError(
            f"corpus {root} is damaged: {listed(problems)}. `lovt-bench corpus verify` says all that is wrong; make it "
            "again with: lovt-bench corpus prepare … --force"
        )


def folder_digest(folder: Path) -> str:
    """Return the digest of everything that a submission's image is built from: its folder, less its page.

    Links are named, not followed.

    Raises:
        SubmissionError: There are too many files for a recipe, or they are too large.
    """
    found: dict[str, str] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        name = _as_text(inside)
        if name == "README.md" or "__pycache__" in inside.parts:
            continue
        if path.is_symlink():
            found[name] = f"link to {_as_text(path.readlink())}"
        elif path.is_file():
            total += path.stat().st_size
            found[name] = file_sha256(path) if total <= BYTES_LIMIT else ""
        if len(found) > FILES_LIMIT or total > BYTES_LIMIT:
            raise SubmissionError(
                f"{folder} holds more than {FILES_LIMIT} files or {BYTES_LIMIT >> 30} GiB; expected a recipe and code"
            )
    return digest_of(found)


def _as_text(path: Path) -> str:
    """Return a path that need not be UTF-8 as text that is."""
    return path.as_posix().encode("utf-8", "backslashreplace").decode()


def method_digest(submissions: Path, name: str) -> str:
    """Return the digest of a method's folder, and of the code that this repository's methods share.

    Raises:
        SubmissionError: See `folder_digest`.
    """
    return digest_of([folder_digest(submissions / name), files_digest(submissions, ("common/**/*.py",))])
