"""What a code file says of itself in one object of literals, read without running the file.

A list of heads or metrics needs no torch that way: `lovt-bench tasks list` answers at once, and a board is built where
torch is not installed.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from lovt_bench.benchmark.contract.base import Model
from lovt_bench.tasks.messages import explain

_Declared = TypeVar("_Declared", bound=Model)


class InvalidDeclarationError(ValueError):
    """A file does not say of itself what it should."""


def read_declared(path: Path, model: type[_Declared]) -> _Declared:
    """Return the object that a file assigns at its top level: `HEAD = Head(name="linear", ...)`.

    Args:
        path: A Python file.
        model: What the object is; the variable is its name in capitals.

    Raises:
        InvalidDeclarationError: No Python, no such line, or a field that is no literal, missing, unknown or wrong.
    """
    variable = model.__name__.upper()
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        raise InvalidDeclarationError(f"{path}: no Python: {error}") from error
    values = [
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [variable]
    ]
    call = values[-1] if values else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != model.__name__ or call.args:
        raise InvalidDeclarationError(f"{path}: expected {variable} = {model.__name__}(field=value, ...)")
    try:
        fields = {str(item.arg): ast.literal_eval(item.value) for item in call.keywords}
    except ValueError as error:
        raise InvalidDeclarationError(
            f"{path}: fields of {variable} are read without running the file; write them as literals"
        ) from error
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise InvalidDeclarationError(explain(path, error, model)) from error
