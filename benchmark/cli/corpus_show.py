"""How corpora and their preparation look in a terminal and in a pipe."""

from __future__ import annotations

from pathlib import Path

from lovt_bench.benchmark.cli.data_show import counts_of
from lovt_bench.benchmark.contract.corpus import CorpusManifest
from lovt_bench.benchmark.contract.dataset import SPLIT_NAMES
from lovt_bench.benchmark.data.corpus.format import STUDIES, corpus_names, read_manifest
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.printable import printable


def describe(root: Path, manifest: CorpusManifest) -> str:
    """Return what a corpus holds: a table of counts, then lines."""
    from tabulate import tabulate

    statistics = manifest.pixel_statistics
    rows = []
    for split in SPLIT_NAMES:
        counts = manifest.splits.get(split)
        if counts is not None:
            shares = [f"{100 * n / max(1, counts.studies):.1f} %" for n in counts.positives]
            rows.append([split, counts.studies, counts.images, counts.sentences, *shares])
    headers = ["split", "studies", "images", "sentences", *manifest.label_names]
    lines = [
        f"{printable(root)}: {manifest.display_name}, track {manifest.track}",
        tabulate(rows, headers=headers, stralign="right", disable_numparse=True),
        f"  shorter side at most {manifest.side} pixels; training pixels at original size: "
        f"mean {statistics.mean:.4f}, std {statistics.std:.4f}",
        f"  sentences: {manifest.sentence_splitter or ('came split' if manifest.has_reports else 'no reports')}",
    ]
    lines += counts_of(manifest.image_counts)
    lines += [f"  left out: {count} {reason}" for reason, count in manifest.left_out.items()]
    lines += [f"  note: {note}" for note in manifest.notes]
    return "\n".join(lines)


def example_reports(root: Path, count: int) -> str:
    """Return the sentences of the first training studies.

    Raises:
        DataError: The table cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = ["id", "sentences", "findings_sentences"]
    try:
        with pq.ParquetFile(root / STUDIES) as table:
            batch = next(table.iter_batches(batch_size=count, columns=columns), None)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{root / STUDIES}: cannot be read ({error}); prepare the corpus again") from error
    lines = []
    for row in [] if batch is None else batch.to_pylist():
        lines.append(f"study {row['id']}")
        for number, sentence in enumerate(row["sentences"]):
            section = "findings" if number < row["findings_sentences"] else "impression"
            lines.append(f"  {section:10} {sentence}")
    return "\n".join(lines)


def table_of(folder: Path) -> str:
    """Return a table of the corpora in a folder."""
    from tabulate import tabulate

    rows = [_line(folder / name) for name in corpus_names(folder)]
    if not rows:
        return f"no corpus in {folder}; make one with: lovt-bench corpus prepare --help"
    headers = ["corpus", "pre-training data", "track", *SPLIT_NAMES, "images", "reports", "labels", "side"]
    return tabulate(rows, headers=headers, disable_numparse=True)


def _line(root: Path) -> list[str]:
    try:
        manifest = read_manifest(root)
    except DataError:
        return [root.name, "unreadable", *[""] * 8]
    counts = [manifest.splits.get(split) for split in SPLIT_NAMES]
    return [
        manifest.name,
        manifest.display_name,
        manifest.track,
        *(str(one.studies if one else 0) for one in counts),
        str(sum(one.images for one in counts if one)),
        "yes" if manifest.has_reports else "no",
        str(len(manifest.label_names)),
        str(manifest.side),
    ]
