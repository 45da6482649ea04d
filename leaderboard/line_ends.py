"""Text files of this repository as they were written: a clone, an archive or an editor may have turned line ends."""

from __future__ import annotations

import hashlib
from importlib.resources.abc import Traversable


def source_bytes(path: Traversable) -> bytes:
    """Return the bytes of a text file with line feeds, on which digests and built pages rest."""
    return path.read_bytes().replace(b"\r\n", b"\n")


def as_written(content: bytes, sha256: str) -> bytes:
    """Return a file's content with line feeds where that is what the digest vouches for, else as it is."""
    if b"\r\n" not in content or hashlib.sha256(content).hexdigest() == sha256:
        return content
    turned = content.replace(b"\r\n", b"\n")
    return turned if hashlib.sha256(turned).hexdigest() == sha256 else content
