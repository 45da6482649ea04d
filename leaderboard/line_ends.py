"""Text files of this repository as they were written: a clone, an archive or an editor may have turned line ends."""

from __future__ import annotations

from importlib.resources.abc import Traversable


def source_bytes(path: Traversable) -> bytes:
    """Return the bytes of a text file with line feeds, on which digests and built pages rest."""
    return path.read_bytes().replace(b"\r\n", b"\n")
