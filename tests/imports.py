"""Which modules a source file imports: at its top, in functions, relatively, and by a name in a string."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

OURS = "lovt_bench."
BY_NAME = {"import_module", "__import__", "find_spec", "run_module"}
"""Functions whose first argument names a module."""
DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")


@dataclass(frozen=True)
class Import:
    name: str
    """The module without `lovt_bench.`, with the name that is taken from it: `from lovt_bench.a import b` gives `a.b`,
    which may be a module or not."""
    line: int
    at_start: bool = True
    """It runs when its module is loaded: neither in a function nor under `if TYPE_CHECKING`."""


def imports_of(source: str, module: str, *, is_package: bool = False) -> list[Import]:
    """All imports in `source`, the text of `module`; relative ones are resolved.

    A string like `"a.b"` or `"a.b:name"` counts, too: tables of commands and work name modules that are loaded later.
    """
    package = module if is_package else module.rpartition(".")[0]
    found = _within(ast.parse(source), package, at_start=True)
    return [replace(each, name=each.name.removeprefix(OURS)) for each in found]


def _within(node: ast.AST, package: str, at_start: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names=names, lineno=line):
            yield from (Import(alias.name, line, at_start) for alias in names)
        case ast.ImportFrom(names=names, lineno=line):
            origin = _absolute("." * node.level + (node.module or ""), package)
            yield from (
                Import(f"{origin}.{alias.name}".removesuffix(".*"), line, at_start) for alias in names
            )
        case ast.Call(args=[ast.Constant(value=str(name)), *_], lineno=line) if _is_by_name(node.func):
            yield Import(_absolute(name, package), line, at_start)
        case ast.Constant(value=str(text), lineno=line) if DOTTED.fullmatch(text.partition(":")[0]):
            yield Import(text.partition(":")[0], line, at_start=False)
        case ast.If(test=test, body=body) if ast.unparse(test).split(".")[-1] == "TYPE_CHECKING":
            yield from (found for child in body for found in _within(child, package, at_start=False))
            yield from (found for child in node.orelse for found in _within(child, package, at_start))
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
            at_start = False
    for child in ast.iter_child_nodes(node):
        yield from _within(child, package, at_start)


def _is_by_name(function: ast.expr) -> bool:
    return isinstance(function, ast.Name | ast.Attribute) and ast.unparse(function).split(".")[-1] in BY_NAME


def _absolute(name: str, package: str) -> str:
    """A name as written, with its leading dots, seen from `package`."""
    rest = name.lstrip(".")
    level = len(name) - len(rest)
    if not level:
        return name
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - level + 1], rest]).rstrip(".")


def module_for(name: str, modules: Mapping[str, object]) -> str | None:
    """The innermost of `modules` that `name` lies in; None for a foreign name."""
    while name and name not in modules:
        name = name.rpartition(".")[0]
    return name or None


def circle_in(graph: Mapping[str, set[str]]) -> list[str] | None:
    """Nodes that lead to each other in a circle, the first one twice; None if there is no circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))
    return None
