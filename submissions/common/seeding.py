"""Randomness as a function of (seed, place): a run that was cut off draws what the unbroken one would have drawn.

Nothing depends on the number of loader workers or on what was drawn before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

SAMPLE, STEP, ORDER, MIX = 1, 2, 3, 4
"""What a stream of random numbers is for; streams of different purposes never coincide."""


def derived_seed(*keys: int) -> int:
    """Return a 63-bit seed that depends on all keys and their order."""
    first, second = np.random.SeedSequence(keys).generate_state(2, np.uint32)
    return int(first) << 31 ^ int(second)


@contextmanager
def seeded(*keys: int) -> Iterator[None]:
    """Seed torch's CPU generator for the block; its state before is there again after."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(derived_seed(*keys))
        yield


def permutation(count: int, *keys: int) -> np.ndarray:
    """Return (count,) int64, a permutation of 0 … count - 1 that depends on the keys."""
    return np.random.Generator(np.random.PCG64(derived_seed(*keys))).permutation(count)
