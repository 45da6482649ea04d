"""A YAML file from a stranger: nothing in it runs, explodes or is read two ways."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml, yaml_text

BOMB = "a: &a [x, x]\n" + "".join(f"b{i}: &b{i} [*{'a' if i == 0 else f'b{i - 1}'}, *a]\n" for i in range(30))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\na: 2\n", "key 'a' is given twice"),
        (b"outer: {a: 1, a: 2}\n", "key 'a' is given twice"),
        (b"a: !!python/object/apply:os.system ['true']\n", "line 1: .* tags are not read"),
        (BOMB.encode(), "aliases are not read"),
        (b"a: &x {b: 1}\nc:\n  <<: *x\n", "line 3: .* << means something else"),
        (b"1: one\n", "key 1 is not text"),
        (b"? [a, b]\n: 1\n", "is not text"),
        (b"yes: 1\n", "true or false to some readers"),
        (b"true: 1\n", "key True is not text"),
        (b"- a\n", "expected a mapping of fields, found list"),
        (b"", "expected a mapping of fields, found NoneType"),
        (b"a: [1\n", "not plain YAML"),
        (b"a: 1\n---\nb: 2\n", "not plain YAML"),
        (b"a: \xff\n", "not UTF-8"),
        (b"a: " + b"x" * 70_000, "larger than 65536 bytes"),
        (b"a: " + b"[" * 20_000, "more than 32 levels"),
        (b"a: 1\nb: " + b"{c: " * 40 + b"}" * 40, "line 2: .* more than 32 levels"),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else None,
)
def test_what_is_not_plain_data_is_refused_with_the_file_named(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    with pytest.raises(StrictYamlError, match=message) as caught:
        read_yaml(path)
    assert "file.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2020-01-01", "is a date to YAML: quote it"),
        ("2001-12-14t21:59:43.10-05:00", "is a date"),
        ("!!binary aGk=", "tag tag:yaml.org,2002:binary"),
        ("!!set {x}", "tag tag:yaml.org,2002:set"),
        ("!!float 1", "tag tag:yaml.org,2002:float"),
        ("! 1", "tag !"),
        *(
            (text, "no number of JSON")
            for text in (".nan", ".inf", "-.INF", "0o17", "017", "0x1F", "0b1", "1_000")
        ),
        *((text, "no number of JSON") for text in ("1:30", "190:20:30.15", "+1", ".5", "5.", "1.e4")),
        ("1e999", "too large for a number"),
        ("-1e999", "too large for a number"),
        ("9007199254740993", "too large for a number"),
        ("9" * 5000, "too large for a number"),
        ("No", "true or false to some readers"),
        ("on", "true or false to some readers"),
        ("=", "means something else to YAML"),
        (r'"\ud800"', "is no character"),
    ],
)
def test_what_json_lacks_or_readers_take_differently_is_named_with_its_line(
    tmp_path: Path, value: str, message: str
) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(f"first: 1\nsettings: {{deep: [{value}]}}\n")
    with pytest.raises(StrictYamlError, match=f"file.yaml, line 2: .*{message}"):
        read_yaml(path)
    path.write_text(f"first: 1\n? {value}\n: 1\n")
    with pytest.raises(StrictYamlError, match="line 2"):
        read_yaml(path)


def numbers_and_texts() -> st.SearchStrategy[object]:
    # Half surrogates are no text, and YAML has no way to write some control characters but in quotes.
    texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
        ["1e-4", "0o17", "no", "2020-01-01", ".nan", "~", "null", "1_0", "=", "<<", "- a", "a: b", "#", "NaN"]
    )
    leaves = (
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | texts
    )
    return st.recursive(
        leaves.filter(lambda value: value not in (float("inf"), float("-inf"))),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    )


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text("abc", min_size=1), numbers_and_texts(), max_size=3))
def test_what_is_written_is_what_is_read_and_json_can_say_it(tmp_path: Path, value: dict) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(yaml_text(value), encoding="utf-8", newline="")
    assert read_yaml(path) == value
    assert json.loads(json.dumps(read_yaml(path), allow_nan=False)) == value


def test_a_number_is_one_where_json_has_it(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: 1e-4\nb: -0.5E3\nc: '1e-4'\nd: [0, true, null, ~, NaN, v1.2, 5 epochs]\n")
    assert read_yaml(path) == {
        "a": 1e-4,
        "b": -500.0,
        "c": "1e-4",
        "d": [0, True, None, None, "NaN", "v1.2", "5 epochs"],
    }


def test_a_message_is_one_line_that_cannot_turn_the_text_of_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: {\u202eb: [\n", encoding="utf-8")
    with pytest.raises(StrictYamlError) as caught:
        read_yaml(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("follow", [False, True])
def test_a_pipe_is_not_waited_for(tmp_path: Path, follow: bool) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StrictYamlError, match="is no plain file"):
        read_yaml(tmp_path / "pipe", follow=follow)


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
