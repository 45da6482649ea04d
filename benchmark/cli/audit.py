"""`lovt-bench audit`: near copies of evaluation images in a pre-training corpus, found where the corpus lies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.workspace import workspace_root

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.audit import AuditReport
    from lovt_bench.benchmark.data.audit.copies import FoundCopy
    from lovt_bench.benchmark.data.audit.reference import Reference

FILE = click.Path(dir_okay=False, path_type=Path)
INTERRUPTED = 130


@click.command()
@click.option(
    "--corpus",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the pre-training images (DICOM, PNG, JPEG, TIFF, in any tree), or a prepared corpus.",
)
@click.option("--dataset", "datasets", multiple=True, help="Prepared dataset to compare with [default: all].")
@click.option(
    "--reference", type=FILE, help="Hash file of the evaluation images, where they are not prepared."
)
@click.option("--save-reference", type=FILE, help="Write such a hash file of the prepared datasets.")
@click.option("--out", type=FILE, help="Where the report goes [default: WORKSPACE/audits/audit.json].")
@click.option("--attach", metavar="NAME", help="Put the report beside the backbone NAME, for its row.")
@click.option("--report", "made", type=FILE, help="With --attach: a report made before, maybe elsewhere.")
@click.option(
    "--matches", type=FILE, help="Write which file matches which image: JSON lines, for your eyes only."
)
@click.option("--workers", type=click.IntRange(min=1), help="Processes [default: one per core].")
@workspace_option
def audit(
    corpus: Path | None,
    datasets: tuple[str, ...],
    reference: Path | None,
    save_reference: Path | None,
    out: Path | None,
    attach: str | None,
    made: Path | None,
    matches: Path | None,
    workers: int | None,
    workspace: Path | None,
) -> None:
    """Look for near copies of evaluation images among pre-training images.

    Runs where the pre-training images lie. The report holds counts per dataset and task and digests of hashes; no
    image and no name leaves the machine. A copy is found when re-encoded, resized, equalised, inverted, of another
    bit depth, or cropped by a few percent (docs/lineage.md: how sure that is). Ends with 0 whatever was found; a call
    that was cut off goes on where it was.

    \b
    Examples:
      lovt-bench audit --corpus MIMIC/files --attach my-method
      lovt-bench audit --corpus MIMIC/files --reference evaluation.safetensors --out audit.json
      lovt-bench audit --report audit.json --attach my-method
      lovt-bench audit --corpus SCANS --dataset rsna --matches copies.jsonl
    """
    from lovt_bench.benchmark.contract.audit import AUDIT_FILE, read_audit
    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.disk.temporary import write_text

    if (corpus is not None) + (made is not None) > 1 or (made is not None and attach is None):
        raise click.UsageError("--report goes with --attach NAME and without --corpus.")
    if corpus is None and made is None and save_reference is None:
        raise click.UsageError("--corpus DIR is missing: the folder of your pre-training images.")
    place = workspace_root(workspace)
    beside = None if attach is None else _backbone_folder(place, attach) / AUDIT_FILE
    try:
        if made is not None:
            found = read_audit(made)
        else:
            references = _references(place, datasets, reference, workers)
            if save_reference is not None:
                _save(references, save_reference)
            if corpus is None:
                return
            found = _audit(corpus, references, place, matches, workers)
            target = out or place / "audits" / AUDIT_FILE
            write_text(target, found.to_json())
            say(f"{target}: counts and digests, no image and no name")
        say("\n".join(_summary(found)), lines=True)
        if beside is not None:
            write_text(beside, found.to_json())
            say(f"{beside}: attached to {attach}")
    except (DataError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt as error:
        say("Cut off. What was hashed is kept; the same command goes on.", err=True)
        raise SystemExit(INTERRUPTED) from error


def _backbone_folder(workspace: Path, name: str) -> Path:
    """Return the folder of a backbone that is there."""
    from lovt_bench.benchmark.contract.base import is_name

    folder = workspace / "backbones" / name
    if not is_name(name) or not (folder / "backbone.json").is_file():
        from lovt_bench.benchmark.backbone.names import listed
        from lovt_bench.benchmark.contract.unknown import meant
        from lovt_bench.benchmark.contract.untrusted import clean_text

        known = [path.name for path in listed(workspace)]
        raise click.ClickException(
            f"no backbone {clean_text(name, 80)} in {workspace / 'backbones'}{meant(name, known)} "
            f"(there: {', '.join(known) or 'none'}); make it first: lovt-bench submit NAME --weights FILE"
        )
    return folder


def _references(
    place: Path, datasets: tuple[str, ...], reference: Path | None, workers: int | None
) -> list[Reference]:
    """Return the evaluation images to compare with."""
    from lovt_bench.benchmark.cli.data_show import progress_bar
    from lovt_bench.benchmark.data.audit.reference import from_store, load_references
    from lovt_bench.benchmark.data.folders import dataset_of, store_folders

    if reference is not None:
        every = load_references(reference)
        known = [one.name for one in every]
    else:
        # A dataset that is prepared by several protocols needs one store only: the images are the same.
        stores = {dataset_of(folder): folder for folder in reversed(store_folders(place / "data"))}
        known = sorted(stores)
    if not known:
        raise click.ClickException(
            f"no prepared dataset in {place / 'data'}: prepare them (lovt-bench data prepare --help), or pass "
            "--reference FILE, a hash file that somebody made with --save-reference"
        )
    if unknown := sorted(set(datasets) - set(known)):
        from lovt_bench.benchmark.contract.unknown import meant

        named = ", ".join(name + meant(name, known) for name in unknown)
        raise click.ClickException(f"no dataset {named}; there are: {', '.join(known)}")
    chosen = [name for name in known if not datasets or name in datasets]
    if reference is not None:
        return [one for one in every if one.name in chosen]
    found = []
    for name in chosen:
        with progress_bar(f"hash {name}") as on_progress:
            one = from_store(stores[name], place / "audits", workers, on_progress)
        # A report goes with a submission to everybody: own data are in it where they are asked for.
        if one.index.track != "own" or name in datasets:
            found.append(one)
    return found


def _save(references: list[Reference], path: Path) -> None:
    from lovt_bench.benchmark.data.audit.reference import save_references
    from lovt_bench.benchmark.data.audit.summary import library_versions

    save_references(references, path, library_versions())
    counts = ", ".join(f"{one.name} {len(one.hashes):,}" for one in references)
    say(f"{path}: hashes of {counts} images; for others: lovt-bench audit --corpus DIR --reference FILE")


def _audit(
    corpus: Path, references: list[Reference], place: Path, matches: Path | None, workers: int | None
) -> AuditReport:
    from lovt_bench.benchmark.cli.data_show import progress_bar
    from lovt_bench.benchmark.data.audit.copies import find_copies
    from lovt_bench.benchmark.data.audit.corpus import hash_corpus
    from lovt_bench.benchmark.data.audit.kept import kept_hashes
    from lovt_bench.benchmark.data.audit.summary import report
    from lovt_bench.tasks.registry import load_tasks

    with kept_hashes(place / "audits") as kept:
        with progress_bar(f"hash {corpus.name}") as on_progress:
            hashed = hash_corpus(corpus, kept, workers, on_progress)
        with progress_bar("compare") as on_compared, _private_list(matches) as on_copy:
            overlaps = find_copies(
                references,
                kept,
                workers,
                on_copy,
                lambda done: on_compared(done, hashed.images - hashed.flat),
            )
        return report(hashed, kept.digest(), references, overlaps, load_tasks())


@contextmanager
def _private_list(path: Path | None) -> Iterator[Callable[[FoundCopy], object]]:
    """Yield what writes a pair to a file that only its owner may read."""
    from dataclasses import asdict

    if path is None:
        yield lambda copy: None
        return
    from lovt_bench.benchmark.disk.temporary import new_file

    with new_file(path, mode=0o600) as temporary, temporary.open("w", encoding="ascii") as stream:
        yield lambda copy: stream.write(json.dumps(asdict(copy)) + "\n")


def _summary(found: AuditReport) -> Iterator[str]:
    """Yield the report for a person."""
    from tabulate import tabulate

    from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES

    corpus = found.corpus
    yield (
        f"corpus: {corpus.images:,} images hashed, {corpus.unreadable:,} unreadable, {corpus.flat:,} without structure"
        + (f"; {corpus.archives:,} archives not looked into" if corpus.archives else "")
    )
    rows = [
        [
            one.dataset,
            one.track,
            *(f"{one.splits[split].matched:,} of {one.splits[split].images:,}" for split in SPLIT_NAMES),
            f"{one.corpus_matched:,}",
        ]
        for one in found.datasets
    ]
    yield "evaluation images with a near copy in the corpus:"
    yield tabulate(rows, ["dataset", "track", *SPLIT_NAMES, "copies in the corpus"], disable_numparse=True)
    if any(one.track == "phantom" for one in found.datasets):
        yield "note: phantoms are variations of one drawn chest and match each other now and then (docs/lineage.md)"
    seen = [task for task in found.tasks if any(split.matched for split in task.splits.values())]
    if not seen:
        yield f"no near copy in any of {len(found.tasks)} tasks"
        return
    yield f"{len(seen)} of {len(found.tasks)} tasks are touched; test images with a near copy:"
    for task in seen:
        test = task.splits["test"]
        yield f"  {task.task}: {test.matched:,} of {test.images:,} ({test.matched / max(test.images, 1):.1%})"
