"""A YAML file from a stranger: nothing in it runs, explodes or is read two ways."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmark.contract.strict_yaml import StrictYamlError, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}, *a]\n" for i in range(30))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\na: 2\n", "key 'a' is given twice"),
        (b"outer: {a: 1, a: 2}\n", "key 'a' is given twice"),
        (b"a: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        (BOMB.encode(), "aliases are not read"),
        (b"a: &x {b: 1}\nc:\n  <<: *x\n", "aliases are not read"),
        (b"1: one\n", "key 1 is not text"),
        (b"? [a, b]\n: 1\n", "is not text"),
        (b"yes: 1\n", "key True is not text"),
        (b"- a\n", "expected a mapping of fields, found list"),
        (b"", "expected a mapping of fields, found NoneType"),
        (b"a: [1\n", "not plain YAML"),
        (b"a: 1\n---\nb: 2\n", "not plain YAML"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: " + b"x" * 70_000, "larger than 65536 bytes"),
        (b"a: " + b"[" * 20_000, "not plain YAML"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else None,
)
def test_what_is_not_plain_data_is_refused_with_the_file_named(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    with pytest.raises(StrictYamlError, match=message) as caught:
        read_yaml(path)
    assert "file.yaml" in str(caught.value)


def test_a_missing_file_is_a_missing_file(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        read_yaml(tmp_path / "none.yaml")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
def test_any_bytes_give_a_mapping_or_the_one_error(tmp_path: Path, content: bytes):
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    try:
        value = read_yaml(path)
    except StrictYamlError:
        return
    assert all(isinstance(key, str) for key in value)
