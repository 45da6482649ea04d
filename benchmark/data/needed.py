"""Which raw files a split needs, and how many are there: a download that is not complete says what it lacks.

Files count wherever they lie below the raw folder, as the preparers find them: by name, endings in either case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lovt_bench.benchmark.contract.data_source import ID, DataSource, NeededFile
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES, SplitName
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.layout import COMPRESSIONS, is_phantom
from lovt_bench.benchmark.data.official import published
from lovt_bench.benchmark.data.sources import described, source_of
from lovt_bench.benchmark.data.split_files import read_split_files
from lovt_bench.benchmark.data.walk import walk

EXAMPLES, LONGEST = 3, 200
"""Missing IDs of a kind that are named, and the characters of them."""

Wanted = Mapping[SplitName, Sequence[str]]
"""IDs of the images of each split."""


@dataclass(frozen=True)
class Kind:
    """How many files of one kind are needed, and how many are there.

    Attributes:
        missing: Missing files by split; one that is no image's counts for no split.
        some: Files of the kind, where they are enough and nobody knows whether they are those that are needed.
        examples: IDs of some of them; none where the IDs are not known.
    """

    file: NeededFile
    needed: int
    there: int
    missing: Mapping[SplitName, int]
    examples: tuple[str, ...] = ()
    some: int | None = None


def official_counts(source: DataSource) -> dict[SplitName, int]:
    """Return the images of each published split of a dataset; nothing where none was published."""
    known = published().get(source.dataset)
    return {} if known is None else {split: known.splits[split].images for split in SPLIT_NAMES}


def files_of(source: DataSource, wanted: Wanted) -> list[str]:
    """Return the paths of all files that splits need, tables first; `*` stands for any name."""
    tables = [file.file for file in source.needs if not file.each]
    images = [
        file.file.replace(ID, name)
        for file in source.needs
        if file.each
        for split in file.splits
        for name in wanted[split]
    ]
    return [*tables, *images]


def count(source: DataSource, raw: Path, wanted: Wanted | None) -> list[Kind]:
    """Return what is there of each kind of file that is not optional.

    Args:
        wanted: IDs of the images; None where they are not known: the number of files in folders of the kind's name is
            compared with that of the published splits.
    """
    stems: dict[str, set[str]] = {}
    folders: dict[str, list[set[str]]] = {}
    for entry in walk(raw):
        if entry.passed_over is None:
            ending, parents = entry.path.suffix.lower(), entry.path.relative_to(raw).parts[:-1]
            stems.setdefault(ending, set()).add(entry.path.stem)
            folders.setdefault(ending, []).append({name.lower() for name in parents})
    names = {f"{stem}{ending}".lower() for ending, found in stems.items() for stem in found}
    kinds, official = [], official_counts(source)
    for file in (each for each in source.needs if not each.optional):
        found = stems.get(_ending(file), set())
        if not file.each:
            there = int(any(f"{name}{packed}" in names for name in _names(file) for packed in COMPRESSIONS))
            kinds.append(Kind(file, 1, there, {}))
        elif wanted is None:
            needed = sum(official.get(split, 0) for split in file.splits)
            number = _number(source, file, folders.get(_ending(file), []))
            some = number if needed <= number < (file.of_all or 0) else None
            kinds.append(Kind(file, needed, min(number, needed), {}, some=some))
        else:
            lacking = {split: [name for name in wanted[split] if name not in found] for split in file.splits}
            needed = sum(len(wanted[split]) for split in file.splits)
            missing = {split: len(names) for split, names in lacking.items() if names}
            examples = tuple(name for names in lacking.values() for name in names)[:EXAMPLES]
            kinds.append(Kind(file, needed, needed - sum(missing.values()), missing, examples))
    return kinds


def _number(source: DataSource, file: NeededFile, folders: Sequence[set[str]]) -> int:
    """Return how many files lie in folders of a kind's name; of its ending where none do and no other kind has it."""
    number = sum(file.folder in found for found in folders)
    alone = sum(each.each and _ending(each) == _ending(file) for each in source.needs) == 1
    return number or (len(folders) if alone else 0)


def lacking(name: str, raw: Path, wanted: Wanted | None) -> str:
    """Return in lines how much of a download is there, which kinds are missing and what to fetch.

    The text is empty where nothing is missing, the phantom wrote the folder, or nobody described where the dataset
    comes from.
    """
    if name not in described() or not raw.is_dir() or is_phantom(raw, []):
        return ""
    source = source_of(name)
    kinds = count(source, raw, wanted)
    missing = [kind for kind in kinds if kind.there < kind.needed]
    if not missing:
        return ""
    splits = "the published splits need" if wanted is None else "the splits need"
    lines = [f"{raw} is not complete. What {splits} of {name}:"]
    lines += [f"  {_line(kind)}" for kind in kinds]
    lines.append("To fetch:")
    lines += [f"  {get}" for get in dict.fromkeys(kind.file.get for kind in missing)]
    return "\n".join([*lines, f"`lovt-bench data where {name}` says where, and under which terms.\n"])


def lacking_of_splits(name: str, raw: Path, splits_dir: Path | None) -> str:
    """Return the same before the tables could be read: for the IDs of split files, else for the published counts.

    Without split files only where a kind is missing altogether: what else is wrong with a table is no matter of counts.
    """
    try:
        files = None if splits_dir is None else read_split_files(splits_dir)
    except DataError:
        return ""
    if files is not None:
        return lacking(name, raw, {split: file.ids for split, file in files.items()})
    if name in described() and raw.is_dir() and all(kind.there for kind in count(source_of(name), raw, None)):
        return ""
    return lacking(name, raw, None)


def _line(kind: Kind) -> str:
    name = kind.file.file.replace(ID, "ID")
    if kind.some is not None:
        return f"{kind.some} {name}: --splits tells which {kind.needed} of all {kind.file.of_all} are needed"
    text = f"{kind.there} of {kind.needed} {name}"
    if kind.there == kind.needed:
        return text
    by_split = ", ".join(f"{number} of {split}" for split, number in kind.missing.items())
    examples = f"; ID = {clean_text(', '.join(kind.examples), LONGEST)}, …" if kind.examples else ""
    return f"{text}: {kind.needed - kind.there} missing" + (f" ({by_split}{examples})" if by_split else "")


def _ending(file: NeededFile) -> str:
    return PurePosixPath(file.file).suffix.lower()


def _names(file: NeededFile) -> list[str]:
    return [PurePosixPath(name).name.lower() for name in (file.file, *file.also)]
