"""Example predictions for the page, `<examples>/phantom/<backbone>/<task>.json`.

No number depends on them: a file that is broken, a link, or not of a run that is here is passed over with a warning.
"""

from __future__ import annotations

import base64
import binascii
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import is_name
from lovt_bench.benchmark.contract.example import ExampleSet
from lovt_bench.benchmark.contract.leaderboard import InputFile
from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.log import logger
from lovt_bench.leaderboard.show.rendering import digest

SIZE_LIMIT = 1024 * 1024
"""Bytes of one file; four images of 128 pixels with masks take a tenth of it."""

_PNG = b"\x89PNG\r\n\x1a\n"


def read_examples(
    folder: Path, records: Iterable[RunRecord]
) -> tuple[dict[str, tuple[ExampleSet, ...]], list[InputFile]]:
    """Return the examples of these records by submission, and the files that hold them.

    Args:
        folder: `workspace/examples`; it need not exist.
        records: Run records; only their submissions and tasks are looked for.
    """
    keys: dict[tuple[str, str], set[str]] = {}
    for record in records:
        if record.track == "phantom" and record.run.phase == "final" and is_name(record.run.task):
            keys.setdefault((record.submission, record.run.task), set()).add(record.key)
    found: dict[str, list[ExampleSet]] = {}
    files: list[InputFile] = []
    for (submission, task), known in sorted(keys.items()):
        relative = f"phantom/{submission}/{task}.json"
        if not os.path.lexists(folder / relative):
            continue
        content = _read(folder, relative)
        examples = _parse(content) if content else None
        if not content or not examples or (examples.submission, examples.task) != (submission, task):
            logger.warning("examples/%s: not examples of this submission and task, left out", relative)
        elif examples.run_key in known:
            found.setdefault(submission, []).append(examples)
            files.append(InputFile(path=f"examples/{relative}", sha256=digest(content), records=0))
    return {name: tuple(sets) for name, sets in found.items()}, files


def _read(folder: Path, relative: str) -> bytes | None:
    path = folder / relative
    try:
        if any(not stat.S_ISDIR(parent.lstat().st_mode) for parent in (path.parent, path.parent.parent)):
            return None
        return read_plain(path, SIZE_LIMIT)
    except (OSError, PlainFileError):
        return None


def _parse(content: bytes) -> ExampleSet | None:
    try:
        examples = ExampleSet.model_validate_json(content)
        return examples if all(_is_png(text) for text in _images(examples)) else None
    except (ValidationError, binascii.Error, ValueError):
        return None


def _images(examples: ExampleSet) -> Iterator[str]:
    for image in examples.images:
        yield from (text for text in (image.png, image.truth_mask, image.predicted_mask) if text is not None)


def _is_png(text: str) -> bool:
    return base64.b64decode(text, validate=True).startswith(_PNG)
