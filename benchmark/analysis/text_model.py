"""Where the text model is that a method started from: what it did not train is not in its file."""

from __future__ import annotations

import os
from pathlib import Path

from lovt_bench.benchmark.contract.analysis_file import TextSpec
from lovt_bench.submissions.common.text.source import folder_here

TEXT_MODEL = "LOVT_BENCH_TEXT_MODEL"
"""Environment variable: folder of the text model that the method started from."""


class TextModelMissingError(ValueError):
    """Nobody says where the text model is, and it is not in the cache."""


def text_model_folder(text: TextSpec) -> Path | None:
    """Return the folder that completes a text model; None where nothing is missing in the file.

    Raises:
        TextModelMissingError: It is not here.
        ValueError: The folder that `LOVT_BENCH_TEXT_MODEL` names is none.
    """
    if text.is_whole:
        return None
    what = f"the text model {text.name}, of which the method trained a part only, is not here"
    advice = f"set {TEXT_MODEL} to its folder"
    if named := os.environ.get(TEXT_MODEL):
        folder = Path(named).expanduser()
        if not folder.is_dir():
            raise ValueError(f"{what}: {TEXT_MODEL}={named} is no folder; {advice}")
        return folder
    found = folder_here(text.name)
    if found is None:
        raise TextModelMissingError(
            f"{what}: {TEXT_MODEL} is not set, and the cache of Hugging Face does not have it; {advice}"
        )
    return found
