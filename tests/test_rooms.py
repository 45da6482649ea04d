"""Who may import whom: `ARROWS` is the one place that says it, CONTRIBUTING.md refers to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.imports import Import, circle_in, imports_of, module_for

ROOT = Path(__file__).resolve().parent.parent
GROUND = {
    f"benchmark.{name}"
    for name in (
        "cores",
        "ending",
        "gpu",
        "import_root",
        "log",
        "malloc",
        "printable",
        "visible_gpus",
    )
}
"""Single modules below all rooms."""
METHOD = "submissions.<method>"
"""Each method is a room of its own: it runs in a container that holds no other method."""
OF_METHODS = {*GROUND, "benchmark.disk", "benchmark.contract", "benchmark.backbone", "submissions.common"}
BELOW_ENGINE = {
    *GROUND,
    "benchmark.disk",
    "benchmark.contract",
    "benchmark.backbone",
    "benchmark.data",
    "benchmark.executor",
    "tasks",
}
ARROWS: dict[str, set[str]] = {
    "benchmark.printable": set(),
    "benchmark.cores": set(),
    "benchmark.import_root": set(),
    "benchmark.visible_gpus": set(),
    "benchmark.workspace": set(),
    "benchmark.log": {"benchmark.printable"},
    "benchmark.ending": set(),
    "benchmark.malloc": {"benchmark.log"},
    "benchmark.gpu": {"benchmark.visible_gpus"},
    "benchmark.disk": GROUND,
    "benchmark.contract": {*GROUND, "benchmark.disk"},
    "benchmark.keeper": {"benchmark.contract"},
    "benchmark.backbone": {*GROUND, "benchmark.disk", "benchmark.contract"},
    "benchmark.data": {*GROUND, "benchmark.disk", "benchmark.contract"},
    "benchmark.executor": {*GROUND, "benchmark.disk", "benchmark.contract"},
    "tasks": {*GROUND, "benchmark.disk", "benchmark.contract"},
    "benchmark.submission": {
        *GROUND,
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.backbone",
        "submissions",
    },
    "leaderboard": {
        *GROUND,
        "benchmark.keeper",
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.submission",
        "tasks",
    },
    "submissions": set(),
    "submissions.common": {*GROUND, "benchmark.disk", "benchmark.contract", "benchmark.backbone"},
    METHOD: OF_METHODS,
    "benchmark.submission.templates": OF_METHODS,
    "benchmark.runtime": {
        *GROUND,
        "benchmark.keeper",
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.submission",
        "submissions.common",
    },
    "benchmark.engine.device": {*GROUND, "benchmark.contract", "benchmark.executor"},
    "benchmark.engine.inputs": {*BELOW_ENGINE, "benchmark.engine.device"},
    "benchmark.engine.plan": {*BELOW_ENGINE, "benchmark.engine.device", "benchmark.engine.inputs"},
    "benchmark.engine.train.kernels": {*GROUND, "benchmark.contract", "benchmark.engine.device"},
    "benchmark.engine.train": {
        *BELOW_ENGINE,
        "benchmark.engine.device",
        "benchmark.engine.inputs",
        "benchmark.engine.plan",
        "benchmark.engine.train.kernels",
    },
    "benchmark.engine.record": {
        *BELOW_ENGINE,
        "benchmark.engine.device",
        "benchmark.engine.inputs",
        "benchmark.engine.plan",
        "benchmark.engine.train",
    },
    "benchmark.engine.forecast": {
        *BELOW_ENGINE,
        "benchmark.engine.device",
        "benchmark.engine.inputs",
        "benchmark.engine.plan",
        "benchmark.engine.train",
        "benchmark.engine.train.kernels",
    },
    "benchmark.engine": {
        *BELOW_ENGINE,
        "benchmark.engine.device",
        "benchmark.engine.inputs",
        "benchmark.engine.plan",
        "benchmark.engine.train",
        "benchmark.engine.record",
    },
    "benchmark.analysis": {
        *GROUND,
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.engine.device",
        "benchmark.engine.inputs",
        "submissions.common",
    },
    "benchmark.analysis.figures": {
        *GROUND,
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.engine.record",
        "benchmark.analysis",
        "tasks",
        "leaderboard",
    },
    "benchmark.cli": {
        *GROUND,
        "benchmark.workspace",
        "benchmark.keeper",
        "benchmark.disk",
        "benchmark.contract",
        "benchmark.backbone",
        "benchmark.data",
        "benchmark.executor",
        "benchmark.analysis",
        "benchmark.analysis.figures",
        "benchmark.engine",
        "benchmark.engine.device",
        "benchmark.engine.plan",
        "benchmark.engine.record",
        "benchmark.engine.forecast",
        "benchmark.submission",
        "benchmark.runtime",
        "tasks",
        "leaderboard",
    },
}
"""Each room, and the rooms that its modules may import besides those of its own."""
PACKAGES = {"benchmark"}
"""They only hold rooms, and import nothing."""
FILES = sorted(
    path
    for top in ("benchmark", "tasks", "leaderboard", "submissions")
    for path in (ROOT / top).rglob("*.py")
)


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in FILES}
IMPORTS = {
    module: imports_of(path.read_text(encoding="utf-8"), module, is_package=path.name == "__init__.py")
    for module, path in MODULES.items()
}


def room_of(module: str) -> str | None:
    """The room of one of our modules: the innermost of `ARROWS`, or the method's folder; None if it lies in none."""
    room = module_for(module, ARROWS)
    if room == "submissions" and module != room:
        return ".".join(module.split(".")[:2])
    return room


