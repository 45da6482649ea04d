"""`leaderboard.json`: one leaderboard version, the source of truth for every other rendering of it.

Metrics are fractions in [0, 1], published ones too; only renderings show percent. Rows of two groups of
results (protocol, profile, track, splits, with their digests) never share a table.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.analysis import Analysis
from lovt_bench.benchmark.contract.base import Model, Name, Sha256, is_empty
from lovt_bench.benchmark.contract.dataset import Splits, Track
from lovt_bench.benchmark.contract.embedding_facts import EmbeddingFacts
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.notice import Notice
from lovt_bench.benchmark.contract.replication import Replication
from lovt_bench.benchmark.contract.submission import Supervision
from lovt_bench.benchmark.contract.task import HeadName

IntervalKind = Literal["student-t", "normal"]
"""`student-t`: t(0.975, n - 1) · std / √n. `normal`: 1.96 · std / √n, as the paper reports it."""

CellStatus = Literal["complete", "partial", "diverged"]
"""`complete`: all runs of the profile ended well. `partial`: some have not run yet. `diverged`: at least one
run diverged. A cell without any run is absent: it is missing."""


Evidence = Literal["declared", "validated", "reproduced", "retrained"]
"""How far a row was checked by the keeper of the board, each step includes the ones before. `declared`: numbers or run
records of somebody else. `validated`: weights are here and passed the checks. `reproduced`: the keeper evaluated these
weights. `retrained`: the keeper made them by running the submission's container, and evaluated them."""

ArchitectureClass = Literal["paper", "open"]
"""`paper`: ResNet-50, as every published row. `open`: any other backbone."""

OverlapMark = Literal["clean", "overlapping", "unknown"]
"""Whether pre-training data share images with an evaluation dataset."""


class Overlap(Model):
    """What is known of shared images between a row's pre-training data and one evaluation dataset."""

    dataset: str
    mark: OverlapMark
    reasons: list[str] = []
    """Sentences that name pre-training dataset, source and how sure it is."""


class ClaimedValue(Model):
    """What the submitter says a cell is, as fractions."""

    value: float = Field(ge=0, le=1)
    interval95: NonNegativeFloat | None = None
    """Half-width, as claimed."""
    difference: float | None = None
    """Measured mean minus claimed value; None where nothing is measured."""


class Cost(Model):
    """What the runs behind a cell took, tuning included."""

    runs: NonNegativeInt
    """Runs summed over."""
    seconds: NonNegativeFloat
    devices: list[str] = []
    """Kinds of device, sorted."""
    peak_memory_bytes: NonNegativeInt | None = None
    energy_joules: NonNegativeFloat | None = None


class Curve(Model):
    """The monitored validation metric by epoch, mean over the final runs that still trained, thinned out."""

    epochs: list[NonNegativeInt]
    values: list[float]


class Summary(Model):
    """Repeated runs in four numbers. A spread that is undefined (one run) or was not published is None."""

    runs: PositiveInt
    mean: float
    std: NonNegativeFloat | None = None
    """Sample standard deviation, divisor n - 1."""
    interval95_normal: NonNegativeFloat | None = None
    """Half-width 1.96 · std / √n (evaluation.md section 3)."""
    interval95_student: NonNegativeFloat | None = None
    """Half-width t(0.975, n - 1) · std / √n: honest for few runs."""

    def interval(self, kind: IntervalKind) -> float | None:
        """Return the half-width of that kind."""
        return self.interval95_student if kind == "student-t" else self.interval95_normal


class OverImages(Model):
    """How far a cell's mean holds for other images of the same source and other training seeds together.

    From the predictions of its distinct runs (docs/statistics.md); the other intervals are about seeds alone.
    """

    interval95: NonNegativeFloat
    """Half-width."""
    share_of_seeds: float = Field(ge=0, le=1)
    """Of the variance."""
    runs: PositiveInt
    """Distinct ones."""
    images: PositiveInt
    patients: PositiveInt | None = None
    """None where the image store knows nobody."""


