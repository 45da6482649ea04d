"""Workers on several cards: each has one of its own, and never another's."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.pretended
READ = "import torch; print([torch.cuda.get_device_properties(i).uuid for i in range(torch.cuda.device_count())])"


def uuids(**environment):
    done = subprocess.run(
        [sys.executable, "-c", READ], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()
