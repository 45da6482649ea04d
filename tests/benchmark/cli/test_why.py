"""`lovt-bench why`: what a user types and reads, and which images never get into a page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from tests.benchmark.cli.planted import plant
from tests.benchmark.engine.world import tiny_store

GOOD, BAD = "good", "bad"
MASKS, BOXES = "covid_linear", "rsna_frozen_100"
SEEDS = (12345, 12346, 12347)
PICTURE = "data:image/png;base64,"


def call(root: Path, *words: object) -> Result:
    return CliRunner().invoke(main, ["why", *map(str, words), "--workspace", str(root)])


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two rows on two tasks: `bad` finds nothing on the first three test images."""
    root = tmp_path_factory.mktemp("why")
    for dataset, task in (("covid-rural", MASKS), ("rsna", BOXES)):
        store = tiny_store(root, dataset)
        images = len(store.rows("test"))
        for name, missed in ((GOOD, 0), (BAD, 3)):
            shares = np.where(np.arange(images) < missed, 0.05, 0.9)
            for seed in SEEDS:
                plant(root, store, name, task, shares, seed)
    return root


def test_the_images_that_make_the_difference_are_named(workspace: Path) -> None:
    result = call(workspace, GOOD, BAD)
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    rows = [18, 19, 20]  # the first of the test split of 24 images
    for task in ("COVID Rural linear", "RSNA YOLOv3 frozen 100 %"):
        place = next(
            index
            for index, line in enumerate(lines)
            if re.match(rf"{re.escape(task)}: \d+ test images", line)
        )
        assert f"most for {GOOD}" in lines[place + 1]
        named = [int(row) for row in re.findall(r"(\d+): \+", lines[place + 1])]
        assert sorted(named) == rows
    assert "good has the higher mean on 2 of 2 common tasks, bad on 0." in result.output
    assert "On these test images, under other training seeds: good is better on 2" in result.output
    assert "PHANTOM" in lines[0]


def test_the_page_is_one_file_with_the_pictures_of_phantom_images(workspace: Path, tmp_path: Path) -> None:
    out = tmp_path / "why.html"
    result = call(workspace, GOOD, BAD, "--out", out, "--images", 2)
    assert result.exit_code == 0, result.output
    text = out.read_text()
    # Two images for the good row on each of two tasks, three pictures each; none speaks for the bad row there.
    strips = text.count('<div class="strip">')
    assert text.count(PICTURE) == 3 * strips >= 12
    assert "PHANTOM" in text
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", text), "nothing is loaded from elsewhere"


def test_licensed_images_are_drawn_only_where_it_is_asked_for(workspace: Path, tmp_path: Path) -> None:
    store = tiny_store(tmp_path, "covid-rural", track="public")
    shares = np.full(len(store.rows("test")), 0.9)
    for name, less in ((GOOD, 0.0), (BAD, 0.5)):
        for seed in SEEDS[:2]:
            plant(tmp_path, store, name, MASKS, shares - less, seed, track="public")
    plain, drawn = tmp_path / "plain.html", tmp_path / "drawn.html"
    assert call(tmp_path, GOOD, BAD, "--out", plain).exit_code == 0
    assert PICTURE not in plain.read_text()
    assert "Images of licensed datasets are not drawn." in plain.read_text()
    assert "PHANTOM" not in plain.read_text()
    assert call(tmp_path, GOOD, BAD, "--out", drawn, "--embed-licensed-images").exit_code == 0
    assert PICTURE in drawn.read_text()
    lonely = call(tmp_path, GOOD, BAD, "--embed-licensed-images")
    assert "give --out FILE.html" in lonely.output


def test_a_record_does_not_say_that_images_of_a_real_store_are_of_the_phantom(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, "covid-rural", track="public")
    for name, share in ((GOOD, 0.9), (BAD, 0.4)):
        plant(tmp_path, store, name, MASKS, np.full(len(store.rows("test")), share), SEEDS[0])
    out = tmp_path / "why.html"
    result = call(tmp_path, GOOD, BAD, "--out", out)
    assert result.exit_code == 1
    assert "it is recorded as of the phantom track, and" in result.output
    assert not out.exists()


def test_without_kept_masks_there_are_no_pictures(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, "covid-rural")
    for name, share in ((GOOD, 0.9), (BAD, 0.4)):
        for seed in SEEDS[:2]:
            plant(tmp_path, store, name, MASKS, np.full(len(store.rows("test")), share), seed, masks=False)
    out = tmp_path / "why.html"
    result = call(tmp_path, GOOD, BAD, "--out", out)
    assert result.exit_code == 0, result.output
    assert "holds counts alone: the run was made with --no-masks" in out.read_text()
    assert PICTURE not in out.read_text()


def test_old_records_and_single_images_are_said_in_a_sentence(tmp_path: Path) -> None:
    store = tiny_store(tmp_path, "covid-rural")
    for name, predicted in ((GOOD, True), (BAD, False)):
        plant(tmp_path, store, name, MASKS, np.array([0.9]), SEEDS[0], predicted=predicted)
    old = call(tmp_path, GOOD, BAD)
    assert old.exit_code == 1
    assert f"{MASKS}: the predictions of seed {SEEDS[0]} were not kept" in old.output
    assert f"lovt-bench leaderboard compare {GOOD} {BAD}" in old.output
    plant(tmp_path, store, "third", MASKS, np.array([0.2]), SEEDS[0])
    one = call(tmp_path, GOOD, "third")
    assert one.exit_code == 0, one.output
    assert "no task can be tested" in one.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((GOOD, GOOD), "FIRST and SECOND are both 'good': name two rows"),
        ((GOOD, "nobody"), "no run of 'nobody'"),
        ((GOOD, BAD, "--tasks", "covid_unet_frozen"), "no final run of good"),
        ((GOOD, BAD, "--out", "why.txt"), "expected a name that ends in .html"),
        ((GOOD, BAD, "--table", "public"), "no table whose id contains 'public' has good and bad"),
    ],
)
def test_bad_input_is_one_sentence(workspace: Path, words: tuple[str, ...], said: str) -> None:
    result = call(workspace, *words)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_rows_without_a_common_task_cannot_be_compared(tmp_path: Path) -> None:
    for dataset, task, name in (("covid-rural", MASKS, GOOD), ("rsna", BOXES, BAD)):
        store = tiny_store(tmp_path, dataset)
        plant(tmp_path, store, name, task, np.full(len(store.rows("test")), 0.9), SEEDS[0])
    result = call(tmp_path, GOOD, BAD)
    assert result.exit_code == 1
    assert f"{MASKS}: there is nothing to compare of {BAD}" in result.output
