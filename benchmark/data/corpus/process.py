"""One study from listing to stored rows. Runs in worker processes, reads raw images, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lovt_bench.benchmark.data import walk
from lovt_bench.benchmark.data.corpus.image import StoredImage, stored_image
from lovt_bench.benchmark.data.corpus.listing import ListedImage, ListedStudy, ReportText
from lovt_bench.benchmark.data.corpus.reports.clean import clean
from lovt_bench.benchmark.data.corpus.splitters import splitter
from lovt_bench.benchmark.data.errors import BadImageError, DataError
from lovt_bench.benchmark.data.images import read_bytes
from lovt_bench.benchmark.data.remarks import collected

PER_IMAGE = "images: "
"""How a reason begins that counts images; others count studies."""
NO_SENTENCE = "studies: findings and impression give no sentence"
FEW_TOKENS = "studies: findings and impression have fewer than {} tokens"
NO_IMAGE = "studies: no image left"
MISSING = "images: file is missing"
UNREADABLE = "images: cannot be read"


@dataclass(frozen=True)
class Task:
    """A study with its report, as it goes to a worker; `left_out` says why it is not to be used."""

    study: ListedStudy
    report: ReportText | None
    left_out: str | None = None


@dataclass(frozen=True)
class Settings:
    """What is the same for all studies of a corpus."""

    root: Path
    side: int
    splitter: str | None
    minimum_tokens: int
    strict: bool
    displayed: bool


@dataclass(frozen=True)
class SplitReport:
    """Cleaned sentences, and token counts by the splitter."""

    findings: tuple[str, ...] = ()
    impression: tuple[str, ...] = ()
    findings_tokens: int = 0
    impression_tokens: int = 0


@dataclass
class Done:
    """A processed study.

    Attributes:
        images: Images that could be read; none if the study is left out.
        left_out: Reasons, one for each image or study that is left out.
        problems: Messages that name the files behind these reasons.
        remarks: What decoders remarked on files, by path.
    """

    study: ListedStudy
    report: SplitReport = field(default_factory=SplitReport)
    images: list[tuple[ListedImage, StoredImage]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    remarks: list[tuple[str, list[str]]] = field(default_factory=list)


def split_report(report: ReportText, name: str) -> SplitReport:
    """Cut both texts into sentences and clean these."""
    found = [splitter(name).split(text) for text in (report.findings, report.impression)]
    cleaned = [tuple(one for text in part.texts if (one := clean(text))) for part in found]
    return SplitReport(cleaned[0], cleaned[1], found[0].tokens, found[1].tokens)


def report_problem(report: SplitReport, minimum_tokens: int) -> str | None:
    """Return the reason why a report is not usable, or None."""
    if not report.findings and not report.impression:
        return NO_SENTENCE
    if report.findings_tokens + report.impression_tokens < minimum_tokens:
        return FEW_TOKENS.format(minimum_tokens)
    return None


def process(task: Task, settings: Settings) -> Done:
    """Return the study with its sentences and images, or the reasons why it is left out.

    Raises:
        DataError: A strict corpus has a report without a sentence.
    """
    done = Done(task.study)
    if task.left_out is not None:
        done.left_out.append(task.left_out)
        return done
    if task.report is not None and settings.splitter is not None:
        done.report = split_report(task.report, settings.splitter)
        if reason := report_problem(done.report, settings.minimum_tokens):
            if settings.strict:
                raise DataError(
                    f"{task.study.origin}: the text gives no sentence; fill it or take the row out"
                )
            done.left_out.append(reason)
            return done
    for image in task.study.images:
        path = settings.root / image.source
        try:
            with collected() as remarks:
                stored = stored_image(read_bytes(path), settings.side, displayed=settings.displayed)
        except BadImageError as error:
            done.left_out.append(MISSING if str(error) == walk.MISSING else UNREADABLE)
            done.problems.append(f"{image.source} ({task.study.origin}): {error}")
        else:
            done.images.append((image, stored))
            if remarks:
                done.remarks.append((image.source, remarks))
    if not done.images:
        done.left_out.append(NO_IMAGE)
    return done


def process_chunk(settings: Settings, chunk: Sequence[Task]) -> list[Done]:
    """Process some studies."""
    return [process(task, settings) for task in chunk]
