"""Checks of report_sections: sections, selection, cleaning, header names (datasets.md section 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from lovt_bench.benchmark.data.corpus.reports.clean import clean
from lovt_bench.benchmark.data.corpus.reports.names import normalised_name
from lovt_bench.benchmark.data.corpus.reports.sections import parse_sections, select
from tests.parity.compare import Comparison, Failure
from tests.parity.golden import GoldenError, GoldenFile, guarded

PARTS = {"reports": {"id", "text"}, "header_names": {"header"}, "clean": {"text"}}
"""Parts of the file, and what the entries of each are made from; all else in an entry is expected output."""

NOT_OURS = {"selected_clean_keep_newlines", "keep_newlines"}
"""Outputs of a mode of the reference in which texts keep their lines; the protocol has no use for it."""


def check_report_sections(golden: GoldenFile) -> Iterator[Comparison | Failure]:
    """Compare every output of every entry; an output that no check knows is a failure."""
    content = golden.content
    if not isinstance(content, dict) or content.keys() - PARTS.keys():
        raise GoldenError(f"{golden.path.name}: expected the parts {', '.join(PARTS)}")
    compute = {"reports": _report, "header_names": _header, "clean": _cleaned}
    for part, entries in content.items():
        for number, entry in enumerate(entries):
            case = str(entry.get("id", f"{part} {number}"))
            yield from guarded(case, partial(_compare, case, entry, PARTS[part], compute[part]))


def _compare(case: str, entry: dict[str, Any], inputs: set[str], compute: Any) -> Iterator[Comparison]:
    got = compute(entry)
    for quantity in entry.keys() - inputs - NOT_OURS:
        if quantity not in got:
            raise GoldenError(f"output {quantity!r} is not known to the check")
        yield Comparison(case, quantity, _text(got[quantity]), _text(entry[quantity]))
    if missing := got.keys() - entry.keys():
        raise GoldenError(f"outputs are missing: {', '.join(sorted(missing))}")


def _text(value: Any) -> str:
    """Return a value as JSON, so that null, numbers and nested lists are compared exactly."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _report(entry: dict[str, Any]) -> dict[str, Any]:
    sections = parse_sections(entry["text"])
    selected = select(sections)
    return {
        "sections": [{"name": one.name, "start": one.start, "text": one.text} for one in sections],
        "selected": selected,
        "selected_clean": selected and {name: clean(text) for name, text in selected.items()},
    }


def _header(entry: dict[str, Any]) -> dict[str, Any]:
    return {"normalised": normalised_name(entry["header"])}


def _cleaned(entry: dict[str, Any]) -> dict[str, Any]:
    return {"one_line": clean(entry["text"])}


CHECKS = {"report_sections": check_report_sections}
