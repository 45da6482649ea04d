"""Golden files whose subject is not built yet."""

PENDING: dict[str, str] = {}
"""Start of a file's stem, and why it has no check. The command counts such files as failed."""


def is_pending(stem: str) -> bool:
    """Return whether a file is known to have no check yet."""
    return any(stem.startswith(start) for start in PENDING)
