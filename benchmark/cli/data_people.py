"""`lovt-bench data show`: one store, and whom its images show."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lovt_bench.benchmark.cli.console import say
from lovt_bench.benchmark.cli.options import workspace_option

if TYPE_CHECKING:
    from lovt_bench.benchmark.contract.dataset import DatasetManifest
    from lovt_bench.benchmark.data.people_counts import AgeRange
    from lovt_bench.benchmark.data.store import ImageStore


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@workspace_option
def show(name: str, as_json: bool, workspace: Path | None) -> None:
    """Show a store: counts of sex, age, view, patients and lesion areas, and what its splits separate.

    NAME is a store as `data list` names it.

    \b
    Examples:
      lovt-bench data show rsna
      lovt-bench data show nih-cxr --json
    """
    from lovt_bench.benchmark.cli.data_show import describe
    from lovt_bench.benchmark.cli.json_text import json_text
    from lovt_bench.benchmark.data.errors import DamagedStoreError
    from lovt_bench.benchmark.data.store import ImageStore
    from lovt_bench.benchmark.workspace import workspace_root

    try:
        store = ImageStore.open(workspace_root(workspace) / "data" / name)
    except (FileNotFoundError, DamagedStoreError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        say(json_text(_facts(store)), lines=True)
        return
    say(describe(store.root, store.manifest), lines=True)
    say(_people(store), lines=True)


def _facts(store: ImageStore) -> dict[str, Any]:
    """Return what is shown as JSON-like values; `people` is None for a store that does not know them."""
    from lovt_bench.benchmark.data.people import has_people
    from lovt_bench.benchmark.data.people_counts import areas_by_class, people_by_split

    manifest, index = store.manifest, store.index
    kept = ("name", "track", "splits", "split_seed", "split_level", "protocol", "classes", "split_summaries")
    facts = manifest.model_dump(mode="json", include=set(kept))
    facts |= {"store": store.root.name, "dataset_sha256": manifest.identity(), "people": None, "areas": None}
    if has_people(index):
        facts["people"] = {split: asdict(counts) for split, counts in people_by_split(index).items()}
        facts["areas"] = {
            one: asdict(areas) for one, areas in areas_by_class(index, manifest.classes).items()
        }
    return facts


def _people(store: ImageStore) -> str:
    """Return tables of whom the images show, or how to find out."""
    from lovt_bench.benchmark.data.people import has_people
    from lovt_bench.benchmark.data.people_counts import (
        QUANTILES,
        UNKNOWN,
        areas_by_class,
        people_by_split,
        why_level,
    )

    manifest, index = store.manifest, store.index
    if not has_people(index) or manifest.split_level is None:
        return f"  {_unknown(manifest)}"
    parts = people_by_split(index)
    all_ = list(parts.values())[-1]
    rows = [["images", *(one.images for one in parts.values())]]
    rows += [[f"sex {sex}", *(one.sex[sex] for one in parts.values())] for sex in all_.sex]
    rows += [["age in years", *(_ages(one.ages) for one in parts.values())]]
    rows += [[f"age {UNKNOWN}", *(one.ages_unknown for one in parts.values())]]
    views = [view for view, count in all_.view.items() if count or view == UNKNOWN]
    rows += [[f"view {view}", *(one.view[view] for one in parts.values())] for view in views]
    rows += [["patients", *(one.patients for one in parts.values())]]
    rows += [[f"patient {UNKNOWN}", *(one.patients_unknown for one in parts.values())]]
    areas = [
        [name, one.images, *(f"{100 * share:.2f}" for share in (one.quantiles or {}).values())]
        for name, one in areas_by_class(index, manifest.classes).items()
    ]
    quantiles = [f"{100 * quantile:g} %" for quantile in QUANTILES]
    return "\n".join(
        [
            f"  splits separate at {manifest.split_level} level: {why_level(index, manifest.split_level)}",
            "",
            _table(rows, ["", *parts]),
            "ages: least / median / greatest; patients are counted by the hashes that the store keeps of them",
            "",
            _table(areas, ["target", "images", *quantiles]),
            "% of the raw image that the target covers, where there is one: quantiles over the images",
        ]
    )


def _table(rows: list[list[Any]], headers: list[str]) -> str:
    from tabulate import tabulate

    sides = ("left", *["right"] * (len(headers) - 1))
    return tabulate(rows, headers, disable_numparse=True, colalign=sides, headersglobalalign="right")


def _ages(ages: AgeRange | None) -> str:
    return "–" if ages is None else f"{ages.least} / {ages.median:g} / {ages.greatest}"


def _unknown(manifest: DatasetManifest) -> str:
    if manifest.sources_sha256 is None:
        return "sex, age, view, patients and areas are not known: this store was made from arrays"
    splits = " --splits DIR" if manifest.splits != "seeded" else ""
    protocol = f" --protocol {manifest.protocol}" if manifest.protocol != "lovt-2022" else ""
    return (
        "sex, age, view, patients and areas are not known: this store was prepared by an earlier version. Add them "
        f"with: lovt-bench data prepare {manifest.name} --raw DIR{splits}{protocol} (its digest stays the same, and "
        "results with it)"
    )
