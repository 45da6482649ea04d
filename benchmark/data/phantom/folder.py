"""A folder that a phantom is written to, which knows the digest of everything it was given."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.disk.digest import DigestedFile
from lovt_bench.benchmark.disk.words import naming


class PhantomFolder:
    """Files below a folder.

    Attributes:
        digests: SHA-256 of what was meant to be written, by path with forward slashes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests: dict[str, str] = {}

    def write(self, name: str, content: bytes) -> None:
        """Write one file; folders above it are made."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with naming(path), DigestedFile(path) as file:
            file.write(content)
        self.digests[name] = file.sha256
