"""`python -m tests.gpu.pretended -m MODULE [ARGUMENTS...]`, or a script: see the package."""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path

from tests.gpu.pretended.shim import begin_anew


def main() -> None:
    site = str(Path(__file__).with_name("site"))
    root = str(Path(__file__).resolve().parents[3])
    path = [
        part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part not in ("", site, root)
    ]
    os.environ["PYTHONPATH"] = os.pathsep.join([site, root, *path])
    begin_anew([sys.executable, "-m", "tests.gpu.pretended", *sys.argv[1:]])
    arguments = sys.argv[1:]
    if arguments[:1] == ["-m"]:
        sys.argv = arguments[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