def forbidden(module: str, imports: list[Import], modules: dict[str, Path]) -> list[str]:
    """Say for each import of `module` that no arrow allows what it is."""
    room = room_of(module)
    if module in PACKAGES:
        return [f"{module}:{each.line} imports {each.name}, but lies in no room" for each in imports]
    if room is None:
        return [f"{module} lies in no room: give it a line in ARROWS"]
    allowed = ARROWS[room if room in ARROWS else METHOD] | {room}
    found = []
    for each in imports:
        target = module_for(each.name, modules)
        if target and target not in PACKAGES and room_of(target) not in allowed:
            found.append(
                f"{module}:{each.line} imports {target}; {room} may import {', '.join(sorted(allowed))}"
            )
    return found


def loaded_with(module: str) -> set[str]:
    """All names that are imported when `module` is loaded, by itself and by ours that it imports."""
    seen: set[str] = set()
    names: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            names |= {each.name for each in IMPORTS[name] if each.at_start}
            waiting += _at_start(name, IMPORTS[name])
            waiting += [package for package in MODULES if name.startswith(f"{package}.")]
    return names


def test_every_import_follows_an_arrow() -> None:
    found = [each for module, imports in IMPORTS.items() for each in forbidden(module, imports, MODULES)]
    assert not found, "\n".join(found)


PLANTED = {
    "at the top": ("benchmark.cores", "import lovt_bench.benchmark.cli.main"),
    "from": ("benchmark.contract.base", "from lovt_bench.benchmark.cli.main import main"),
    "a room by its package": ("benchmark.contract.base", "from lovt_bench.benchmark import cli"),
    "in a function": (
        "leaderboard.board.build",
        "def late():\n    from lovt_bench.benchmark.engine.plan import jobs",
    ),
    "upward in the engine": (
        "benchmark.engine.inputs.rows",
        "from lovt_bench.benchmark.engine.plan import runs",
    ),
    "the record, from a training": (
        "benchmark.engine.train.single",
        "from lovt_bench.benchmark.engine.record.records import append_record",
    ),
    "in a class under a condition": (
        "tasks.registry",
        "class A:\n    if x:\n        import lovt_bench.benchmark.data.store",
    ),
    "for types": (
        "tasks.registry",
        "if TYPE_CHECKING:\n    from lovt_bench.benchmark.data.store import Store",
    ),
    "if another is missing": (
        "tasks.registry",
        "try:\n    import a\nexcept ImportError:\n    import lovt_bench.benchmark.data.pool",
    ),
    "relative": ("benchmark.data.store", "from ..engine.plan.jobs import JobSpec"),
    "relative, a whole room": ("benchmark.data.store", "from .. import engine"),
    "relative, from a method": ("submissions.byol.pretrain", "from ..simclr import pretrain"),
    "by name": ("benchmark.disk.lock", 'importlib.import_module("lovt_bench.benchmark.data.store")'),
    "by name, relative": ("benchmark.disk.lock", 'import_module("..data.store", __package__)'),
    "by name, at once": ("benchmark.disk.lock", '__import__("lovt_bench.benchmark.data")'),
    "in a table of strings": (
        "benchmark.executor.job",
        'WORK = {"evaluate": "lovt_bench.benchmark.engine.worker:work"}',
    ),
    "another method": (
        "submissions.byol.pretrain",
        "from lovt_bench.submissions.simclr.pretrain import Module",
    ),
    "a method, from what they share": (
        "submissions.common.entry",
        "import lovt_bench.submissions.byol.pretrain",
    ),
    "the harness, from a method": (
        "submissions.byol.pretrain",
        "from lovt_bench.benchmark.runtime.runs import Run",
    ),
    "the data, from a method": (
        "submissions.byol.pretrain",
        "from lovt_bench.benchmark.data.store import Store",
    ),
    "a method, from the harness": ("benchmark.runtime.runs", "import lovt_bench.submissions.byol.pretrain"),
    "a module in no room": ("benchmark.new", "import os"),
}


