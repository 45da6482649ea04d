"""`lovt-bench data` in the terminal: what it prints, how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from lovt_bench.benchmark.cli.main import main
from lovt_bench.tasks.protocol import load_protocol
from tests.benchmark.data import raws, world
from tests.benchmark.data.own import folders


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["data", *map(str, arguments)])


def test_prepare_list_verify(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    first = call("prepare", "rsna", "--raw", raw, "--workspace", tmp_path)
    assert first.exit_code == 0, first.output
    assert "6 / 2 / 2 images" in first.output
    assert "raw images: 10 found, 10 used, 0 left out" in first.output
    assert "splits seeded (12345)" in first.output
    again = call("prepare", "rsna", "--raw", raw, "--workspace", tmp_path)
    assert "is up to date" in again.output
    listed = call("list", "--workspace", tmp_path).output
    assert "seeded (12345)" in listed
    assert "not prepared" in listed
    verified = call("verify", "--workspace", tmp_path)
    assert (verified.exit_code, "rsna: ok" in verified.output) == (0, True)


def test_own_images_become_a_store_tasks_and_a_suite(tmp_path: Path) -> None:
    place = ["--workspace", tmp_path]
    raw = folders.coco(tmp_path / "raw")
    own = ["prepare", "own", "--raw", raw, *place]
    assert "own images need --name and --format" in call(*own, "--name", "mine").output
    for option in (["--name", "mine"], ["--split-by", "patient"], ["--table", raw / "annotations.json"]):
        assert "belong to own images" in call("prepare", "rsna", "--raw", raw, *option).output
    taken = call(*own, "--name", "covid", "--format", "coco")
    assert (taken.exit_code, (tmp_path / "data").exists()) == (1, False)
    assert "there already, on covid-rural; prepare it under another name" in taken.output
    done = call(*own, "--name", "mine", "--format", "coco")
    assert done.exit_code == 0, done.output
    assert "6 / 2 / 2 images" in done.output
    assert "track own, splits seeded (12345), image level" in done.output
    assert "is up to date" in call(*own, "--name", "mine", "--format", "coco").output
    assert call("verify", *place).output.startswith("mine: ok")
    assert "mine" in call("list", *place).output

    def tasks(*arguments: object) -> str:
        result = CliRunner().invoke(main, ["tasks", *map(str, arguments), *map(str, place)])
        assert result.exit_code == 0, result.output
        return result.output

    assert "lovt-bench evaluate random --suite mine" in tasks("new", "mine", "--title", "City hospital")
    assert [line.split()[1] for line in tasks("list", "--suite", "mine").splitlines()[2:]] == [
        "mine_yolov3_frozen",
        "mine_yolov3_finetune",
    ]
    assert "101  City hospital YOLOv3 frozen" in tasks("show", "101")
    (raw / "annotations.json").write_text(
        (raw / "annotations.json").read_text("utf-8").replace("nodule", "mass"), encoding="utf-8"
    )
    call(*own, "--name", "mine", "--format", "coco")
    evaluated = CliRunner().invoke(main, ["evaluate", "random", "--suite", "mine", *map(str, place)])
    assert evaluated.exit_code == 1
    assert "has the classes nodule, opacity, its store has mass, opacity" in evaluated.output
    unknown = CliRunner().invoke(main, ["tasks", "new", "other", *map(str, place)])
    assert (unknown.exit_code, "no image store" in unknown.output) == (1, True)
    assert "data prepare own --format FORMAT --raw DIR --name other" in unknown.output
    outside = CliRunner().invoke(main, ["tasks", "new", "../../x", *map(str, place)])
    assert (outside.exit_code, "NAME is '../../x'; expected 1 to 64 of a-z" in outside.output) == (2, True)


def test_splits_without_an_object_are_said(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    for path in (raw / "labels").iterdir():
        path.write_text("0 0.5 0.5 0.2 0.2" if path.stem == "case00" else "")
    rows = [
        f"{name}.png,{'train' if name < 'case05' else 'val' if name < 'case08' else 'test'}\n"
        for name in folders.NAMES
    ]
    (raw / "images.csv").write_text("image,split\n" + "".join(rows))
    call(*["prepare", "own", "--format", "yolo", "--name", "mine", "--raw", raw, "--workspace", tmp_path])
    result = CliRunner().invoke(main, ["tasks", "new", "mine", "--workspace", str(tmp_path)])
    assert (result.exit_code, "Note: no boxes in validation and test: nothing" in result.output) == (0, True)


def test_where_nothing_is_drawn_no_tasks_are_promised(tmp_path: Path) -> None:
    raw = folders.yolo(tmp_path / "raw")
    for path in (raw / "labels").iterdir():
        path.write_text("")
    done = call(
        *["prepare", "own", "--format", "yolo", "--name", "mine", "--raw", raw, "--workspace", tmp_path]
    )
    assert (done.exit_code, "Next:" in done.output) == (0, False)
    assert "Note: mine has no boxes and no drawn masks, so there is no task" in done.output
    filled = ["tasks", "new", "mine", "--targets", "masks", "--workspace", str(tmp_path)]
    result = CliRunner().invoke(main, filled)
    assert (result.exit_code, "mine has no masks on any image" in result.output) == (1, True)
    assert not (tmp_path / "tasks").exists()


def test_verify_ends_with_1_and_lists_the_problems(tmp_path: Path) -> None:
    call("prepare", "rsna", "--raw", raws.rsna(tmp_path / "raw"), "--workspace", tmp_path)
    (tmp_path / "data" / "rsna" / "masks.npy").unlink()
    result = call("verify", "rsna", "siim", "--workspace", tmp_path)
    assert result.exit_code == 1
    assert "masks.npy: is missing" in result.output
    assert "no image store at" in result.output
    assert "2 of 2 stores have problems" in result.output


def test_stores_of_two_protocols_are_listed_and_verified_apart(tmp_path: Path) -> None:
    raw, other = raws.rsna(tmp_path / "raw"), world.changed(odd_padding="exact")
    for protocol in (load_protocol(), other.model_copy(update={"name": "corrected"})):
        folder = world.run("rsna", raw, tmp_path / "data", protocol).root.name
    listed = call("list", "--workspace", tmp_path).output.splitlines()
    stores = {line.split()[0]: line.split()[-1] for line in listed if line.startswith("rsna")}
    assert stores == {"rsna": "lovt-2022", folder: "corrected"}
    with (tmp_path / "data" / folder / "masks.npy").open("r+b") as file:
        file.write(b"x")
    result = call("verify", "rsna", "--workspace", tmp_path)
    assert result.exit_code == 1
    assert "rsna: ok" in result.output
    assert f"{folder}: 1 problems" in result.output
    assert call("verify", folder, "--workspace", tmp_path).exit_code == 1
    (tmp_path / "data" / folder / "masks.npy").unlink()
    assert folder in call("list", "--workspace", tmp_path).output


def test_bad_files_end_with_1_and_a_message(tmp_path: Path) -> None:
    raw = raws.rsna(tmp_path / "raw")
    (raw / "stage_2_train_images" / "p4.dcm").write_bytes(b"broken")
    result = call("prepare", "rsna", "--raw", raw, "--workspace", tmp_path)
    assert result.exit_code == 1
    assert "p4.dcm (stage_2_train_labels.csv row 6)" in result.output
    assert "--skip-bad" in result.output
    skipped = call("prepare", "rsna", "--raw", raw, "--workspace", tmp_path, "--skip-bad")
    assert skipped.exit_code == 0
    assert "left out: p4" in skipped.output


def test_unknown_names_list_the_known_ones(tmp_path: Path) -> None:
    result = call("prepare", "mnist", "--raw", tmp_path)
    assert (result.exit_code, "known: chestx-det, chexlocalize, covid-rural" in result.output) == (1, True)
    raw = raws.rsna(tmp_path / "raw")
    result = call("prepare", "rsna", "--raw", raw, "--protocol", "x", "--workspace", tmp_path)
    assert (result.exit_code, "known: lovt-2022" in result.output) == (1, True)
    result = call("verify", "--workspace", tmp_path)
    assert (result.exit_code, "no store in" in result.output) == (1, True)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from click.testing import CliRunner; from lovt_bench.benchmark.cli.main import main;"
        "r = CliRunner().invoke(main, ['data', '--help']); assert 'phantom' in r.output, r.output;"
        "r = CliRunner().invoke(main, ['data', 'prepare', '--help']); assert '--skip-bad' in r.output;"
        "assert not {'numpy', 'pandas', 'torch', 'pydantic'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
