"""The harness as a user of this machine who is not root: a process that runs scripts as submissions.

`python -m tests.containers.other_user IMAGE WORKSPACE` reads scripts as a JSON list and writes what came of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from tests.containers.attacks import NAME, Suspect
from tests.containers.images import REPOSITORY

USER = 1000
MOUNTED = """
set -e
mkdir repository python packages && touch socket
mount --bind "$1" repository
mount --bind "$2" python
mount --bind "$3" packages
mount --bind "$4" socket
exec setpriv --reuid="$5" --regid="$5" --groups="$(stat -c %g socket)" \\
  "python/bin/$6" -m tests.containers.other_user "$7" "$PWD/workspace"
"""
"""Repository, Python and socket may lie where only root gets: they are mounted in a folder that is open."""


@dataclass(frozen=True)
class Outcome:
    """What came of one script."""

    verdict: str
    message: str
    log: str
    left: list[str]
    """What is left of its output."""


def run_as_other(image: str, folder: Path, scripts: list[dict[str, Any]]) -> list[Outcome]:
    """Run scripts with the harness as user 1000 of this machine; the caller is root.

    Args:
        image: Runs the shell script in the variable ATTACK.
        folder: Made here; every folder above it is open to others.
        scripts: Arguments of `Suspect` for each.
    """
    folder.mkdir()
    (folder / "workspace").mkdir()
    os.chown(folder / "workspace", USER, USER)
    socket = os.environ["DOCKER_HOST"].removeprefix("unix://")
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", MOUNTED, "sh"]
    python = Path(sys.executable).resolve()
    packages = sysconfig.get_paths()["purelib"]
    command += [str(REPOSITORY), str(python.parents[1]), packages, socket, str(USER), python.name, image]
    done = subprocess.run(
        command,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{folder / 'repository'}:{folder / 'packages'}",
            "DOCKER_HOST": f"unix://{folder / 'socket'}",
            "OMP_NUM_THREADS": "1",
            "HOME": str(folder / "workspace"),
        },
        input=json.dumps(scripts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [Outcome(**each) for each in json.loads(done.stdout.splitlines()[-1])]


def main(image: str, workspace: str) -> None:
    suspect = Suspect(docker.from_env(), image, Path(workspace))
    found = []
    for given in json.load(sys.stdin):
        files = {name: Path(path) for name, path in given.pop("files", {}).items()}
        after = suspect(**given, files=files)
        output = suspect.workspace / "pretraining" / NAME
        left = sorted(path.name for path in output.iterdir()) if output.exists() else []
        found.append(
            {"verdict": after.verdict.value, "message": after.message, "log": after.log, "left": left}
        )
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
