"""`leaderboard.json`, the source of truth, and the JSON Schema that it follows."""

from __future__ import annotations

import json
from functools import cache

from lovt_bench.benchmark.contract.leaderboard import Leaderboard


def as_json(leaderboard: Leaderboard) -> str:
    """Return canonical JSON."""
    return leaderboard.to_json()


def json_schema(leaderboard: Leaderboard | None = None) -> str:
    """Return the JSON Schema (draft 2020-12) of every leaderboard; the argument does not matter."""
    return _schema()


@cache
def _schema() -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Leaderboard.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
