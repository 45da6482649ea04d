"""Any own corpus: a folder of images and a table with reports, labels, both or neither (docs/corpus.md)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from lovt_bench.benchmark.contract.base import NAME_RULE, is_name
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, LeftOutImages, SplitName
from lovt_bench.benchmark.data.corpus.listing import ListedImage, ListedStudy, Listing, ReportText
from lovt_bench.benchmark.data.corpus.pairs_table import COLUMNS, image_source, label_value, read_rows
from lovt_bench.benchmark.data.corpus.reports.sections import parse_sections, select
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.inventory import grouped, relative_name
from lovt_bench.benchmark.data.layout import is_phantom
from lovt_bench.benchmark.data.splits import by_patient
from lovt_bench.benchmark.data.walk import PICTURES, walk
from lovt_bench.benchmark.disk.digest import file_sha256

HELD_OUT = 0.05
"""Share of the studies for validation, and for test, where the table gives no split."""

VERSION = 2
"""Raise when the same images would be stored otherwise; 2: as a viewer displays them."""

SPLIT_WORDS: dict[str, SplitName] = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "validate": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
TEXTS = ("text", "findings", "impression")
Row = tuple[str, dict[str, str]]


def list_pairs(
    raw: Path, table: Path, name: str, display_name: str, labels: Sequence[str] = (), seed: int = 0
) -> Listing:
    """List the studies of an own corpus in the order of the table, split by split.

    Raises:
        DataError: A row is wrong; the message names it.
    """
    if not is_name(name):
        raise DataError(f"name {name!r}; expected {NAME_RULE}")
    if not 0 < len(display_name) <= 80:
        raise DataError(f"display name of 1 to 80 characters expected, found {len(display_name)}")
    columns, rows, remarks = read_rows(table)
    if not rows:
        raise DataError(f"{table}: no row; expected one per image, in a column `image`")
    _check_columns(table, columns, labels)
    studies = _studies(raw, rows, labels)
    splits, notes = _splits(studies, rows_have="split" in columns, seed=seed)
    with_text = any(column in columns for column in TEXTS)
    texts = {study: _report(found) for study, found in studies.items()} if with_text else {}
    listed = [_listed(study, found, splits[study], labels) for study, found in studies.items()]
    sources = {image.source for study in listed for image in study.images}
    unlisted = _unlisted(raw, table, sources)
    if unused := [column for column in columns if column not in (*COLUMNS, *labels)]:
        notes.append(f"Columns not used: {', '.join(unused)}.")
    return Listing(
        name=name,
        display_name=display_name,
        track="phantom" if is_phantom(raw, (raw / source for source in sources)) else "public",
        root=raw,
        studies=[study for split in SPLIT_NAMES for study in listed if study.split == split],
        state=[VERSION, file_sha256(table), list(labels), seed, [_state(raw, study) for study in listed]],
        images_found=len(rows) + sum(one.images for one in unlisted),
        images_left_out=tuple(unlisted),
        remarks=tuple(remarks),
        displayed=True,
        label_names=tuple(labels),
        report=(lambda study: texts[study.id]) if with_text else None,
        strict=True,
        notes=tuple(notes),
    )


def _check_columns(table: Path, columns: Sequence[str], labels: Sequence[str]) -> None:
    for needed in ("image", *labels):
        if needed not in columns:
            raise DataError(f"{table}: no column {needed!r}; found: {', '.join(columns)}")
    if odd := [label for label in labels if label in COLUMNS or not label or labels.count(label) > 1]:
        raise DataError(f"--labels: {odd[0]!r} cannot be a label; expected names of columns, each once")
    if "text" in columns and ("findings" in columns or "impression" in columns):
        raise DataError(f"{table}: give either `text`, or `findings` and `impression`")


def _studies(raw: Path, rows: Sequence[Row], labels: Sequence[str]) -> dict[str, list[Row]]:
    """Return the rows of each study; what they say of the study must agree."""
    seen: dict[str, str] = {}
    studies: dict[str, list[Row]] = {}
    for origin, row in rows:
        source = image_source(row.get("image", ""), raw, origin)
        if source in seen:
            raise DataError(f"{origin}: image {source} is already in {seen[source]}")
        seen[source] = origin
        study = row.get("study") or source
        others = studies.setdefault(study, [])
        others.append((origin, row | {"image": source}))
        for column in (*TEXTS, "patient", "split", "date", *labels):
            first = others[0][1].get(column, "")
            # A text needs to stand in one row of its study only.
            if row.get(column, "") not in (first, *([""] if column in TEXTS else [])):
                raise DataError(
                    f"{origin}: {column} differs from {others[0][0]}, which is of the same study {study}"
                )
    return studies


def _splits(
    studies: dict[str, list[Row]], rows_have: bool, seed: int
) -> tuple[dict[str, SplitName], list[str]]:
    """Return the split of each study, from the table or drawn by patient, and notes."""
    patients = {study: _patient(study, rows) for study, rows in studies.items()}
    if not rows_have:
        share = max(HELD_OUT, 1 / len(studies))
        drawn = by_patient(list(studies), list(patients.values()), share, share, seed)
        note = f"Splits drawn by patient with seed {seed}: {HELD_OUT:.0%} validation, {HELD_OUT:.0%} test."
        return {study: split for split, names in drawn.items() for study in names}, [note]
    splits: dict[str, SplitName] = {}
    of_patient: dict[str, tuple[SplitName, str]] = {}
    for study, rows in studies.items():
        origin, row = rows[0]
        word = row.get("split", "").lower()
        if word not in SPLIT_WORDS:
            raise DataError(
                f"{origin}: split is {row.get('split', '')!r}; expected train, validation or test"
            )
        splits[study] = SPLIT_WORDS[word]
        first, where = of_patient.setdefault(patients[study], (splits[study], origin))
        if first != splits[study]:
            raise DataError(f"{origin}: patient {patients[study]} is in {word}, but in {first} in {where}")
    return splits, []


def _patient(study: str, rows: Sequence[Row]) -> str:
    return rows[0][1].get("patient") or study


def _report(rows: Sequence[Row]) -> ReportText:
    """Return the two texts of a study; a text without section headers counts as findings.

    Raises:
        DataError: The study has no text.
    """
    origin = rows[0][0]
    texts = {column: rows[0][1].get(column, "") for column in TEXTS}
    if not any(texts.values()):
        raise DataError(f"{origin}: the text is empty; fill it or take the row out")
    if not texts["text"]:
        return ReportText(texts["findings"], texts["impression"])
    # The header rule was made for the reports of MIMIC-CXR: lines begin with one blank, sections end with an empty one.
    lines = [line.strip() for line in texts["text"].splitlines()]
    selected = select(parse_sections("\n " + "\n \n ".join(line for line in lines if line)))
    if selected is None:
        return ReportText(texts["text"], "")
    return ReportText(selected["findings"], selected["impression"])


def _listed(study: str, rows: Sequence[Row], split: SplitName, labels: Sequence[str]) -> ListedStudy:
    origin, row = rows[0]
    return ListedStudy(
        id=study,
        patient=_patient(study, rows),
        split=split,
        origin=origin,
        images=tuple(ListedImage(one["image"], one["image"], one.get("view", "")) for _, one in rows),
        date=row.get("date") or None,
        labels=tuple(label_value(row.get(label, ""), origin, label) for label in labels),
    )


def _unlisted(raw: Path, table: Path, listed: Collection[str]) -> list[LeftOutImages]:
    """Return what lies in the raw folder and is no listed image; other files than pictures are not looked for."""
    left_out: dict[str, list[str]] = {}
    for entry in walk(raw):
        name = relative_name(entry.path, raw)
        if name in listed:
            continue
        if entry.passed_over or entry.path.suffix.lower() in PICTURES:
            left_out.setdefault(entry.passed_over or f"no row in {table.name}", []).append(name)
    return [grouped(reason, names) for reason, names in left_out.items()]


def _state(raw: Path, study: ListedStudy) -> list[object]:
    known = [(raw / image.source).stat() for image in study.images]
    return [study.id, study.split, [[one.st_size, one.st_mtime_ns] for one in known]]
