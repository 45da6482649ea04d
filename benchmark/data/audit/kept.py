"""Hashes on disk: an audit that was cut off goes on, and a second one of the same files reads nothing again.

One SQLite file under the workspace. It holds hashes and digests of paths, no path and no image; lists of one audit live
in temporary tables, so that memory does not grow with the corpus.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lovt_bench.benchmark.data.audit.files import Picture
from lovt_bench.benchmark.data.audit.hashes import ALGORITHM, HASH_BYTES
from lovt_bench.benchmark.data.errors import DataError

BLOCK = 256
"""Hashes that are compared at a time."""

SURROGATES = "surrogateescape"
"""Names of files need not be UTF-8."""


class KeptHashes:
    """Hashes by key, and the pictures of the audit that runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.execute("CREATE TABLE IF NOT EXISTS hashes (key BLOB PRIMARY KEY, hash BLOB) WITHOUT ROWID")
        self._db.execute("CREATE TEMP TABLE seen (hash BLOB, name BLOB)")

    def get(self, key: bytes) -> bytes | None:
        """Return the hash of a key, None where it is not known."""
        found = self._db.execute("SELECT hash FROM hashes WHERE key = ?", (key,)).fetchone()
        return bytes(found[0]) if found and len(found[0]) in (0, HASH_BYTES) else None

    def add(self, hashed: Sequence[tuple[Picture, bytes]]) -> None:
        """Keep hashes of pictures that were read; nothing is lost once this returns."""
        rows = [(picture.key, value) for picture, value in hashed]
        self._db.executemany("INSERT OR REPLACE INTO hashes VALUES (?, ?)", rows)
        self._db.commit()

    def see(self, picture: Picture, value: bytes) -> None:
        """Count a picture in this audit."""
        name = picture.name.encode("utf-8", SURROGATES)
        self._db.execute("INSERT INTO seen VALUES (?, ?)", (value, name))

    def blocks(self) -> Iterator[tuple[list[bytes], list[str]]]:
        """Yield hashes and names of this audit in the order of the hashes, those without structure left out."""
        rows = self._db.execute("SELECT hash, name FROM seen WHERE length(hash) > 0 ORDER BY hash, name")
        while block := rows.fetchmany(BLOCK):
            yield (
                [bytes(value) for value, _ in block],
                [name.decode("utf-8", SURROGATES) for _, name in block],
            )

    def digest(self) -> str:
        """Return the SHA-256 of the sorted hashes of this audit."""
        digest = hashlib.sha256()
        for (value,) in self._db.execute("SELECT hash FROM seen WHERE length(hash) > 0 ORDER BY hash"):
            digest.update(value)
        return digest.hexdigest()


@contextmanager
def kept_hashes(folder: Path) -> Iterator[KeptHashes]:
    """Open the hashes kept in a folder, made where there is none.

    Raises:
        DataError: The file is damaged, the disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hashes-{ALGORITHM}.sqlite"
    connection = sqlite3.connect(path, timeout=60)
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        yield KeptHashes(connection)
        connection.commit()
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: {error}. It only keeps work: free some disk, or remove it and call again"
        ) from error
    finally:
        connection.close()
