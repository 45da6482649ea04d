"""`changes.json` and `CHANGES.md`: what a release changed; text from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lovt_bench.benchmark.contract.release import Changes
from lovt_bench.leaderboard.releases.changes import summary
from lovt_bench.leaderboard.text import markdown

SHOWN = 50
"""Lines shown of one kind; all of them are in the JSON."""


def as_changes(changes: Changes) -> str:
    """Return CHANGES.md."""
    since = f" since {changes.previous}" if changes.previous else ""
    parts = [f"# {changes.version}: what changed{since}", summary(changes)]
    if changes.note:
        parts.append(markdown(changes.note))
    if changes.bump:
        parts.append(
            f"Least step of the version: **{changes.bump}**.\n\n{_bullets(map(markdown, changes.reasons))}"
        )
    for title, lines in _sections(changes):
        if lines:
            parts.append(f"## {title}\n\n{_bullets(lines)}")
    return "\n\n".join(parts) + "\n"


def plain_changes(changes: Changes) -> Iterator[str]:
    """Yield the lines for a terminal, without markup."""
    yield summary(changes)
    if changes.bump:
        yield f"Least step: {changes.bump}. {' '.join(changes.reasons[:5])}"
    for title, lines in _sections(changes, plain=True):
        if lines:
            yield f"{title}:"
            yield from (f"  {line}" for line in lines)


def _sections(changes: Changes, *, plain: bool = False) -> Iterator[tuple[str, Sequence[str]]]:
    shown = str if plain else markdown
    yield "Withdrawn or disputed", [shown(text) for text in changes.notices]
    yield (
        "Protocol and data",
        [
            f"{shown(item.what)}: {shown(_short(item.old))} → {shown(_short(item.new))}"
            for item in changes.digests
        ],
    )
    yield "Tables added", list(map(shown, changes.tables_added))
    yield "Tables removed", list(map(shown, changes.tables_removed))
    for title, rows in (("Rows added", changes.rows_added), ("Rows removed", changes.rows_removed)):
        yield title, [f"{shown(row.display_name)} ({shown(row.row)}) in {shown(row.table)}" for row in rows]
    yield (
        "Cells",
        [
            f"{shown(cell.row)}, {shown(cell.task)} in {shown(cell.table)}: {cell.old or '—'} → {cell.new or '—'}"
            for cell in changes.cells
        ],
    )
    yield (
        "Mean ranks",
        [
            f"{shown(rank.row)} in {shown(rank.table)}: {_rank(rank.old)} → {_rank(rank.new)}"
            for rank in changes.ranks
        ],
    )
    yield "Facts", [shown(text) for text in changes.facts]


def _short(identity: str) -> str:
    """Return name and the beginning of a digest."""
    name, _, sha256 = identity.rpartition(" ")
    return f"{name} {sha256[:8]}" if name else identity


def _rank(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _bullets(lines: Iterator[str] | Sequence[str]) -> str:
    every = list(lines)
    more = [f"- … and {len(every) - SHOWN} more in `changes.json`"] if len(every) > SHOWN else []
    return "\n".join([*(f"- {line}" for line in every[:SHOWN]), *more])
