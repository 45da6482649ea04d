"""Claimed results: the unit is never guessed, and nothing odd is taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.claims import ClaimsError, parse_claims, read_claims

TASKS = ["rsna_frozen_1", "covid_linear", "nih_seg_linear"]


def test_percent_and_fraction_are_the_same_claim() -> None:
    percent = parse_claims("task,percent,interval95\ncovid_linear,46.3,0.2\nrsna_frozen_1, 12 ,\n", TASKS)
    fraction = parse_claims("Task,Fraction,interval95\nrsna_frozen_1,.12,\n".replace(",.12", ",0.12"), TASKS)
    assert list(percent) == ["rsna_frozen_1", "covid_linear"]
    assert (percent["covid_linear"].value, percent["covid_linear"].interval95) == (0.463, 0.002)
    assert percent["rsna_frozen_1"] == fraction["rsna_frozen_1"]
    assert percent["rsna_frozen_1"].interval95 is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task,value\ncovid_linear,46.3\n", "line 1: .* a column called value does not say its unit"),
        ("covid_linear,46.3\n", "expected the columns task,percent or task,fraction"),
        ("task,percent\ncovid_lineer,46.3\n", r"line 2: no task 'covid_lineer'; did you mean covid_linear\?"),
        ("task,percent\ncovid_linear,1\ncovid_linear,2\n", "line 3: task covid_linear is there already"),
        ("task,percent\ncovid_linear,NaN\n", "percent is 'NaN', expected a plain number from 0 to 100"),
        ("task,percent\ncovid_linear,inf\n", "expected a plain number"),
        ("task,percent\ncovid_linear,1_0\n", "expected a plain number"),
        ("task,percent\ncovid_linear,=1+1\n", "expected a plain number"),
        ("task,percent\ncovid_linear,101\n", "from 0 to 100"),
        ("task,percent\ncovid_linear,-1\n", "from 0 to 100"),
        ("task,fraction\ncovid_linear,46.3\n", "from 0 to 1; is the unit percent"),
        ("task,percent,interval95\ncovid_linear,40,-2\n", "interval95 is '-2'"),
        ("task,percent\ncovid_linear,40,2\n", "3 fields, expected 2"),
        ('task,percent\n"covid_linear,40\n', "not CSV"),
        ("task,percent\n\x1b[2Jx,40\n", "no task 'x'"),
        (
            "task,percent\ncovid_linear\u202e,4\n",
            "'covid_linear' and characters that cannot be seen; did you",
        ),
        ("task,percent\ncovid_linear,1e400\n", "from 0 to 100"),
        ("task,percent\ncovid_linear,true\n", "percent is 'true'"),
        ("task,percent\ncovid_linear,１２\n", "expected a plain number"),
        ("task,percent\ncovid_linear,0x10\n", "expected a plain number"),
        ("task,percent\ncovid_linear,1e308\n", "expected a plain number"),
        ("task,fraction,interval95\ncovid_linear,0.4,1e300\n", "interval95 is '1e300'"),
        (
            "task,percent\ncovid_linear,0.165\n",
            "no number reaches 1 .the largest is 0.165.; are they fractions",
        ),
        ("task,percent\ncovid_linear,0.165\nnih_seg_linear,0.01\n", "are they fractions"),
        ("task,percent\n", "claims nothing"),
        ("", "claims nothing"),
        ("a\0b", "NUL"),
    ],
)
def test_odd_claims_are_refused_with_line_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ClaimsError, match=message) as caught:
        parse_claims(text, TASKS)
    assert "\x1b" not in str(caught.value)


def test_one_small_result_among_others_is_a_result() -> None:
    """The smallest published one is 0.5 %; alone it is stated as a fraction."""
    found = parse_claims("task,percent\ncovid_linear,16.5\nnih_seg_linear,0.5\n", TASKS)
    assert found["nih_seg_linear"].value == 0.005
    assert parse_claims("task,fraction\nnih_seg_linear,0.005\n", TASKS)["nih_seg_linear"].value == 0.005
    assert parse_claims("task,percent\nnih_seg_linear,0\n", TASKS)["nih_seg_linear"].value == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"task,percent\n" + b"\n" * 70000, "larger than 65536"), (b"task,percent\n\xff,1\n", "not UTF-8")],
)
def test_files_are_bounded_text(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes(content)
    with pytest.raises(ClaimsError, match=message):
        read_claims(path, TASKS)
    with pytest.raises(ClaimsError, match="cannot be read"):
        read_claims(tmp_path / "absent.csv", TASKS)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ClaimsError, match="is no plain file"):
        read_claims(tmp_path / "pipe.csv", TASKS)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "results.csv"
    path.write_bytes("\ufefftask,percent\r\ncovid_linear,40\r\n".encode())
    assert read_claims(path, TASKS)["covid_linear"].value == 0.4


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_way_to_end_a_line_is_read(end: str) -> None:
    found = parse_claims(f"task,percent{end}covid_linear,40{end}rsna_frozen_1,-0{end}", TASKS)
    assert {task: str(number.value) for task, number in found.items()} == {
        "rsna_frozen_1": "0.0",
        "covid_linear": "0.4",
    }
