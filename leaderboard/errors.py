"""What stops a build: the message says what was expected, what was found and what to do."""

from __future__ import annotations


class LeaderboardError(ValueError):
    """An input that a leaderboard cannot be built from, or an output folder that must not be written."""
