"""Which epoch is best and when to stop (evaluation.md section 1.1). One rule for every way of training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


class BestEpoch:
    """Follows the monitored value of one run, mode max.

    The best epoch is the earliest with the largest value. Stopping counts epochs that do not exceed its own
    best by `min_delta`, so the two may differ by less than that.
    """

    def __init__(self, patience: int, min_delta: float) -> None:
        self.patience, self.min_delta = patience, min_delta
        self.best = -math.inf
        self.best_epoch: int | None = None
        self.stop = False
        self._reference = -math.inf
        self._waited = 0

    def state_dict(self) -> dict[str, Any]:
        """Return all that changes."""
        return {name: value for name, value in vars(self).items() if name not in ("patience", "min_delta")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        vars(self).update({name: state[name] for name in self.state_dict()})

    def update(self, epoch: int, value: float) -> bool:
        """Take the value of an epoch; return True if its weights are the best so far. Sets `stop`."""
        if not math.isfinite(value):
            self.stop = True
            return False
        if value - self.min_delta > self._reference:
            self._reference, self._waited = value, 0
        else:
            self._waited += 1
            self.stop = self._waited >= self.patience
        if value > self.best:
            self.best, self.best_epoch = value, epoch
            return True
        return False
