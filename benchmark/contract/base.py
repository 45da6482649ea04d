"""What every model on disk shares: unknown fields are errors, instances do not change, JSON is canonical."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from lovt_bench.benchmark.contract.fields import field_problems

NAME_RULE = (
    "1 to 64 of a-z, 0-9, '.', '_', '-', beginning and ending with a letter or digit; no device (con, nul, …) and not "
    "ending like a file of the harness (.json, .jsonl, .lock, .log, .tmp, .verdict)"
)
"""What a `Name` is, for messages."""

_STATE_FILE = re.compile(r".*\.(json|jsonl|lock|log|tmp|verdict)")
"""The harness files what it knows of `toy` as `toy.json`, `toy.verdict.json`, …: no name may mean one of these."""

_DEVICE = re.compile(r"(aux|con|nul|prn|com[0-9]|lpt[0-9])(\..*)?")
"""Windows opens a device under these names, whatever the ending."""


def _means_a_folder(name: str) -> str:
    if _STATE_FILE.fullmatch(name) or _DEVICE.fullmatch(name):
        raise ValueError(f"expected {NAME_RULE}")
    return name


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"),
    AfterValidator(_means_a_folder),
]
"""A name that is safe as a folder, beside the harness's own files, on any file system (`NAME_RULE`)."""

_NAME: TypeAdapter[str] = TypeAdapter(Name)

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 digest, lower case hexadecimal."""


def is_name(text: str) -> bool:
    """Return whether text is a `Name`, so that as a folder it leads nowhere else."""
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def is_built_in(name: str) -> bool:
    """Return whether a name means a backbone that is always there: `random`, `random-ARCHITECTURE`, `imagenet`."""
    return name in ("random", "imagenet") or name.startswith("random-")


def is_empty(value: object) -> bool:
    """Return whether a field says nothing; `exclude_if` of fields that came after the first schema."""
    return not value


def is_missing(value: object) -> bool:
    """Return whether a field is None; `exclude_if` of fields that came later and for which 0 says something."""
    return value is None


class Model(BaseModel):
    """Base of all models that cross a border."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def to_json(self, indent: int | None = 2) -> str:
        """Return canonical JSON: fields in declared order, UTF-8 text, a line feed at the end."""
        return self.model_dump_json(indent=indent) + "\n"

    def digest(self) -> str:
        """Return the SHA-256 of this model's content; equal content gives equal digests in any field order."""
        return digest_of(self.model_dump(mode="json"))


def wrong_fields(error: ValidationError, model: type[BaseModel]) -> str:
    """Return the first fields that are wrong in what should be a model, and why, on one line."""
    return "; ".join(field_problems(error, model))


def said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the fields of a JSON object; an `object_pairs_hook` of `json.loads`.

    Raises:
        ValueError: One is given twice: which one counts would be left to the reader.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:60]!a} is given twice")
    return found


def digest_of(value: Any) -> str:
    """Return the SHA-256 of a JSON-like value, keys sorted, no blanks."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
