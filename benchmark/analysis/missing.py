"""What of analysis.md section 3 a report does not hold, and why."""

from __future__ import annotations

from collections.abc import Iterator

from lovt_bench.benchmark.analysis.question import Question
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE, AnalysisHeader

REPORTS = "reports (yl_b, yg_b)"
GLOBAL = "global projections (zg_a, zg_b, zg_a;zg_b)"
LOCAL = "local projections (zl_a, zl_b, zl_a&b, zl_a_avg, zl_b_avg, zl_a||zl_b, zl_a_avg;zl_b_avg), modality assignment"
ATTENDED = "cross attention (zl_a;zl_b2a, zl_b;zl_a2b), retrieval, attention"
WEIGHTED = "means weighted by region or sentence"


def missing(question: Question) -> list[str]:
    """Return what is not measured, each with the reason."""
    if question.method is None:
        return [f"{'; '.join((REPORTS, GLOBAL, LOCAL, ATTENDED, WEIGHTED))}: {question.no_method}"]
    header = question.method.header
    return [
        *_not_of_the_method(header),
        *([] if question.no_text is None else _of_text(header, question.no_text)),
    ]


def _not_of_the_method(header: AnalysisHeader) -> Iterator[str]:
    there = {
        GLOBAL: header.image.global_head is not None,
        LOCAL: header.image.local_head is not None,
        ATTENDED: header.cross_attention,
        WEIGHTED: header.image.pooling.learnt or header.report.pooling.learnt,
    }
    if lacking := [what for what, is_there in there.items() if not is_there]:
        yield f"{'; '.join(lacking)}: {header.method} has none in its {ANALYSIS_FILE}"


def _of_text(header: AnalysisHeader, why: str) -> Iterator[str]:
    lacking = [REPORTS]
    if header.image.global_head is not None:
        lacking.append("zg_b, zg_a;zg_b")
    if header.image.local_head is not None:
        lacking.append("zl_b, zl_a&b, zl_b_avg, zl_a||zl_b, zl_a_avg;zl_b_avg, modality assignment")
    if header.cross_attention:
        lacking.append(ATTENDED)
    yield f"{'; '.join(lacking)}: {why}"
