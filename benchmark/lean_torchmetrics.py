"""torchmetrics, which Lightning imports, without the packages of its metrics for text, sound and plots.

Where transformers, SciPy and matplotlib are installed, `import torchmetrics` imports all three: a third of the time
until a process that trains begins. It asks `lightning_utilities` what is installed, and that is where they are hidden.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import PackageNotFoundError
from types import ModuleType
from typing import Any

UNUSED = frozenset({"matplotlib", "scipy", "transformers"})


def import_lean() -> None:
    """Let the next `import torchmetrics` of this process find none of `UNUSED`.

    Whoever wants a metric that needs them imports torchmetrics first. A package that is imported already is not hidden:
    nothing would be saved.
    """
    if "torchmetrics" not in sys.modules and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "torchmetrics":
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            _hide_while_loading(spec.loader)
        return spec


def _hide_while_loading(loader: Loader) -> None:
    load = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        with _hidden(UNUSED - set(sys.modules)):
            load(module)

    loader.exec_module = exec_module  # type: ignore[method-assign]


@contextmanager
def _hidden(names: frozenset[str]) -> Iterator[None]:
    # By name: its functions take no others in their place where they have types.
    imports: Any = import_module("lightning_utilities.core.imports")
    version, available = imports._version, imports.package_available

    def visible_version(name: str) -> str:
        if name in names:
            raise PackageNotFoundError(name)
        return version(name)

    imports._version = visible_version
    imports.package_available = lambda name: name not in names and available(name)
    try:
        yield
    finally:
        imports._version, imports.package_available = version, available
