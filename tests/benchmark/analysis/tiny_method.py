"""Methods of a few channels, exported as a run exports them, on a corpus of a few images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from lovt_bench.benchmark.analysis.corpus_store import corpus_store, corpus_studies
from lovt_bench.benchmark.analysis.question import Question, analysis_file_of
from lovt_bench.benchmark.backbone.folder import write_backbone
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.submissions.clip.pretrain import CLIP
from lovt_bench.submissions.clip.pretrain import Settings as ClipSettings
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.image_text.module import ImageTextModule
from lovt_bench.submissions.convirt.pretrain import ConVIRT
from lovt_bench.submissions.convirt.pretrain import Settings as ConVIRTSettings
from lovt_bench.submissions.lovt.pretrain import LoVT
from lovt_bench.submissions.lovt.settings import Settings
from lovt_bench.tasks.protocol import load_protocol
from tests.submissions.common.image_text.conftest import TINY

METHODS: dict[str, tuple[type[ImageTextModule], type[Any]]] = {
    "lovt": (LoVT, Settings),
    "clip": (CLIP, ClipSettings),
    "convirt": (ConVIRT, ConVIRTSettings),
}
SIDE = 64


def built(name: str, corpus: Path, **changes: Any) -> ImageTextModule:
    """Return a method whose norms have seen something, so that they do what no identity does."""
    method, settings = METHODS[name]
    torch.manual_seed(0)
    module = method(settings.model_validate({**TINY, **changes}), Corpus(corpus), 0)
    for part in module.modules():
        if (
            isinstance(part, torch.nn.BatchNorm1d)
            and part.running_mean is not None
            and part.running_var is not None
        ):
            torch.nn.init.normal_(part.running_mean)
            torch.nn.init.uniform_(part.running_var, 0.5, 2)
    return module.eval()


def exported(module: ImageTextModule, name: str, workspace: Path) -> Path:
    """Write the folder of a backbone, with the method's file."""
    root = workspace / "backbones" / name
    with new_folder(root) as folder:
        made = write_backbone(
            folder,
            module.backbone,
            name=name,
            display_name=name,
            provenance=Provenance(method=name),
            onnx=False,
        )
        content = module.analysis(name, made.sha256)
        assert content is not None
        (folder / ANALYSIS_FILE).write_bytes(content)
    return root


def asked(name: str, corpus: Path, workspace: Path, **changes: Any) -> Question:
    """Return the question of `lovt-bench analyze NAME --corpus CORPUS`."""
    source = resolve(name, workspace)
    store = corpus_store(corpus, "test", load_protocol("lovt-2022").data, workspace / "features")
    values: dict[str, Any] = {
        "source": source,
        "kind": "corpus",
        "dataset_sha256": Corpus(corpus).manifest.identity(),
        "store": store,
        "side": SIDE,
        "half": False,
        "device": torch.device("cpu"),
        "workspace": workspace,
        "seed": 0,
        "protocol": "lovt-2022",
        "studies": corpus_studies(corpus, "test"),
        "file": analysis_file_of(source),
    }
    return Question(**{**values, **changes})
