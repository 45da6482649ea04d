"""COVID Rural: channel mean, JPEG, patients together, masks of the same size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lovt_bench.benchmark.data.equalise import equalise, through_jpeg
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.transforms import Frame, fit_image
from tests.benchmark.data import raws, world

NAME = "COVID-19-AR-0000_00-01-2012-XR"


@pytest.mark.parametrize("root", [".", "covid_rural_annot"])
def test_channel_mean_equalised_through_a_jpeg(tmp_path: Path, root: str) -> None:
    raw = raws.covid_rural(tmp_path / "raw", root=root)
    store = world.store("covid-rural", raw, tmp_path)
    row = world.rows(NAME, store)
    pixels = np.asarray(Image.open(raw / root / "jpgs" / f"{NAME}.jpg")) / 255.0
    expected = through_jpeg(equalise(pixels.mean(axis=2)).image, 75)
    np.testing.assert_array_equal(store.images[row], fit_image(expected, Frame.padded(40, 53, 224, "short")))
    assert store.masks([row]).mean() == pytest.approx(20 * 26 / (52 * 53), rel=0.05)


def test_odd_padding_is_an_entry(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    short = world.store("covid-rural", raw, tmp_path / "short")
    exact = world.store("covid-rural", raw, tmp_path / "exact", world.changed(odd_padding="exact"))
    assert (short.images[0] != exact.images[0]).any()
    assert short.manifest.data_protocol_sha256 != exact.manifest.data_protocol_sha256


def test_no_patient_is_in_two_splits(tmp_path: Path) -> None:
    store = world.store("covid-rural", raws.covid_rural(tmp_path / "raw"), tmp_path)
    owners = store.index.assign(patient=store.index["id"].str.split("_").str[0])
    assert (owners.groupby("patient")["split"].nunique() == 1).all()


def test_images_without_mask_are_dropped_with_a_note(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    (raw / "pngs_masks" / f"{NAME}.png").unlink()
    store = world.store("covid-rural", raw, tmp_path)
    assert len(store) == 9
    assert any("1 images have no mask" in note and NAME in note for note in store.manifest.notes)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((40, 52), dtype=np.uint8), "has size (40, 52), the image (40, 53)"),
        (np.full((40, 53), 255, dtype=np.uint8), "must hold 0 and 1, found [255]"),
        (np.zeros((40, 53, 3), dtype=np.uint8), "must have one channel"),
    ],
)
def test_wrong_masks_are_named(tmp_path: Path, mask: np.ndarray, message: str) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    raws.write_image(raw / "pngs_masks" / f"{NAME}.png", mask)
    with pytest.raises(DataError) as caught:
        world.run("covid-rural", raw, tmp_path)
    assert message in str(caught.value)
    assert f"jpgs/{NAME}.jpg" in str(caught.value)


def test_folders_count_in_either_case(tmp_path: Path) -> None:
    plain = world.store("covid-rural", raws.covid_rural(tmp_path / "plain"), tmp_path / "a")
    raw = raws.covid_rural(tmp_path / "raw")
    (raw / "jpgs").rename(raw / "JPGs")
    (raw / "pngs_masks").rename(raw / "PNGs_masks")
    store = world.store("covid-rural", raw, tmp_path / "b")
    assert store.manifest.files["images.npy"] == plain.manifest.files["images.npy"]
    assert store.manifest.files["masks.npy"] == plain.manifest.files["masks.npy"]


def test_a_file_of_another_name_is_an_error(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    raws.write_image(raw / "jpgs" / "holiday.jpg", raws.grey())
    with pytest.raises(DataError, match=r"holiday.jpg: name must begin with COVID-19-AR-"):
        world.run("covid-rural", raw, tmp_path)


def test_another_folder_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    with pytest.raises(DataError, match=r"expected the folder jpgs there or below. It is empty"):
        world.run("covid-rural", tmp_path / "raw", tmp_path)


def test_a_missing_folder_of_masks_is_named(tmp_path: Path) -> None:
    raw = raws.covid_rural(tmp_path / "raw")
    (raw / "pngs_masks").rename(raw / "masks")
    with pytest.raises(
        DataError, match=r"expected the folder pngs_masks there or below. It holds masks/, jpgs/"
    ):
        world.run("covid-rural", raw, tmp_path)
