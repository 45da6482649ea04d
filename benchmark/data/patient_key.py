"""The key of the hashes that stand for patients: made once for a workspace, and never part of a store.

Without the key, a hash cannot be found by trying all identifiers: there are only some ten thousand of them. See
docs/decisions/018-patients-by-keyed-hash.md.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.disk.lock import hold
from lovt_bench.benchmark.disk.temporary import new_file
from lovt_bench.benchmark.disk.words import naming

FILE = "patients.key"
BYTES = 32
DIGITS = 16
"""Hexadecimal digits of a hash: two of a million patients share one with a chance below one in ten million."""


def patient_key(workspace: Path) -> bytes:
    """Return the key of a workspace; make it where there is none.

    Raises:
        DataError: The file holds something else.
        OSError: It cannot be read or written.
    """
    path = workspace / FILE
    with hold(workspace / f".lock-{FILE}", wait=True), naming(path):
        if not path.exists():
            with new_file(path, mode=0o600) as temporary:
                temporary.write_text(f"{secrets.token_hex(BYTES)}\n", encoding="ascii")
        with path.open("rb") as file:
            content = file.read(4 * BYTES).strip()
    if not re.fullmatch(rb"[0-9a-f]{%d}" % (2 * BYTES), content):
        raise DataError(
            f"{path}: expected {2 * BYTES} hexadecimal digits, found something else; put the file back, or remove it "
            "(a new key is made, and patients of stores that are prepared from then on get other hashes)"
        )
    return bytes.fromhex(content.decode())


def hashed(patient: str | None, key: bytes) -> str | None:
    """Return what a store keeps of the identifier of a patient; None where it is not known."""
    if patient is None:
        return None
    return hmac.new(key, patient.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:DIGITS]


def fingerprint(key: bytes) -> str:
    """Return what tells keys apart and gives none away."""
    return hashlib.sha256(b"patients.key " + key).hexdigest()[:DIGITS]
