"""Lets a process that `python -m tests.gpu.pretended` started, and each one below it, see the pretended cards.

The driver is installed when torch is imported, so that a process without torch stays as quick as it was.
"""

import importlib.abc
import importlib.util
import os
import sys
from typing import Any


class _AfterTorch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "torch":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec("torch")
        assert spec is not None
        loader: Any = spec.loader
        plain = loader.exec_module

        def exec_module(module):
            plain(module)
            from tests.gpu.pretended.driver import install

            install()

        loader.exec_module = exec_module
        return spec


if "lovt-bench-pretended" in os.environ.get("LD_PRELOAD", ""):
    sys.meta_path.insert(0, _AfterTorch())
