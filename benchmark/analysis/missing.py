"""What of analysis.md section 3 a report does not hold, and why."""

from __future__ import annotations

from collections.abc import Iterator

from lovt_bench.benchmark.analysis.question import Question
from lovt_bench.benchmark.contract.analysis_file import ANALYSIS_FILE, AnalysisHeader

REPORTS = "reports (yl_b, yg_b)"
GLOBAL = "projections of images and reports (zg_a, zg_b) and their pair (zg_a;zg_b)"
LOCAL = (
    "projections of regions and sentences (zl_a, zl_b, zl_a&b, zl_a_avg, zl_b_avg), their pairs (zl_a||zl_b, "
    "zl_a_avg;zl_b_avg) and modality assignment"
)
ATTENDED = "what each side says of the other (zl_a;zl_b2a, zl_b;zl_a2b), retrieval and attention"
WEIGHTED = "means weighted by region or sentence"


def missing(question: Question) -> list[str]:
    """Return what is not measured, each with the reason."""
    if question.method is None:
        why = question.no_method
        return [f"{what}: {why}" for what in (REPORTS, GLOBAL, LOCAL, ATTENDED, WEIGHTED)]
    header = question.method.header
    return [*_without_reports(question, header), *_not_of_the_method(header)]


def _without_reports(question: Question, header: AnalysisHeader) -> Iterator[str]:
    if question.reports is not None:
        return
    why = f"{question.store.manifest.name} has no reports"
    yield f"{REPORTS}: {why}"
    if header.image.global_head is not None:
        yield f"zg_b, zg_a;zg_b: {why}"
    if header.image.local_head is not None:
        yield f"zl_b, zl_a&b, zl_b_avg, zl_a||zl_b, zl_a_avg;zl_b_avg and modality assignment: {why}"
    if header.cross_attention:
        yield f"{ATTENDED}: {why}"


def _not_of_the_method(header: AnalysisHeader) -> Iterator[str]:
    method = header.method
    if header.image.global_head is None:
        yield f"{GLOBAL}: {method} has no global projections in its {ANALYSIS_FILE}"
    if header.image.local_head is None:
        yield f"{LOCAL}: {method} has no local projections in its {ANALYSIS_FILE}"
    if not header.cross_attention:
        yield f"{ATTENDED}: {method} has no cross attention in its {ANALYSIS_FILE}"
    if not (header.image.pooling.learnt or header.report.pooling.learnt):
        yield f"{WEIGHTED}: {method} learnt no weights of regions or sentences"
