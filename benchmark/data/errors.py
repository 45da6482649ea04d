"""What can be wrong with raw data. Every message names the file, and the row where there is one."""

from __future__ import annotations


class DataError(Exception):
    """Raw data, split files or a store are not as expected; the message says where, what, and what to do."""


class BadImageError(DataError):
    """One image cannot be used; `--skip-bad` leaves such images out."""
