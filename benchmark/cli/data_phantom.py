"""`lovt-bench data phantom`: write synthetic chest X-rays in the raw layouts of the public datasets."""

from __future__ import annotations

from pathlib import Path

import click

from lovt_bench.benchmark.cli.console import console, progress, say
from lovt_bench.benchmark.cli.options import workspace_option
from lovt_bench.benchmark.data.phantom.layouts import names

SECRET_BITS, SECRET_LIMIT = 63, 64
"""Of a secret seed, and bytes of its file."""


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), help="Parent of the dataset folders [WORKSPACE/phantom]."
)
@click.option(
    "--dataset", "datasets", multiple=True, type=click.Choice(names()), help="Only this one; repeatable."
)
@click.option(
    "--images",
    type=click.IntRange(1),
    default=120,
    show_default=True,
    help="Images per dataset (mimic-cxr: studies). At least 20, nih-cxr and chexlocalize 40.",
)
@click.option("--seed", type=click.IntRange(0), help="Another seed, other patients.  [default: 0]")
@click.option(
    "--seed-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Secret seed, in place of --seed: read from this file, which its owner alone may read; made with a new one if "
    "it is not there.",
)
@click.option(
    "--side",
    type=click.IntRange(128, 2048),
    default=512,
    show_default=True,
    help="Side in pixels at which images are drawn. siim is enlarged to 1024, object-cxr twofold.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Processes [default: one per core]; no effect on the content.",
)
@workspace_option
@click.option(
    "--force", is_flag=True, help="Write a phantom anew. Folders that are no phantom stay untouched."
)
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write one picture with an example of each finding (PNG) instead.",
)
def phantom(
    out: Path | None,
    datasets: tuple[str, ...],
    images: int,
    seed: int | None,
    seed_file: Path | None,
    side: int,
    workers: int | None,
    workspace: Path | None,
    force: bool,
    sheet: Path | None,
) -> None:
    """Write synthetic chest X-rays in the raw layouts of the public datasets.

    The preparers read them like the real files; results on them are of track `phantom`. Equal options
    give equal files, whatever the number of workers. What exists with the same options is kept.

    \b
    Examples:
      lovt-bench data phantom                            # all datasets, 120 images each
      lovt-bench data phantom --dataset rsna --images 40
      lovt-bench data phantom --out /tmp/phantom --seed 7 --force
      lovt-bench data phantom --seed-file ~/secret --out /hidden/phantom    # a twin that nobody can draw
      lovt-bench data phantom --sheet findings.png       # look at what is drawn
      lovt-bench data prepare rsna --raw workspace/phantom/rsna
    """
    if seed is not None and seed_file is not None:
        raise click.UsageError("give --seed or --seed-file, not both")
    seed = _secret_seed(seed_file) if seed_file is not None else seed or 0
    if sheet:
        from lovt_bench.benchmark.data.phantom.sheet import write_sheet

        write_sheet(sheet, seed)
        say(f"written: {sheet}")
        return
    from functools import partial

    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn, TimeRemainingColumn

    from lovt_bench.benchmark.data.errors import DataError
    from lovt_bench.benchmark.data.phantom.generate import check, existing, write_phantom
    from lovt_bench.benchmark.data.phantom.layout import Settings, layouts
    from lovt_bench.benchmark.data.pool import workers_for
    from lovt_bench.benchmark.workspace import workspace_root

    chosen = tuple(dict.fromkeys(datasets)) or tuple(layouts())
    parent = out or workspace_root(workspace) / "phantom"
    todo = [(parent / name, Settings(name, seed, images, side)) for name in chosen]
    try:
        for root, settings in todo:  # all refusals come before any work
            check(settings, layouts()[settings.dataset])
            existing(root, settings, force)
        columns = (
            "{task.description:12}",
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            "left",
            TimeRemainingColumn(),
        )
        with (
            workers_for(None, workers, keep_memory=True) as pool,
            progress(*columns, shown_on=console(err=True)) as bars,
        ):
            for root, settings in todo:
                kept = existing(root, settings, force) is not None
                task = bars.add_task(settings.dataset, total=images)
                step = partial(bars.advance, task)
                manifest = write_phantom(root, settings, pool, force=force, done=step)
                state = "already there" if kept else "written"
                what = f"{manifest.files} files, digest {manifest.files_sha256[:12]}"
                say(f"{settings.dataset:12} {state}: {root} ({what})")
    except DataError as error:
        raise click.ClickException(str(error)) from error


def _secret_seed(file: Path) -> int:
    """Return the seed of a file, which only its owner may read; made if it is not there.

    Raises:
        ClickException: Others may read the file, or it holds something else.
    """
    import secrets

    from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
    from lovt_bench.benchmark.disk.temporary import new_file

    if not file.exists():
        with new_file(file, 0o600) as fresh:
            fresh.write_text(f"{secrets.randbits(SECRET_BITS)}\n", encoding="utf-8")
    elif file.stat().st_mode & 0o077:
        raise click.ClickException(
            f"{file}: others than its owner may read or change this secret; mend it with `chmod 600 {file}`, or "
            "move it away for a new one if somebody may have seen it"
        )
    try:
        text = read_plain(file, SECRET_LIMIT, follow=True).decode("ascii").strip()
    except (PlainFileError, OSError, UnicodeDecodeError):
        text = ""
    if not text.isdecimal():
        raise click.ClickException(
            f"{file}: a whole number is expected; --seed-file makes a file that is not there"
        )
    return int(text)
