"""Timing on machines that do other things too: everything that is compared is measured in turns, the least counts.

Imports no torch: processes that measure bare decoding start as those of the preparation do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def seconds_of(function: Callable[[], object], wait: Callable[[], None] = lambda: None) -> float:
    """Return the seconds of one call; `wait` waits for a device."""
    wait()
    start = time.perf_counter()
    function()
    wait()
    return time.perf_counter() - start


def paired(
    functions: Mapping[str, Callable[[], object]], rounds: int, wait: Callable[[], None] = lambda: None
) -> dict[str, float]:
    """Return the least seconds of each function over `rounds` turns; each is called once before."""
    for function in functions.values():
        function()
    best = dict.fromkeys(functions, float("inf"))
    for turn in range(rounds):
        names = list(functions) if turn % 2 == 0 else list(functions)[::-1]
        for name in names:
            best[name] = min(best[name], seconds_of(functions[name], wait))
    return best
