"""What stops a pre-training with a message for its user."""

from __future__ import annotations


class PretrainingError(ValueError):
    """Wrong settings, a corpus that does not fit, a checkpoint of another run, a loss that is not finite.

    The message says what was expected, what was found and what to do; no backbone is written.
    """


class SettingsError(PretrainingError):
    """A setting or its value is not one of the method's."""


class NonFiniteLossError(PretrainingError):
    """A loss became NaN or infinite."""
