"""Python, packages, torch and onnxruntime: what is installed, and what of it works."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.gpu import driver_version, is_there, too_old, torch_needs, without_cuda

PROJECT = "lovt-bench"
OLDEST = (3, 11)
EXTRAS = {"pretrain": "image-text methods", "containers": "--runtime docker"}
"""Extras that users need, and for what."""
REPAIR = "`make setup` installs what pyproject.toml names"


def check_python() -> Iterator[Finding]:
    """Look at the interpreter."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST:
        advice = "make setup PYTHON=python3.11"
        yield Finding("error", "Python", f"{version}, expected {OLDEST[0]}.{OLDEST[1]} or newer", advice)
    else:
        yield Finding("ok", "Python", version)


def check_packages(project: str = PROJECT) -> Iterator[Finding]:
    """Compare installed packages with the project's pins: of the checkout that runs, else as it was installed."""
    from packaging.requirements import Requirement

    try:
        lines = _checkout_pins(project) or metadata.requires(project) or []
    except metadata.PackageNotFoundError:
        yield Finding("warning", "packages", f"{project} is not installed, so its pins are not known", REPAIR)
        return
    good = 0
    for requirement in map(Requirement, lines):
        extra = next(
            (e for e in EXTRAS if requirement.marker and requirement.marker.evaluate({"extra": e})), None
        )
        plain = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if requirement.name == project or not (plain or extra):
            continue
        found = _version(requirement.name)
        if found is None:
            level, use = ("error", "") if plain else ("warning", f"; {EXTRAS[extra or '']} need it")
            advice = REPAIR if plain else f"pip install '{project}[{extra}]'"
            yield Finding(level, requirement.name, f"is not installed{use}", advice)  # type: ignore[arg-type]
        elif not requirement.specifier.contains(found, prereleases=True):
            message = f"{found} is installed, {requirement.specifier} is what was tested"
            yield Finding("warning", requirement.name, message, REPAIR)
        else:
            good += 1
    yield Finding("ok", "packages", f"{good} as pinned")
    if _version("onnxruntime") and _version("onnxruntime-gpu"):
        advice = "pip uninstall -y onnxruntime onnxruntime-gpu, then `make setup`"
        message = "onnxruntime and onnxruntime-gpu are both here and share one folder"
        yield Finding("warning", "onnxruntime", message, advice)


def check_torch() -> Iterator[Finding]:
    """Multiply two matrices on the CPU, and on every GPU."""
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Finding("error", "torch", f"cannot be imported: {error}"[:300], REPAIR)
        return
    square = torch.ones(64, 64)
    works = float((square @ square)[0, 0]) == 64
    message = f"{torch.__version__}, {torch.get_num_threads()} of {os.cpu_count()} CPU cores"
    yield Finding("ok" if works else "error", "torch", message, "" if works else REPAIR)
    why = without_cuda()
    if not torch.cuda.is_available():
        if is_there():
            yield Finding(
                "warning", "GPU", f"there is one, torch cannot use it: {why}", "--device cpu until then"
            )
        else:
            message = "none; --profile demo and small are made for that, --profile paper takes days"
            yield Finding("ok", "GPU", message)
        return
    for number in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(number)
        message = (
            f"{card.name}, {card.total_memory / 2**30:.0f} GiB, compute capability {card.major}.{card.minor}, driver "
            f"{driver_version() or 'unknown'}, CUDA {torch.version.cuda}"
        )
        try:
            there = square.to(f"cuda:{number}")
            works, why = float((there @ there)[0, 0]) == 64, "multiplies wrongly"
        except RuntimeError as error:
            works = False
            why = (
                too_old(torch_needs(), card.name, None, (card.major, card.minor))
                or str(error).splitlines()[0][:200]
            )
        if works:
            yield Finding("ok", f"GPU {number}", message)
        else:
            yield Finding("warning", f"GPU {number}", f"{message}: {why}", "--device cpu leaves it out")


def check_onnxruntime() -> Iterator[Finding]:
    """Create a session with each provider that is wanted here and run a graph of one operator.

    What `get_available_providers` lists is what was compiled in; only a session tells what works.
    """
    try:
        import numpy as np
        import onnxruntime
        import torch
        from onnx import TensorProto, helper
    except (ImportError, OSError) as error:
        yield Finding("error", "onnxruntime", f"cannot be imported: {error}"[:300], REPAIR)
        return
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2]) for name in ("x", "y")]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "probe", value[:1], value[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    wanted = ["CUDAExecutionProvider"] * torch.cuda.is_available() + ["CPUExecutionProvider"]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    works = []
    for provider in wanted:
        try:
            session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=[provider])
            (answer,) = session.run(None, {"x": np.array([-1, 2], np.float32)})
            if session.get_providers()[0] == provider and np.asarray(answer).tolist() == [0, 2]:
                works.append(provider.removesuffix("ExecutionProvider"))
        except Exception:  # onnxruntime raises classes of its own that share no base but Exception
            continue
    message = f"{onnxruntime.__version__}, usable: {', '.join(works) or 'nothing'}"
    if "CPU" not in works:
        yield Finding("error", "onnxruntime", message, REPAIR)
    elif len(works) < len(wanted):
        advice = (
            "graphs run on the CPU; onnxruntime-gpu must be built for torch's CUDA, and onnxruntime be absent"
        )
        yield Finding("warning", "onnxruntime", message, advice)
    else:
        yield Finding("ok", "onnxruntime", message)


def _checkout_pins(project: str) -> list[str]:
    path = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if not path.is_file():
        return []
    table = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {})
    if table.get("name") != project:
        return []
    extras = table.get("optional-dependencies", {})
    more = [f"{line}; extra == '{extra}'" for extra in EXTRAS for line in extras.get(extra, [])]
    return [*table.get("dependencies", []), *more]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