class RunValue(Model):
    """One final run behind a cell."""

    seed: int
    key: Sha256
    """Key of the run record."""
    value: float | None
    """Test metric; None for a diverged run."""


class Cell(Model):
    """What one row reached on one task."""

    task: str
    status: CellStatus
    summary: Summary | None
    """Over the runs that ended well; None where there is none."""
    rank: PositiveFloat | None = None
    """1 is best; tied rows share the average. Only in complete rows, among complete rows."""
    best: bool = False
    second: bool = False
    learning_rate: PositiveFloat | None = None
    runs: list[RunValue] = []
    """By seed; empty for published cells."""
    extra: dict[str, Summary] = {}
    """The task's further test metrics."""
    claimed: ClaimedValue | None = None
    cost: Cost | None = None
    curve: Curve | None = None
    grid_edge: Literal["lowest", "highest"] | None = Field(default=None, exclude_if=is_empty)
    """The tuned learning rate is the lowest or highest of its grid: a better one may lie beyond. This and what follows
    are absent where there is nothing to say, as in boards of records of schema 1."""
    mixed: list[str] = Field(default=[], exclude_if=is_empty)
    """Sentences: in what its runs, tuning included, are not of one kind, though `evaluate` never mixes them."""
    made_with: dict[str, list[str]] = Field(default={}, exclude_if=is_empty)
    """What made its runs, tuning included: label to distinct values."""
    over_images: OverImages | None = Field(default=None, exclude_if=is_empty)
    """None where no predictions were at hand, or nobody asked for it."""


class _RowId(Model):
    id: Name
    """Name of the backbone; `submission` in run records."""


class RowFacts(Model):
    """What is known of a backbone beside its numbers: a field here is in its row and in what the row is made of."""

    display_name: str = Field(min_length=1, max_length=80)
    """Free of control characters, else as written: escape before show."""
    method: str
    """Rows of one method at several fractions share it."""
    fraction: float | None = Field(default=None, gt=0, le=1)
    """Share of the pre-training corpus; None where there is none."""
    supervision: Supervision = "unknown"
    paper: str | None = None
    pretraining_data: list[str] = []
    """Titles of the vocabulary, or free text."""
    description: str = ""


class Row(RowFacts, _RowId):
    """One backbone."""

    architecture: str | None = None
    architecture_class: ArchitectureClass | None = None
    parameters: PositiveInt | None = None
    network: NetworkFacts | None = Field(default=None, exclude_if=is_empty)
    """Family and cost of the architecture; absent where nobody says them, as in older boards."""
    evidence: Evidence | None = None
    """None in published tables."""
    overlaps: list[Overlap] = []
    """One per dataset of the table."""
    frozen_only: bool = False
    """A graph without weights: only tasks on a frozen backbone can be measured."""
    provenance: dict[str, str] = {}
    """What the backbone's manifest says of its making, label to text, in the order to show."""
    audit: dict[str, str] = {}
    """Counts and digests of the submitter's overlap audit, label to text; empty where there is none."""
    stale: list[str] = []
    """Sentences: which digests of protocol, data or backbone are no longer those here. Empty: the row is current."""
    contradictions: list[str] = []
    """Sentences: what in its run records cannot be true."""
    disputed: list[str] = Field(default=[], exclude_if=is_empty)
    """Sentences: what the keeper says of a dispute about it. It counts all the same."""
    backbone_sha256: Sha256 | None = None
    embeddings: list[EmbeddingFacts] = Field(default=[], exclude_if=is_empty)
    """What `lovt-bench analyze` found in its embeddings; no rank depends on it. Absent where nothing was analysed."""
    cells: list[Cell]
    """In the order of the table's columns; missing ones are absent."""
    complete: bool
    """Every task of the table is measured (complete or diverged)."""
    mean_rank: PositiveFloat | None
    """Mean over the table's tasks of `Cell.rank`; None unless the row is complete."""
    best_on: NonNegativeInt
    """Number of tasks on which the row is best."""

    def cell(self, task: str) -> Cell | None:
        """Return the cell of a task, None where it is missing."""
        return next((cell for cell in self.cells if cell.task == task), None)


