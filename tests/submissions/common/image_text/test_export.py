"""What a method leaves for the analysis is optional: a backbone is exported without it, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.plugins.layer_sync import TorchSyncBatchNorm
from safetensors import safe_open

from lovt_bench.benchmark.backbone.analysis_file import open_analysis
from lovt_bench.benchmark.backbone.folder import write_backbone
from lovt_bench.benchmark.contract.analysis_file import HEADER_ENTRY, AnalysisHeader
from lovt_bench.submissions.common import export
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import Choice
from lovt_bench.submissions.common.image_text.analysis_file import TextOrigin
from lovt_bench.submissions.common.text.tokeniser import ReportTokeniser
from lovt_bench.submissions.common.training import TrainingResult
from lovt_bench.submissions.convirt.pretrain import ConVIRT, Settings
from tests.submissions.common.image_text.conftest import TINY


def nothing(module: ConVIRT) -> None:
    """Leave a method as it is."""


def not_finite(module: ConVIRT) -> None:
    torch.nn.init.constant_(module.report_head.inner.weight, torch.nan)


def another_activation(module: ConVIRT) -> None:
    module.text.bert.config.hidden_act = "silu"


def a_long_name(module: ConVIRT) -> None:
    module.text_origin = TextOrigin("x" * 130, has_folder=False)


def a_token_twice(module: ConVIRT) -> None:
    module.tokeniser = ReportTokeniser([*module.tokeniser.vocabulary(), "[PAD]"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (nothing, None),
        (not_finite, "NaN or infinity in report_global_head.inner.weight"),
        (another_activation, "activation"),
        (a_long_name, "name"),
        (a_token_twice, "list each token once"),
    ],
)
def test_a_backbone_is_exported_with_or_without_its_file(
    change: Callable[[ConVIRT], None],
    said: str | None,
    corpus: Corpus,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "write_backbone", partial(write_backbone, onnx=False))
    module = ConVIRT(Settings.model_validate(TINY), corpus, 0)
    change(module)
    result = TrainingResult(
        epochs=1,
        best_epoch=None,
        monitored=None,
        samples=8,
        seconds=1.0,
        device="cpu",
        made_with=None,  # type: ignore[arg-type]
        peak_memory=1,
        limit_reached=False,
        is_global_zero=True,
    )
    written = export.export(
        module,
        result,
        method="convirt",
        name="mine",
        display_name="Mine",
        choice=Choice(None, 1.0, {}),
        profile="demo",
        seed=0,
        output=tmp_path,
    )
    found = open_analysis(tmp_path / "backbone", written)
    notes = [note for note in written.provenance.notes if "analysis.safetensors" in note]
    if said is None:
        assert found is not None
        assert notes == []
    else:
        assert found is None
        [note] = notes
        assert note.startswith("without analysis.safetensors: ")
        assert said in note


def test_heads_keep_their_norm_after_statistics_were_synchronised(corpus: Corpus, tmp_path: Path) -> None:
    """On several GPUs Lightning leaves another class of batch norm behind; the norm was dropped without a word."""
    module = ConVIRT(Settings.model_validate({**TINY, "projection_norm": "batch"}), corpus, 0)
    synchronised = torch.nn.SyncBatchNorm.convert_sync_batchnorm(module.image_head.norm)
    module.image_head.add_module("norm", TorchSyncBatchNorm().revert(synchronised))
    content = module.analysis("convirt", "0" * 64)
    assert content is not None
    (tmp_path / "file").write_bytes(content)
    with safe_open(tmp_path / "file", "pt") as file:
        header = AnalysisHeader.model_validate_json(file.metadata()[HEADER_ENTRY])
        assert "image_global_head.norm.running_var" in file.keys()  # noqa: SIM118
    assert header.image.global_head is not None
    assert header.image.global_head.norm