@pytest.mark.parametrize(("module", "source"), PLANTED.values(), ids=PLANTED)
def test_a_planted_import_is_found(module: str, source: str) -> None:
    assert forbidden(module, imports_of(source, module), MODULES)


ALLOWED = {
    "its own room": (
        "benchmark.data.store",
        "from .format import read\nfrom lovt_bench.benchmark.data import layout",
    ),
    "its own package": ("benchmark.data.corpus", "from . import work\nfrom .. import store"),
    "the ground": ("submissions.byol.pretrain", "from lovt_bench.benchmark.log import logger"),
    "what methods share": (
        "submissions.byol.pretrain",
        "from lovt_bench.submissions.common.module import PretrainingModule",
    ),
    "foreign": (
        "benchmark.disk.lock",
        "import os.path, benchmarks\nfrom torch import nn\nimport_module(name)",
    ),
    "words": (
        "benchmark.disk.lock",
        '"""Not `lovt_bench.benchmark.cli.main`."""\nTEXT = "see lovt_bench.benchmark.cli.main"',
    ),
}


@pytest.mark.parametrize(("module", "source"), ALLOWED.values(), ids=ALLOWED)
def test_an_allowed_import_is_not(module: str, source: str) -> None:
    is_package = MODULES[module].name == "__init__.py"
    assert not forbidden(module, imports_of(source, module, is_package=is_package), MODULES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert not circle_in({module: _at_start(module, imports) for module, imports in IMPORTS.items()})


def test_a_planted_circle_is_found() -> None:
    sources = {
        "a.b": "from a.c import x",
        "a.c": "import a.d",
        "a.d": "class D:\n    from . import b",
        "a.e": "import a.b",
    }
    graph = {module: {each.name for each in imports_of(text, module)} for module, text in sources.items()}
    graph["a.b"] = {"a.c"}
    circle = circle_in(graph)
    assert circle
    assert circle[0] == circle[-1]
    assert set(circle) == {"a.b", "a.c", "a.d"}


@pytest.mark.parametrize(
    "late", ["def f():\n    import a.b", "if TYPE_CHECKING:\n    import a.b", "X = 'a.b'"]
)
def test_an_import_that_does_not_run_at_start_closes_no_circle(late: str) -> None:
    assert [each.name for each in imports_of(late, "a.c") if not each.at_start] == ["a.b"]


def _at_start(module: str, imports: list[Import]) -> set[str]:
    found = {module_for(each.name, MODULES) for each in imports if each.at_start}
    return {name for name in found if name and name != module}


def test_arrows_run_in_no_circle() -> None:
    assert set().union(*ARROWS.values()) <= set(ARROWS)
    assert not circle_in(ARROWS)


def test_torch_is_found_behind_other_modules() -> None:
    own = {each.name.split(".")[0] for each in IMPORTS["benchmark.engine.forecast.forecast"]}
    assert "torch" not in own
    assert "torch" in {name.split(".")[0] for name in loaded_with("benchmark.engine.forecast.forecast")}


@pytest.mark.parametrize("room", ["benchmark.disk", "benchmark.contract", "leaderboard"])
def test_rooms_that_must_start_fast_load_no_torch(room: str) -> None:
    for module in MODULES:
        if room_of(module) == room:
            names = loaded_with(module) | {each.name for each in IMPORTS[module]}  # its own functions, too
            heavy = {name.split(".")[0] for name in names} & {"torch", "torchvision", "lightning"}
            assert not heavy, f"{module} imports {heavy}"


def test_a_pre_training_begins_without_torch() -> None:
    """The method has it in a process of its own, and so has the check of what it left: 4 s of each command."""
    assert "torch" not in {name.split(".")[0] for name in loaded_with("benchmark.runtime.pretrain")}


@pytest.mark.parametrize("base", ["base", "base-cuda"])
def test_base_images_hold_all_that_methods_import(base: str) -> None:
    recipe = (ROOT / "docker" / base / "Dockerfile").read_text(encoding="utf-8")
    assert "COPY lovt_bench.py ./" in recipe
    copied = [
        ROOT / name for name in re.findall(r"^COPY ((?:benchmark|submissions)/\S+)", recipe, re.MULTILINE)
    ]
    waiting = [name for name in MODULES if name.startswith("submissions.")]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [found for each in IMPORTS[name] if (found := module_for(each.name, MODULES))]
    for path in (MODULES[name] for name in seen if not name.startswith("submissions.")):
        there = any(path.is_relative_to(source) or path.match(str(source)) for source in copied)
        assert there, f"{path.relative_to(ROOT)} is imported by methods, docker/{base} does not copy it"


def test_docker_is_no_package() -> None:
    assert not (ROOT / "docker" / "__init__.py").exists(), "it would hide the Docker SDK"
