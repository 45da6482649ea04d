"""The end of a run: a backbone folder with everything that is known of its making."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lovt_bench.benchmark.backbone.folder import write_backbone
from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.weights import weights_digest
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE, AnalysisHeader
from lovt_bench.benchmark.contract.backbone import BackboneManifest, Provenance
from lovt_bench.benchmark.contract.base import wrong_fields
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.temporary import new_folder
from lovt_bench.submissions.common.declaration import Choice
from lovt_bench.submissions.common.errors import PretrainingError
from lovt_bench.submissions.common.module import PretrainingModule
from lovt_bench.submissions.common.training import TrainingResult

FOLDER = "backbone"
"""Name of the backbone's folder in the output folder."""


def export(
    module: PretrainingModule,
    result: TrainingResult,
    *,
    method: str,
    name: str,
    display_name: str,
    choice: Choice,
    profile: str,
    seed: int,
    output: Path,
) -> BackboneManifest:
    """Write `<output>/backbone/` whole or not at all; notes say why the method's file for the analysis is not in it.

    Raises:
        PretrainingError: The weights are not finite.
    """
    manifest = module.corpus.manifest
    hyperparameters: dict[str, Any] = module.settings.model_dump(mode="json")
    if result.monitored is not None and module.monitor is not None:
        hyperparameters["result"] = {f"best {module.monitor.name}": round(result.monitored, 6)}
    notes = list(module.notes)
    if result.limit_reached:
        notes.append(f"ended by the time limit after {result.epochs} of {module.settings.max_epochs} epochs")
    content, lacking = _analysis(module, method)
    if lacking is not None:
        notes.append(f"without {ANALYSIS_FILE}: {lacking}")
    provenance = Provenance(
        method=method,
        variant=choice.variant,
        profile=profile,
        fraction=choice.fraction,
        seed=seed,
        corpus_sha256=manifest.identity(),
        pretraining_data=[*module.initial_data, manifest.display_name],
        hyperparameters=hyperparameters,
        seconds=round(result.seconds, 1),
        images=result.samples,
        epochs=result.epochs,
        best_epoch=result.best_epoch,
        device=result.device,
        made_with=result.made_with,
        peak_memory_bytes=result.peak_memory,
        notes=notes,
    )
    try:
        with new_folder(output / FOLDER) as folder:
            written = write_backbone(
                folder, module.backbone.cpu(), name=name, display_name=display_name, provenance=provenance
            )
            if content is not None:
                (folder / ANALYSIS_FILE).write_bytes(content)
            return written
    except BackboneError as error:
        raise PretrainingError(f"training ended, but its backbone cannot be exported: {error}") from error


def _analysis(module: PretrainingModule, method: str) -> tuple[bytes | None, str | None]:
    """Return the content of the method's file where there is one, and why there is none where there should be."""
    try:
        return module.analysis(method, weights_digest(module.backbone)), None
    except ValidationError as error:
        return None, clean_text(wrong_fields(error, AnalysisHeader), 300)
    except (BackboneError, PretrainingError) as error:
        return None, clean_text(str(error), 300)
