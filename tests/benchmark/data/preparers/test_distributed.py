"""The layouts in which the data are distributed give the same store as the documented one."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import DataError
from tests.benchmark.data import raws, world

TABLES = {
    "rsna": ["stage_2_train_labels.csv"],
    "siim": ["train-rle.csv"],
    "covid-rural": [],
    "object-cxr": ["input/train.csv", "input/dev.csv"],
    "nih-cxr": ["BBox_List_2017.csv", "Data_Entry_2017_v2020.csv"],
}


def nested(raw: Path) -> None:
    """An archive that holds one folder, unpacked into a folder of its own."""
    inside = raw.rename(raw.with_name("inside"))
    (raw / "download").mkdir(parents=True)
    (raw / "__MACOSX").mkdir()
    inside.rename(raw / "download" / "data")


def gathered(raw: Path, folder: str, pattern: str) -> None:
    """All images in one folder."""
    for path in sorted(raw.glob(pattern)):
        (raw / folder).mkdir(exist_ok=True)
        path.rename(raw / folder / path.name)
    if folder == ".":
        shutil.rmtree(raw / pattern.split("/")[0])


def renamed(raw: Path, old: str, new: str) -> None:
    (raw / new).parent.mkdir(parents=True, exist_ok=True)
    (raw / old).rename(raw / new)


def kaggle_nih(raw: Path) -> None:
    for number in range(1, 13):
        renamed(raw, f"images/images_{number:02d}", f"images_{number:03d}")
    renamed(raw, "Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")


def doubled(raw: Path) -> None:
    """What Windows makes of `stage_2_train_images.zip`: a folder of that name in a folder of that name."""
    images = raw / "stage_2_train_images"
    images.rename(raw / "x")
    images.mkdir()
    (raw / "x").rename(images / "stage_2_train_images")


def top(raw: Path) -> None:
    for path in sorted((raw / "input").iterdir()):
        path.rename(raw / path.name)


def cloned(raw: Path) -> None:
    for part in ("jpgs", "pngs_masks"):
        renamed(raw, part, f"opacity_segmentation_covid_chest_X_ray-master/covid_rural_annot/{part}")


def zipped(raw: Path, table: str) -> None:
    with zipfile.ZipFile(raw / f"{table}.zip", "w") as archive:
        archive.write(raw / table, Path(table).name)
    (raw / table).unlink()


def gzipped(raw: Path, table: str) -> None:
    (raw / f"{table}.gz").write_bytes(gzip.compress((raw / table).read_bytes()))
    (raw / table).unlink()


Change = Callable[[Path], object]
LAYOUTS: dict[str, tuple[str, Change]] = {
    **{f"{name} in a folder of a folder": (name, nested) for name in TABLES},
    **{f"{name}, {t} zipped": (name, partial(zipped, table=t)) for name, ts in TABLES.items() for t in ts},
    **{f"{name}, {t} gzipped": (name, partial(gzipped, table=t)) for name, ts in TABLES.items() for t in ts},
    "NIH as Kaggle has it": ("nih-cxr", kaggle_nih),
    "NIH as its archives unpack": ("nih-cxr", lambda raw: gathered(raw, "images", "images/*/images/*.png")),
    "RSNA unpacked twice": ("rsna", doubled),
    "RSNA with the images beside the table": (
        "rsna",
        lambda raw: gathered(raw, ".", "stage_2_train_images/*"),
    ),
    "SIIM in one folder": (
        "siim",
        lambda raw: gathered(raw, "dicom-images-train", "dicom-images-train/*/*/*.dcm"),
    ),
    "SIIM beside the table": ("siim", lambda raw: gathered(raw, ".", "dicom-images-train/*/*/*.dcm")),
    "SIIM, names of stage 2": ("siim", lambda raw: renamed(raw, "train-rle.csv", "stage_2_train.csv")),
    "Object CXR without input": ("object-cxr", top),
    "COVID Rural as its clone": (
        "covid-rural",
        cloned,
    ),
}


@pytest.fixture(scope="module")
def documented(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, str]]:
    """Return the documented raw folder of a dataset and the identity of its store, made once."""
    made: dict[str, tuple[Path, str]] = {}

    def one(name: str) -> tuple[Path, str]:
        if name not in made:
            root = tmp_path_factory.mktemp(name)
            raw = raws.siim(root / "raw", images=3) if name == "siim" else raws.MAKERS[name](root / "raw")
            made[name] = (raw, world.run(name, raw, root).manifest.identity())
        return made[name]

    return one


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_another_layout_gives_the_same_store(
    tmp_path: Path, layout: str, documented: Callable[[str], tuple[Path, str]]
) -> None:
    name, change = LAYOUTS[layout]
    raw, identity = documented(name)
    shutil.copytree(raw, tmp_path / "raw")
    change(tmp_path / "raw")
    store = world.store(name, tmp_path / "raw", tmp_path)
    assert store.manifest.identity() == identity
    assert store.manifest.image_counts is not None
    assert store.manifest.image_counts.used == len(store)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_phantom_stays_one_in_a_folder_of_a_folder(tmp_path: Path, name: str) -> None:
    raw = raws.siim(tmp_path / "raw", images=3) if name == "siim" else raws.MAKERS[name](tmp_path / "raw")
    (raw / "phantom.json").write_text("{}")
    nested(raw)
    assert world.run(name, raw, tmp_path).manifest.track == "phantom"


@pytest.mark.parametrize("name", sorted(name for name in TABLES if TABLES[name]))
def test_a_missing_table_and_missing_images_say_what_lies_there(tmp_path: Path, name: str) -> None:
    raw = raws.MAKERS[name](tmp_path / "raw")
    table = raw / TABLES[name][-1]
    other = table.rename(table.with_name(f"my_{table.name}"))
    with pytest.raises(DataError) as caught:
        world.run(name, raw, tmp_path)
    assert f"{TABLES[name][-1]}: file is missing; check --raw" in str(caught.value)
    assert f"It holds {other.name}" in str(caught.value)
    other.rename(table)
    for path in [*raw.rglob("*.dcm"), *raw.rglob("*.png"), *raw.rglob("*.jpg")]:
        path.rename(path.with_suffix(".webp"))
    with pytest.raises(DataError, match=r"no image there \(\..* It holds .* Check --raw; docs/data.md"):
        world.run(name, raw, tmp_path)
