"""What a pre-training depends on, as one digest: equal digests mean that there is nothing to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.backbone.weights import file_digest
from benchmark.contract.base import digest_of

CORPUS_FILES = ("phantom.json", "mimic-cxr-jpg_2-0-0/*.csv.gz")
"""Files that identify a corpus: the phantom's own manifest, and the tables of MIMIC-CXR-JPG."""


@dataclass(frozen=True)
class PretrainInputs:
    """Everything but the machine and the library versions."""

    method: str
    method_sha256: str
    """Digest of the submission's files."""
    seed: int
    settings: Mapping[str, str]
    corpus_sha256: str

    def digest(self) -> str:
        return digest_of({**self.__dict__, "settings": dict(self.settings)})


def files_digest(root: Path, patterns: tuple[str, ...]) -> str:
    """Return one digest of the names and contents of the files below `root` that match."""
    files = sorted({path for pattern in patterns for path in root.glob(pattern) if path.is_file()})
    return digest_of({path.relative_to(root).as_posix(): file_digest(path) for path in files})


def corpus_digest(root: Path) -> str:
    """Return the digest of a pre-training corpus; its tables stand for its images."""
    return files_digest(root, CORPUS_FILES)


def method_digest(folder: Path) -> str:
    """Return the digest of a method's code."""
    return files_digest(folder, ("**/*.py",))
