"""lightly is imported in one place, which keeps it from asking a server for its newest version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lovt_bench.submissions.common import declaration

METHODS = Path(declaration.__file__).parents[1]

WATCH = """
import importlib, os, threading
import torchvision, timm  # Their own threads are not asked about.

started = []
threading.Thread.start = lambda thread: started.append(thread.name)
from lovt_bench.submissions.common import lightly_parts
ours = len(started)
import lightly
os.environ["LIGHTLY_DID_VERSION_CHECK"] = "False"
importlib.reload(lightly)
print(ours, len(started))
"""


@pytest.mark.slow
def test_nobody_is_asked_for_the_newest_version():
    """The asking is done by a thread; without the variable that is set, lightly starts it."""
    environment = {key: value for key, value in os.environ.items() if key != "LIGHTLY_DID_VERSION_CHECK"}
    found = subprocess.run([sys.executable, "-c", WATCH], env=environment, capture_output=True, text=True)
    assert found.stdout.split() == ["0", "1"], found.stderr


def test_methods_import_lightly_from_there_alone():
    found = {
        path.name
        for path in METHODS.rglob("*.py")
        if re.search(r"^\s*(import|from) lightly\b", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert found == {"lightly_parts.py"}
