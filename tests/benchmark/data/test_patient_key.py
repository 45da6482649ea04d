"""The key of a workspace: made once, readable by its owner alone, and needed to find a patient by a hash."""

from __future__ import annotations

import hashlib
import hmac
import threading
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.patient_key import fingerprint, hashed, patient_key


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    keys: list[bytes] = []
    threads = [threading.Thread(target=lambda: keys.append(patient_key(tmp_path))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(set(keys)), len(keys), len(keys[0])) == (1, 4, 32)
    assert (tmp_path / "patients.key").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["patients.key"]
    assert patient_key(tmp_path / "other") != keys[0]


@pytest.mark.parametrize("content", [b"", b"secret", b"ab" * 31, b"AB" * 32, b"ab" * 500, b"\xff" * 64])
def test_a_file_that_holds_something_else_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "patients.key").write_bytes(content)
    with pytest.raises(
        DataError, match=r"patients\.key: expected 64 hexadecimal digits.* remove it"
    ) as caught:
        patient_key(tmp_path)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "patients.key").read_bytes() == content


def test_a_hash_needs_the_key() -> None:
    one, other = b"1" * 32, b"2" * 32
    mine = hashed("nih-cxr:00000506", one)
    assert mine == hmac.digest(one, b"nih-cxr:00000506", "sha256").hex()[:16]
    assert mine != hashed("nih-cxr:00000506", other)
    tried = {hashlib.sha256(f"nih-cxr:{number:08d}".encode()).hexdigest()[:16] for number in range(1000)}
    assert mine not in tried
    assert hashed(None, one) is None
    assert hashed("broken \ud800 text", one)
    assert one.hex()[:16] not in fingerprint(one) != fingerprint(other)
