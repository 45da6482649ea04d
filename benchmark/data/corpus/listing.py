"""What a preparer says about a corpus: studies as the tables list them, no image and no report opened yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from lovt_bench.benchmark.contract.dataset import LeftOutImages, SplitName, Track


@dataclass(frozen=True)
class ListedImage:
    """One image of a study."""

    id: str
    source: str
    """Path relative to the raw folder, forward slashes."""
    view: str = ""


@dataclass(frozen=True)
class ListedStudy:
    """One study with its images in stored order."""

    id: str
    patient: str
    split: SplitName
    origin: str
    """What messages call it: `study 50414267`, `pairs.csv row 12`."""
    images: tuple[ListedImage, ...]
    date: str | None = None
    labels: tuple[float, ...] = ()
    """Binary, in the order of the corpus's label names."""
    raw_labels: tuple[float, ...] = ()


@dataclass(frozen=True)
class ReportText:
    """The two texts of a report that are used; a missing one is empty."""

    findings: str
    impression: str


class NoReportError(Exception):
    """A study has no usable report; the message is the reason under which it is counted."""


@dataclass(frozen=True)
class Listing:
    """Everything that is known of a corpus before an image is opened.

    Attributes:
        studies: Train, then validation, then test, each in stored order.
        report: Returns the two texts of a study; raises `NoReportError`, or `DataError` where a study must have one.
            None for a corpus without reports.
        minimum_tokens: A study whose report has fewer is left out.
        displayed: Whether images are stored as a viewer displays them; else 8-bit values as they are.
        left_out: Reason and number of what the tables alone decided.
        images_found: Images that the tables list or that lie in the raw folder.
        images_left_out: Those that are in none of the studies.
        remarks: Sentences about what else was found.
        state: What the corpus is made from, for the digest that tells whether anything changed: anything JSON-like.
    """

    name: str
    display_name: str
    track: Track
    root: Path
    studies: list[ListedStudy]
    state: list[object]
    images_found: int
    images_left_out: tuple[LeftOutImages, ...] = ()
    remarks: tuple[str, ...] = ()
    displayed: bool = False
    label_names: tuple[str, ...] = ()
    report: Callable[[ListedStudy], ReportText] | None = None
    minimum_tokens: int = 0
    strict: bool = False
    """Whether a report without a sentence is an error rather than a reason to leave the study out."""
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()
