"""Which texts of strangers may become links."""

from __future__ import annotations

from urllib.parse import urlsplit

_LIMIT = 2000


def web_address(text: str | None) -> str | None:
    """Return the text if it is a plain http or https address, else None: it is then shown as text."""
    if text is None or len(text) > _LIMIT or any(c.isspace() or ord(c) < 0x21 for c in text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else None
