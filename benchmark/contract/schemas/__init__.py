"""JSON Schemas of what crosses the border of a submission, for those who write one in another language.

The files beside this one are generated: `python -m lovt_bench.benchmark.contract.schemas` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lovt_bench.benchmark.contract.analysis_file import AnalysisHeader
from lovt_bench.benchmark.contract.backbone import BackboneManifest
from lovt_bench.benchmark.contract.base import Model
from lovt_bench.benchmark.contract.events import EVENT
from lovt_bench.benchmark.contract.run_contract import Limits, RunParameters
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.verdict import RunVerdict

FOLDER = Path(__file__).resolve().parent


def schemas() -> dict[str, dict[str, Any]]:
    """Return file name and schema of each model."""
    models: dict[str, type[Model]] = {
        "analysis": AnalysisHeader,
        "backbone": BackboneManifest,
        "limits": Limits,
        "run": RunParameters,
        "submission": Submission,
        "verdict": RunVerdict,
    }
    found = {f"{name}.json": model.model_json_schema() for name, model in models.items()}
    return {**found, "event.json": EVENT.json_schema()}


def schema_text(schema: dict[str, Any]) -> str:
    """Return a schema as it lies on disk."""
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_schemas(folder: Path = FOLDER) -> None:
    """Write all schemas."""
    for name, schema in schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")
