"""The README names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from lovt_bench.tasks.profile import profile_names

README = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_profile_has_a_line() -> None:
    table = README.partition("| profile |")[2].partition("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == profile_names()
