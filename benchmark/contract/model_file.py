"""The one reader of files that hold a model: plain, bounded, valid, or one error that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lovt_bench.benchmark.contract.base import wrong_fields
from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.strict_yaml import SIZE_LIMIT as YAML_LIMIT
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.untrusted import clean_text

JSON_LIMIT = 1 << 20
"""Bytes of a manifest or report: a page, not a payload."""

_Read = TypeVar("_Read", bound=BaseModel)


class ModelFileError(ValueError):
    """A file, or fields, that are not what the contract says. The message names the first that are wrong."""


def read_model(
    path: Path,
    model: type[_Read],
    *,
    shown: str | None = None,
    limit: int | None = None,
    follow: bool = False,
) -> _Read:
    """Return what a file says: YAML where its name ends so, else JSON.

    Args:
        path: The file.
        model: What it should hold.
        shown: What messages call the file; None: its path.
        limit: Bytes that it may have; None: `YAML_LIMIT` or `JSON_LIMIT`.
        follow: Whether a link is followed; not where a stranger has put the file there.

    Raises:
        FileNotFoundError, NotADirectoryError: There is none.
        ModelFileError: It is no plain file, too large, cannot be read, or is not what the contract says.
    """
    name = clean_text(str(path)) if shown is None else shown
    try:
        if path.suffix == ".yaml":
            return checked(model, read_yaml(path, limit or YAML_LIMIT, follow=follow), f"{name}:")
        content = read_plain(path, limit or JSON_LIMIT, follow=follow)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except OSError as error:
        raise ModelFileError(f"{name} cannot be read: {error.strerror}") from error
    except StrictYamlError as error:
        raise ModelFileError(str(error)) from error
    except PlainFileError as error:
        raise ModelFileError(f"{name} {error}") from error
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise ModelFileError(f"{name} does not follow the contract: {wrong_fields(error, model)}") from error


def checked(model: type[_Read], fields: Any, what: str) -> _Read:
    """Return a model of fields that somebody stated.

    Args:
        model: What the fields should be.
        fields: A mapping, or a model.
        what: Begins the message.

    Raises:
        ModelFileError: They are not what the contract says.
    """
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise ModelFileError(f"{what} {wrong_fields(error, model)}") from error
