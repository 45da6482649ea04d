"""Disk, prepared data, weights and text models: what a run would look for here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from pydantic import BaseModel

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.dataset import DatasetManifest
from lovt_bench.benchmark.contract.manifest_files import (
    CORPUS,
    DATASET,
    MAKE_CORPUS,
    read_corpus_manifest,
    read_dataset_manifest,
)
from lovt_bench.benchmark.contract.model_file import ModelFileError
from lovt_bench.benchmark.contract.plain_file import holders

DISK_LOW, DISK_NONE = 20 << 30, 1 << 30
"""Bytes: a full run keeps features and checkpoints of this size; below the second nothing can be begun."""


def check_disk(workspace: Path) -> Iterator[Finding]:
    """Look whether the workspace can be written to and has room; it is not made."""
    there = workspace.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        advice = "take another: --workspace DIR or LOVT_BENCH_WORKSPACE"
        yield Finding("error", "workspace", f"{workspace} cannot be written to", advice)
        return
    free = shutil.disk_usage(there).free
    message = f"{workspace}, {free / 2**30:.0f} GiB free" + ("" if workspace.exists() else ", not made yet")
    if free < DISK_NONE:
        yield Finding("error", "workspace", message, "make room, or put it elsewhere with --workspace DIR")
    elif free < DISK_LOW:
        advice = f"enough for --profile demo; a full run wants {DISK_LOW >> 30} GiB"
        yield Finding("warning", "workspace", message, advice)
    else:
        yield Finding("ok", "workspace", message)


def check_prepared(workspace: Path, datasets: Sequence[str]) -> Iterator[Finding]:
    """Read the manifests of prepared data sets and corpora.

    Args:
        workspace: Their folders are `data/` and `corpora/` in it.
        datasets: All that are asked for by default.
    """
    stores = _manifests(workspace / "data", DATASET, lambda root: read_dataset_manifest(root, DATASET))
    yield from _damaged("dataset", stores)
    there = {name: one.track for name, one in stores.items() if isinstance(one, DatasetManifest)}
    missing = [name for name in datasets if name not in stores]
    if there:
        yield Finding("ok", "datasets", ", ".join(f"{name} ({track})" for name, track in there.items()))
    if missing:
        advice = (
            "`lovt-bench data prepare NAME --raw DIR`; without the data, `make demo` takes synthetic images"
        )
        yield Finding("warning", "datasets", f"not prepared: {', '.join(missing)}", advice)
    corpora = _manifests(workspace / "corpora", CORPUS, read_corpus_manifest)
    yield from _damaged("corpus", corpora)
    names = [f"{name} ({one.track})" for name, one in corpora.items() if isinstance(one, CorpusManifest)]
    if names:
        yield Finding("ok", "corpora", ", ".join(names))
    else:
        advice = f"to pre-train: {MAKE_CORPUS}"
        yield Finding("warning", "corpora", "none is prepared", advice)


def check_weights(workspace: Path) -> Iterator[Finding]:
    """Look for ImageNet's weights: as a backbone, in torch hub's cache, in the assets of containers."""
    from lovt_bench.benchmark.backbone.imagenet import DIGESTS, FILE, URL, cached_file

    containers = workspace / "assets" / "torch" / "hub" / "checkpoints" / FILE
    backbone = workspace / "backbones" / "imagenet" / "backbone.json"
    places = [path for path in (backbone, cached_file()) if path.is_file()]
    if places:
        yield Finding("ok", "ImageNet weights", str(places[0]))
    else:
        message = "not here; most methods start from them (else --set initial_weights=random)"
        advice = f"put {URL} (SHA-256 {DIGESTS[0]}…) at {cached_file()}"
        yield Finding("warning", "ImageNet weights", message, advice)
    if containers.is_file():
        yield Finding("ok", "ImageNet weights", f"{containers}, for containers")
    elif cached_file().is_file():
        what = f"put a copy at {containers}: containers have no network and see the assets only"
        yield Finding("warning", "ImageNet weights", "not where containers see them", what)


def check_text_model(workspace: Path) -> Iterator[Finding]:
    """Look for the published text model in the cache of Hugging Face, in containers' assets, and for the small one."""
    from lovt_bench.submissions.common.text.source import BUNDLED, BUNDLED_PACKAGE, PUBLISHED

    assets = workspace / "assets" / "huggingface" / "hub"
    if (assets / f"models--{PUBLISHED.replace('/', '--')}").is_dir():
        yield Finding("ok", "text model", f"{PUBLISHED} in {assets}, for containers")
    elif _cached(PUBLISHED):
        advice = f"`HF_HOME={assets.parent} hf download {PUBLISHED}`: containers have no network"
        yield Finding("warning", "text model", f"{PUBLISHED} is not where containers see it", advice)
    if _cached(PUBLISHED):
        yield Finding("ok", "text model", PUBLISHED)
        return
    small = f"; the small one, {BUNDLED}, is" if find_spec(BUNDLED_PACKAGE) else ""
    advice = f"`hf download {PUBLISHED}` where there is a network, or --set text_model=FOLDER or {BUNDLED}"
    yield Finding("warning", "text model", f"{PUBLISHED} is not here{small}", advice)


def _cached(name: str) -> bool:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        return False
    weights = ("model.safetensors", "pytorch_model.bin")
    found = {file: isinstance(try_to_load_from_cache(name, file), str) for file in ("config.json", *weights)}
    return found["config.json"] and any(found[file] for file in weights)


def _manifests(folder: Path, file: str, read: Callable[[Path], BaseModel]) -> dict[str, BaseModel | str]:
    """Return the manifests below a folder by name; what is wrong with it for a damaged one."""
    found: dict[str, BaseModel | str] = {}
    for name in holders(folder, file):
        try:
            found[name] = read(folder / name)
        except (OSError, ModelFileError) as error:
            found[name] = str(error)
    return found


def _damaged(kind: str, found: dict[str, BaseModel | str]) -> Iterator[Finding]:
    for name, problem in found.items():
        if isinstance(problem, str):
            yield Finding(
                "warning", f"{kind} {name}", f"damaged: {problem}"[:300], "prepare it again with --force"
            )
