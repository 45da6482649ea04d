"""Named random streams: what is drawn for one image never depends on what was drawn for another."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(seed: int, *key: str | int) -> np.random.Generator:
    """Return the generator of one named thing, for example `stream(7, "nih-cxr", 12, "noise")`."""
    digest = hashlib.sha256("/".join(str(part) for part in (seed, *key)).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def hex_name(seed: int, *key: str | int, length: int) -> str:
    """Return a hexadecimal name of `length` digits that depends on the seed and the key only."""
    digest = hashlib.sha512("/".join(str(part) for part in (seed, "name", *key)).encode()).hexdigest()
    return digest[:length]
