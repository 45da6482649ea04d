"""Which configuration a variant's name or a fraction means."""

from __future__ import annotations

from pathlib import Path

import pytest

from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.submissions.common.declaration import choose, profile_settings, read_declaration
from lovt_bench.submissions.common.errors import SettingsError
from tests.submissions import toy

FOLDER = Path(toy.__path__[0])


@pytest.fixture
def submission() -> Submission:
    return read_declaration(FOLDER)


@pytest.mark.parametrize(
    ("variant", "fraction", "found", "used"),
    [
        (None, None, "100", 1.0),
        (None, 1.0, "100", 1.0),
        (None, 0.3, "30", 0.3),
        ("30", None, "30", 0.3),
        (None, 0.05, "100", 0.05),
        ("slow", None, "slow", 1.0),
        ("slow", 0.3, "slow", 0.3),
        ("30", 1.0, "30", 1.0),
    ],
)
def test_choice(
    submission: Submission, variant: str | None, fraction: float | None, found: str, used: float
) -> None:
    choice = choose(submission, variant, fraction)
    assert (choice.variant, choice.fraction) == (found, used)


def test_unknown_names_are_answered_with_the_known_ones(submission: Submission) -> None:
    with pytest.raises(SettingsError, match="no variant 'fast'; there: 100, 30, slow"):
        choose(submission, "fast")
    with pytest.raises(SettingsError, match="no profile 'tiny'; there: paper, demo"):
        profile_settings(submission, "tiny")


def test_missing_and_wrong_declarations(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"holds no submission\.yaml"):
        read_declaration(tmp_path)
    (tmp_path / "submission.yaml").write_text("name: a\nvariants: {'BAD NAME': {}}\n")
    with pytest.raises(SettingsError, match=r"variants\.BAD NAME"):
        read_declaration(tmp_path)
