"""`make gpu`'s page: what each part printed is kept, whether it passed, failed, or was stopped by time."""

from __future__ import annotations

import os
import sys

import torch
from click.testing import CliRunner

from tests.gpu.report import Part, main, page, ran


def test_each_part_is_kept_however_it_ended():
    scripts = {
        "Good": "print('fine')",
        "Bad": "import sys; print('words'); sys.exit(3)",
        "Slow": "import time; print('begun', flush=True); time.sleep(60)",
    }
    parts = [Part(title, [sys.executable, "-c", code], 5) for title, code in scripts.items()]
    outcomes = [ran(part, os.environ) for part in parts]
    assert [each.code for each in outcomes] == [0, 3, None]
    said = page(outcomes, torch.device("cpu"), "2026-01-01")
    for words in ("| Good | passed in", "| Bad | failed with exit code 3", "| Slow | stopped after 5 s |"):
        assert words in said
    for printed in ("fine", "words", "begun"):
        assert f"~~~text\n{printed}\n~~~" in said
    assert f"- torch: {torch.__version__}" in said


def test_without_a_gpu_it_says_where_to_look(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    done = CliRunner().invoke(main, [str(tmp_path / "page.md")])
    assert done.exit_code == 1
    assert "lovt-bench doctor" in done.output
    assert not (tmp_path / "page.md").exists()
