"""What a review found, in sections: once for a terminal, once as Markdown, where nothing of a stranger is markup."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lovt_bench.benchmark.backbone.findings import Finding, summed_up
from lovt_bench.benchmark.cli.submission_trees import Trees
from lovt_bench.benchmark.contract.audit import AUDIT_FILE
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.submission import Submission
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.change_rules import Brought
from lovt_bench.benchmark.submission.declare import kind_of
from lovt_bench.benchmark.submission.read import SubmissionError, read_folder
from lovt_bench.leaderboard.change_review import BoardReview, Standing
from lovt_bench.leaderboard.show.layout import mean_rank_text, measured_text
from lovt_bench.leaderboard.submission_view import marks_of
from lovt_bench.leaderboard.text import markdown, plural

SHOWN = 40
"""Lines of one section."""


@dataclass(frozen=True)
class Section:
    """A heading and lines."""

    title: str
    lines: Sequence[str]
    commands: bool = False
    """The lines are for a shell."""


def as_text(sections: Sequence[Section]) -> Iterator[str]:
    """Yield lines for a terminal."""
    for section in sections:
        yield f"{section.title}:"
        yield from (f"  {line}" for line in _shown(section))


def as_markdown(sections: Sequence[Section]) -> str:
    """Return Markdown in which every text of a change is shown as it is."""
    parts = []
    for section in sections:
        lines = _shown(section)
        # Lines with four blanks before them are code, whatever they hold.
        listed = (
            [f"    {clean_text(line, 1000)}" for line in lines]
            if section.commands
            else [f"- {markdown(line)}" for line in lines]
        )
        parts.append(f"## {markdown(section.title)}\n\n" + "\n".join(listed))
    return "\n\n".join(parts) + "\n"


def nothing() -> list[Section]:
    """Return what is said of a change that brings no submission."""
    said = "It brings no submission and no record: whoever merges it reads it as any other change."
    return [Section("Nothing was reviewed here", [said])]


def refused(what: Brought, findings: Sequence[Finding]) -> list[Section]:
    """Return what is said of a change that was not looked at further."""
    title = f"Submission {what.name}: refused" if what.name else "Refused: no submission alone"
    return [Section(title, [*_findings(findings), "Nothing further was looked at."])]


def sections(
    what: Brought, trees: Trees, board: BoardReview, findings: Sequence[Finding], ends: tuple[str, str]
) -> list[Section]:
    """Return what is said of a change that was looked at.

    Args:
        what: Which submission it brings.
        trees: What it holds.
        board: What it does to the board.
        findings: All that was found.
        ends: What the change is, and what it is for, as `submission review` was given them.
    """
    name, records = what.name or "", trees.added.records
    folder = trees.after / "submissions" / name
    try:
        declared = read_folder(folder)
    except SubmissionError:
        declared = None
    understood = [
        f"{'new' if what.is_new else 'changes'} submissions/{name}",
        *_declared(declared, trees, name),
    ]
    said = [Section(f"Submission {name}: {summed_up(findings)}", [*understood, *_records(records)])]
    said.append(Section("What was checked", list(_findings(findings))))
    ranks = [_standing(item) for item in board.standings]
    said.append(Section("Rank before and after", [*(ranks or ["it stands in no table"]), *board.others]))
    contradictions = [f"{item.track}: {item.sentence}" for item in board.contradictions]
    said.append(Section("Contradictions in run records", contradictions or ["none found"]))
    said.append(Section("Rows of the board whose names read alike", board.alike or ["none"]))
    if board.notes:
        said.append(Section("Notes of the board that it brings", board.notes))
    return [
        *said,
        Section("What a reviewer should repeat", list(_repeat(name, declared, records, board, *ends)), True),
    ]


def _shown(section: Section) -> list[str]:
    more = [f"… and {len(section.lines) - SHOWN} more"] if len(section.lines) > SHOWN else []
    return [*section.lines[:SHOWN], *more]


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    for level in ("error", "warning", "ok"):
        for item in findings:
            if item.level == level:
                advice = f" → {item.advice}" if item.advice else ""
                yield f"{level}: {item.subject}: {item.message}{advice}"


def _declared(declared: Submission | None, trees: Trees, name: str) -> Iterator[str]:
    if declared is None:
        return
    folder = trees.after / "submissions" / name
    yield f"{declared.display_name}, kind {kind_of(declared, folder)}, supervision {declared.supervision}"
    if (weights := declared.weights) is not None:
        yield (
            f"weights {weights.file}, {weights.bytes:,} bytes, SHA-256 {weights.sha256}, "
            f"from {weights.url or 'an address that is not named'}"
        )
        yield f"backbone {weights.architecture}, SHA-256 {weights.backbone_sha256}"
    yield f"pre-training data {', '.join(declared.pretraining_data) or 'not declared'}: {marks_of(folder)}"
    audit = "an audit" if (folder / AUDIT_FILE).is_file() else "no audit"
    yield f"with {audit} and {plural(len(declared.claimed), 'claimed number')}"


def _records(records: Sequence[RunRecord]) -> Iterator[str]:
    cells = Counter(
        (record.track, record.splits, record.run.protocol, record.run.profile, record.run.phase)
        for record in records
    )
    for (track, splits, protocol, profile, phase), count in sorted(cells.items()):
        where = f"{track} data, {splits} splits, protocol {protocol}, profile {profile}"
        yield f"{plural(count, 'run')} added: {phase}, {where}"
    made = [(record.made_with.device_name, record.made_with.torch) for record in records if record.made_with]
    for (device, torch), count in Counter(made).most_common(5):
        yield f"{plural(count, 'run')} on {device}, torch {torch}"
    for who, count in Counter(record.measured_by or "nobody who is named" for record in records).items():
        yield f"{plural(count, 'run')} measured by {who}"


def _standing(item: Standing) -> str:
    before = "not there" if item.before is None else _place_text(item.place_before)
    return (
        f"{item.table.title} ({item.table.id}): place {before} → {_place_text(item.place)}, mean rank "
        f"{mean_rank_text(item.before) if item.before else '–'} → {mean_rank_text(item.row)}, best on "
        f"{item.row.best_on}, {measured_text(item.row, item.table)} tasks, evidence {item.row.evidence}"
    )


def _place_text(place: tuple[int, int] | None) -> str:
    return "none (not complete)" if place is None else f"{place[0]} of {place[1]}"


def _repeat(
    name: str,
    declared: Submission | None,
    records: Sequence[RunRecord],
    board: BoardReview,
    head: str,
    base: str,
) -> Iterator[str]:
    weights = declared.weights if declared else None
    if weights:
        if weights.url:
            yield f"curl -L -o {shlex.quote(weights.file)} -- {shlex.quote(str(weights.url))}"
        yield "# refused unless the digest is the declared one:"
        yield f"lovt-bench submit {name} --weights {shlex.quote(weights.file)}"
    elif declared:
        yield f"lovt-bench pretrain {name} --runtime docker"
    for protocol, profile in sorted({(record.run.protocol, record.run.profile) for record in records}):
        tasks = _telling(board, profile)
        yield (
            f"lovt-bench evaluate {name} --protocol {shlex.quote(protocol)} --profile {shlex.quote(profile)}"
            + (f" --tasks {','.join(tasks)}" if tasks else "")
        )
    if records:
        yield "# with the image stores in the workspace boxes are scored, too:"
        yield f"lovt-bench submission review {shlex.quote(head)} --base {shlex.quote(base)}"


def _telling(board: BoardReview, profile: str) -> list[str]:
    """Return the tasks that say most: a linear head, whose numbers repeat to the bit, and those where it is best."""
    found: list[str] = []
    for item in board.standings:
        if item.table.kind == "runs" and item.table.profile == profile:
            columns = {column.task: column for column in item.table.columns}
            linear = [cell.task for cell in item.row.cells if columns[cell.task].head == "linear"]
            found += [*linear[:1], *(cell.task for cell in item.row.cells if cell.best)]
    return list(dict.fromkeys(found))[:4]
