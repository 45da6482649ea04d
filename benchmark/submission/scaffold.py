"""The folder of a new submission: a method in a container that works as it stands, or a declaration of weights."""

from __future__ import annotations

from pathlib import Path
from string import Template

from benchmark.contract.base import NAME_RULE, is_built_in, is_name
from benchmark.disk.digest import file_sha256
from benchmark.disk.temporary import new_folder
from benchmark.submission.declare import Said, declaration_text, declare
from benchmark.submission.read import (
    SubmissionError,
    check_display_name,
    is_package_name,
    is_repositorys,
    package_name,
    submission_names,
    submissions_root,
)

DECLARATION = Template("""\
# Who stands behind the row, and what the method needs. `lovt-bench submission check $shown` checks it.
name: $name
display_name: $name
description: Predicts by which of four quarter turns an image was rotated.
supervision: self            # none | general | labels | self | text
corpus: images               # what it reads of the corpus: none | images | labels | reports
# What the weights have seen beside the corpus, which the harness adds; `lovt-bench submission data` lists the names.
pretraining_data: [none]
licence: MIT
# paper: https://example.org/paper
variants:                    # the first is the default; settings go to pretrain.py
  "100": {fraction: 1.0}
  "30": {fraction: 0.3}
profiles:
  demo: {architecture: resnet18, image_side: 64, source_side: 96, batch_size: 16, max_epochs: 2}
""")

DOCKERFILE = Template("""\
# This folder is the build context, wherever it lies. `make docker` builds lovt-bench-base: Python, the pinned stack,
# and what methods share. Any other image does as well: then read /input and write /output/backbone yourself
# (docs/contract.md).
ARG BASE_IMAGE=lovt-bench-base
FROM $${BASE_IMAGE}
# Packages from pip: the base ends as user 1000, who cannot write to its environment. `-c` keeps the pinned stack.
# USER root
# RUN pip install --no-cache-dir --disable-pip-version-check -c /opt/requirements.txt einops==0.8.1
# USER 1000:1000
COPY *.py submission.yaml /opt/lovt-bench/submissions/$package/
ENTRYPOINT ["python", "-m", "submissions.$package.pretrain"]
CMD ["--input", "/input", "--output", "/output"]
""")

README = Template("""\
# $name

What it does, in three sentences, and the paper.

| file | |
|---|---|
| `submission.yaml` | name, supervision, corpus, variants |
| `pretrain.py` | the method: settings and one training step |
| `Dockerfile` | how its container is built |

    lovt-bench submission check $shown
    lovt-bench pretrain $shown --profile demo
    lovt-bench evaluate $name
    lovt-bench leaderboard build

$where What a container finds and leaves: docs/contract.md. What methods
share: docs/pretraining.md. What a pull request brings: docs/submissions.md.
""")

INSIDE = "In submissions/ it runs as a process (`--runtime process`) and in its container."
OUTSIDE = "It runs in its container, without a network."

METHOD = Template('''\
"""$name: tells by which of four quarter turns an image was rotated. Put your method in its place."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from submissions.common.corpus import Corpus
from submissions.common.entry import run
from submissions.common.image_only import ImageOnlyModule, ImageOnlySettings
from submissions.common.settings import Schedule


class Settings(ImageOnlySettings):
    """Hyperparameters; variants and profiles of submission.yaml and `--set` change them."""

    initial_weights: str = "random"
    schedule: Schedule = "constant"
    learning_rate: float = 3e-4
    max_epochs: int = 20


class Method(ImageOnlyModule):
    """$name: four-way classification of rotations."""

    settings: Settings

    def __init__(self, settings: Settings, corpus: Corpus, seed: int = 0) -> None:
        super().__init__(settings, corpus, seed)
        self.classify = nn.Linear(self.backbone.levels[-1].channels, 4)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        # Two augmented views (B, 1, S, S) of each image; this method takes the first.
        views, _ = batch
        turns = torch.randint(4, (len(views),))
        turned = torch.stack([view.rot90(int(turn), (-2, -1)) for view, turn in zip(views, turns, strict=True)])
        scores = self.classify(self.features(self.network_input(turned)))
        loss = cross_entropy(scores, turns.to(scores.device))
        self.log("train/loss", loss)
        return loss


if __name__ == "__main__":
    run(Method, Settings)
''')

_FILES = {
    "submission.yaml": DECLARATION,
    "Dockerfile": DOCKERFILE,
    "README.md": README,
    "pretrain.py": METHOD,
}


def new_container(name: str, into: Path) -> Path:
    """Write the folder of a method and return it; in this repository's `submissions/` it is one of its own.

    Raises:
        SubmissionError: the name is none, taken, or there no name of a Python package, or the folder is there.
    """
    folder = _free_folder(name, into)
    inside = is_repositorys(folder)
    if inside and not is_package_name(name):
        raise SubmissionError(
            f"in submissions/ a folder is a Python package, too, and {name} can be none; take {package_name(name)}"
        )
    texts = {
        "name": name,
        "package": package_name(name),
        "shown": argument_for(folder),
        "where": INSIDE if inside else OUTSIDE,
    }
    files = {file: text.substitute(texts) for file, text in _FILES.items()}
    return _write(folder, {**files, "__init__.py": ""} if inside else files)


def argument_for(folder: Path) -> str:
    """Return what names a submission's folder to every command, from where the caller stands."""
    if is_repositorys(folder):
        return folder.name
    # Without a slash it would be taken for the name of a submission.
    return str(folder) if "/" in str(folder) else f"./{folder}"


def new_weights(name: str, into: Path, weights: Path, said: Said) -> Path:
    """Write the folder of a declaration of weights, which `lovt-bench submit` has still to look at; return it.

    Raises:
        SubmissionError: the name is none or taken, the folder is there, or there is no such file.
    """
    folder = _free_folder(name, into)
    if not weights.is_file():
        raise SubmissionError(f"no file {weights}; --weights takes the checkpoint that is declared")
    submission = declare(name, said, weights, file_sha256(weights), None)
    check_display_name(name, submission.display_name)
    text = (
        "# Weights that were trained elsewhere. Fill in display_name, supervision, paper, pretraining_data and\n"
        "# weights.url (docs/submissions.md), then: lovt-bench submit "
        f"{name} --weights {submission.weights.file if submission.weights else 'FILE'}\n"
    )
    return _write(folder, {"submission.yaml": text + declaration_text(submission)})


def _free_folder(name: str, into: Path) -> Path:
    if not is_name(name):
        raise SubmissionError(f"{name!r} is no name: expected {NAME_RULE}")
    if name in submission_names(submissions_root()) or is_built_in(name):
        raise SubmissionError(f"the name {name} is taken; choose another one")
    folder = into / name
    if folder.exists() or folder.is_symlink():
        raise SubmissionError(f"{folder} is there already; choose another name, or --into another folder")
    return folder


def _write(folder: Path, files: dict[str, str]) -> Path:
    """Write a folder that appears whole or not at all.

    Raises:
        FileExistsError: something lies there by now.
    """
    with new_folder(folder, replace=False) as new:
        for file, text in files.items():
            (new / file).write_text(text, encoding="utf-8")
    return folder
