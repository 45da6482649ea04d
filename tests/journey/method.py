"""The method of the journey: a denoising autoencoder that a stranger wrote, outside the repository and inside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CODE = Path(__file__).parent / "denoiser" / "pretrain.py"

DECLARATION = """\
name: {name}
display_name: Denoising autoencoder
description: Learns to take noise off an image.
supervision: self
corpus: images
pretraining_data: [none]
licence: MIT
variants:
  "100": {{fraction: 1.0}}
  half: {{fraction: 0.5}}
profiles:
  demo: {{epochs: 1}}
"""

DOCKERFILE = """\
ARG BASE_IMAGE=lovt-bench-base
FROM ${{BASE_IMAGE}}
COPY submission.yaml pretrain.py {place}/
ENV PYTHONPATH=/opt/lovt-bench
USER 1000:1000
ENTRYPOINT ["python", "{place}/pretrain.py"]
"""


def write_method(
    submissions: Path, name: str = "denoiser", *, mend: tuple[str, str] = ("", ""), declared: str = ""
) -> Path:
    """Write the method's folder, in place of an older one, and return it.

    Args:
        submissions: The folder to write it into.
        name: Name of the method and its folder, a name of a Python module where it is to run as a process.
        mend: A text of the code and what stands in its place: how a mistake comes in, or goes.
        declared: Further lines of `submission.yaml`.

    Raises:
        ValueError: The text to replace is not in the code.
    """
    folder = submissions / name
    folder.mkdir(parents=True, exist_ok=True)
    code = CODE.read_text(encoding="utf-8")
    if mend[0] not in code:
        raise ValueError(f"{mend[0]!r} is not in {CODE}")
    (folder / "pretrain.py").write_text(code.replace(*mend, 1) if mend[0] else code, encoding="utf-8")
    (folder / "submission.yaml").write_text(DECLARATION.format(name=name) + declared, encoding="utf-8")
    (folder / "Dockerfile").write_text(DOCKERFILE.format(place=f"/opt/{name}"), encoding="utf-8")
    (folder / "README.md").write_text(f"# {name}\n\nA denoising autoencoder.\n", encoding="utf-8")
    return folder


def inside(repository: Path, place: Path, name: str = "denoiser") -> dict[str, str]:
    """Write the method into a copy of the repository's submissions, and return the environment that finds them there.

    Args:
        repository: Root of the repository.
        place: An empty folder; `submissions` is written into it.
        name: Name of the method.
    """
    copied = place / "submissions"
    shutil.copytree(repository / "submissions", copied, ignore=shutil.ignore_patterns("__pycache__"))
    write_method(copied, name, declared=f"module: submissions.{name}.pretrain\n")
    (copied / name / "__init__.py").touch()
    shutil.copy(repository / "lovt_bench.py", place)
    for package in ("benchmark", "tasks", "leaderboard"):
        (place / package).symlink_to(repository / package)
    return {**os.environ, "PYTHONPATH": str(place)}