class Column(Model):
    """One task of a table, on one edition of its data."""

    task: str
    number: PositiveInt
    title: str
    dataset: str
    head: HeadName
    backbone: Literal["frozen", "fine-tuned"]
    train_fraction: float
    metric: str
    metric_label: str
    train_images: NonNegativeInt
    dataset_sha256: Sha256 | None = None
    """Identity of the image store; None for published numbers."""
    task_sha256: Sha256 | None = None


class MethodCount(Model):
    """A method counted over all its rows."""

    method: str
    rows: list[Name]
    best_on: NonNegativeInt
    """Number of tasks on which any of the rows is best."""


class CleanRanking(Model):
    """A ranking over some of the tasks: without those whose images a row may have seen, or on frozen backbones."""

    tasks: list[str]
    """Tasks that count."""
    rows: list[Name]
    """Ranked, best first."""
    mean_ranks: list[float]
    """One per row."""
    left_out: list[Name] = []
    """Rows that overlap with too many tasks to be ranked here, or are not complete."""
    note: str = ""


class Claim(Model):
    """A count of a source, recomputed from its numbers."""

    method: str
    without: list[str] = []
    """Methods whose rows are left out of the count."""
    best_on: NonNegativeInt
    tasks: NonNegativeInt
    text: str


class Source(Model):
    """Where published numbers come from."""

    citation: str
    url: str


class Table(Model):
    """Rows that may be compared with each other, and nothing else."""

    id: Name
    kind: Literal["runs", "published", "claimed"]
    """`claimed`: numbers of submitters, nothing measured here."""
    title: str
    statement: str
    """What the numbers are and what they may be compared with, in one or two sentences."""
    protocol: str
    protocol_sha256: Sha256 | None = None
    profile: str
    profile_sha256: Sha256 | None = None
    track: Track
    splits: Splits
    interval: IntervalKind
    """The interval that renderings show."""
    expected_runs: PositiveInt
    """Runs that make a cell complete."""
    columns: list[Column]
    rows: list[Row]
    methods: list[MethodCount]
    claims: list[Claim] = []
    clean: CleanRanking | None = None
    """None where no row overlaps: then it is the ranking itself."""
    frozen: CleanRanking | None = None
    """Over the tasks on a frozen backbone; None where no row is frozen-only."""
    analysis: Analysis | None = None
    notes: list[str] = []
    """What was left out or looks odd, in sentences."""
    controls: list[Row] = Field(default=[], exclude_if=is_empty)
    """Canaries and the ceiling: measured as the rows are, but no methods, so that they have no place and no rank."""
    source: Source | None = None
    suite: Name | None = Field(default=None, exclude_if=is_empty)
    """What a table of runs ranks by; absent in those of the board's own suite, as in older boards."""


class InputFile(Model):
    """A file whose content this version rests on."""

    path: str
    """With `/`, below the results folder, or `published/…`."""
    sha256: Sha256
    records: NonNegativeInt
    """Run records or published values read from it."""


class Leaderboard(Model):
    """One version. It depends on run records, published rows and descriptions of submissions only."""

    schema_version: Literal[1] = 1
    version: Name
    updated: str | None
    """When the newest run that is shown finished (ISO 8601, UTC)."""
    tables: list[Table]
    inputs: list[InputFile]
    """Sorted by path."""
    keeper: Name | None = None
    """Who measured what is called reproduced or retrained; None where nobody is named: then nothing is."""
    notes: list[str] = []
    """What was left out before any table, in sentences."""
    notices: list[Notice] = Field(default=[], exclude_if=is_empty)
    """What the keeper withdrew or marked as disputed; a withdrawn row or record is nowhere in the tables."""

    replications: list[Replication] = Field(default=[], exclude_if=is_empty)
    """One per published table: whether runs here reach its values."""

    def table(self, table_id: str) -> Table:
        """Return a table by its id. Raises KeyError."""
        for table in self.tables:
            if table.id == table_id:
                return table
        raise KeyError(table_id)
