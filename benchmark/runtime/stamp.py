"""A manifest written by the harness: what it knows takes the place of what the submission says.

Of the submission's manifest only this is kept: what the check compares with the files (architecture, levels, input,
parameters, digests), and what describes the training and cannot be known from outside (hyperparameters, epochs,
images, device, notes, versions), the latter as bounded clean text.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmark.contract.backbone import BackboneManifest, Provenance
from benchmark.contract.untrusted import clean_text

NOTES = 20
HYPERPARAMETER_BYTES = 1 << 16


@dataclass(frozen=True)
class Known:
    """What the harness knows of a run."""

    name: str
    display_name: str
    method: str
    variant: str | None
    profile: str
    fraction: float | None
    seed: int
    corpus_sha256: str | None
    inputs_sha256: str
    pretraining_data: tuple[str, ...] | None
    """None: what the manifest says, because this repository's own code wrote it."""
    image_digest: str | None
    seconds: float
    peak_memory_bytes: int | None
    made_by: str | None = None
    begun_with: tuple[str, ...] = ()
    """Digests of the inputs that the run had before."""


def stamp_own(manifest: BackboneManifest, known: Known) -> BackboneManifest:
    """Return the manifest of a method that ran as a process: its code is ours, and so are its measurements."""
    provenance = manifest.provenance.model_copy(
        update={
            "method": known.method,
            "variant": known.variant,
            "seed": known.seed,
            "corpus_sha256": known.corpus_sha256,
            "inputs_sha256": known.inputs_sha256,
            "begun_with": list(known.begun_with),
            "made_by": known.made_by,
        }
    )
    return manifest.model_copy(update={"name": known.name, "provenance": provenance})


def stamp_foreign(manifest: BackboneManifest, known: Known) -> BackboneManifest:
    """Return the manifest of a backbone that a container left."""
    said = manifest.provenance
    data = list(said.pretraining_data if known.pretraining_data is None else known.pretraining_data)
    provenance = Provenance(
        method=known.method,
        variant=known.variant,
        profile=known.profile,
        fraction=known.fraction,
        seed=known.seed,
        corpus_sha256=known.corpus_sha256,
        inputs_sha256=known.inputs_sha256,
        begun_with=list(known.begun_with),
        image_digest=known.image_digest,
        made_by=known.made_by,
        pretraining_data=[clean_text(name, 80) for name in data[:NOTES]],
        hyperparameters=_clean_object(said.hyperparameters),
        seconds=round(known.seconds, 1),
        images=said.images,
        epochs=said.epochs,
        best_epoch=said.best_epoch,
        device=None if said.device is None else clean_text(said.device, 80),
        peak_memory_bytes=known.peak_memory_bytes,
        notes=[clean_text(note, 300) for note in said.notes[:NOTES]],
    )
    return manifest.model_copy(
        update={
            "name": known.name,
            "display_name": known.display_name,
            "provenance": provenance,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {
                clean_text(k, 40): clean_text(v, 40) for k, v in list(manifest.versions.items())[:NOTES]
            },
        }
    )


def _clean_object(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values)) > HYPERPARAMETER_BYTES:
        return {"left out": f"more than {HYPERPARAMETER_BYTES} bytes"}
    return {clean_text(key, 80): _clean(value) for key, value in values.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value, 300)
    if isinstance(value, dict):
        return {clean_text(str(key), 80): _clean(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value
