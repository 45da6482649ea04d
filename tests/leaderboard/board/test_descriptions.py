"""What a row says beside its numbers, and where that comes from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.leaderboard.board.descriptions import Description, claiming, describe
from lovt_bench.leaderboard.errors import LeaderboardError
from tests.conftest import REPOSITORY
from tests.leaderboard.records import digest


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "submissions", tmp_path / "backbones"


def write_submission(root: Path, name: str, **changes: Any) -> Path:
    path = root / name / "submission.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(yaml.safe_dump({"name": name, "display_name": "LoVT", "supervision": "text"} | changes))
    return path


def write_backbone(root: Path, name: str, **changes: Any) -> None:
    path = root / name / "backbone.json"
    path.parent.mkdir(parents=True)
    manifest = {
        "name": name,
        "display_name": "LoVT 30 %",
        "architecture": "resnet50",
        "levels": [{"name": "c5", "channels": 2048, "stride": 32}],
        "parameters": 1,
        "weights_sha256": digest(name),
        "provenance": {"method": "lovt", "fraction": 0.3},
        "created": "2026-01-01T00:00:00Z",
    }
    path.write_text(json.dumps(manifest | changes))


def test_a_submission_speaks_for_its_row(roots: tuple[Path, Path]) -> None:
    write_submission(roots[0], "lovt", paper="https://example.org/paper", pretraining_data=["MIMIC-CXR"])
    found = describe(["lovt"], *roots)["lovt"]
    assert found.model_copy(update={"overlaps": {}}) == Description(
        display_name="LoVT",
        method="LoVT",
        supervision="text",
        paper="https://example.org/paper",
        pretraining_data=["MIMIC-CXR"],
    )
    assert {item.mark for marks in found.overlaps.values() for item in marks} == {"clean"}


def test_a_manifest_knows_what_its_weights_have_seen(roots: tuple[Path, Path]) -> None:
    """The method's declaration is of its published form; a smaller run of it may have seen something else."""
    write_submission(roots[0], "lovt", pretraining_data=["MIMIC-CXR", "NIH"], description="Reports.")
    write_backbone(
        roots[1],
        "lovt",
        provenance={
            "method": "lovt",
            "pretraining_data": ["phantom MIMIC-CXR"],
            "image_digest": "sha256:" + "a" * 64,
            "made_by": "board",
            "seconds": 400,
            "paper": "https://example.org/manifest",
        },
    )
    found = describe(["lovt"], *roots)["lovt"]
    assert found.pretraining_data == ["phantom"]
    assert found.description == "Reports."
    assert found.paper == "https://example.org/manifest"
    assert found.backbone is not None
    assert found.backbone.made_by == "board"
    assert (found.backbone.architecture, found.backbone.sha256) == ("resnet50", digest("lovt"))
    assert found.backbone.provenance["Pre-training time"] == "6.7 min"
    assert found.backbone.provenance["Container image"] == "sha256:" + "a" * 16


VIT = {"family": "transformer", "patch": 14, "gmac": 5.5, "native_side": 224}


def test_a_row_says_what_its_network_is_by_its_manifest(roots: tuple[Path, Path]) -> None:
    write_backbone(roots[1], "vit", architecture="timm.a_vit", network=VIT, provenance={"method": "mae"})
    found = describe(["vit"], *roots)["vit"]
    assert found.backbone is not None
    row = found.row("vit", [], facts=found.backbone, evidence=None, track="public", datasets=[])
    assert row.network is not None
    assert row.network.model_dump() == VIT
    write_submission(roots[0], "mae", native_side=518)
    network = _network(roots, "vit")
    assert network is not None
    assert network.model_dump() == VIT | {"native_side": 518}, "what is declared goes before a configuration"


@pytest.mark.parametrize(
    ("name", "family", "gmac"),
    [
        ("random", "CNN", 4.087),
        ("imagenet", "CNN", 4.087),
        ("random-timm.swin_tiny_patch4_window7_224", "transformer", 4.49),
        ("random-timm.of_another_day", None, None),
    ],
)
def test_backbones_without_a_folder_are_known_by_their_architecture(
    roots: tuple[Path, Path], name: str, family: str | None, gmac: float | None
) -> None:
    found = _network(roots, name)
    assert (found and found.family, found and found.gmac) == (family, gmac)


def test_folders_from_before_are_known_by_their_architecture_and_graphs_are_graphs(
    roots: tuple[Path, Path],
) -> None:
    write_backbone(roots[1], "old", architecture="resnet18")
    write_backbone(roots[1], "graph", architecture="onnx", weights_sha256=None, onnx_sha256=digest("g"))
    write_backbone(roots[1], "own", architecture="my-network")
    found = [_network(roots, name) for name in ("old", "graph", "own")]
    assert [one and (one.family, one.gmac) for one in found] == [("CNN", 1.814), ("graph", None), None]


def _network(roots: tuple[Path, Path], name: str) -> NetworkFacts | None:
    facts = describe([name], *roots)[name].backbone
    assert facts is not None
    return facts.network


MADE = {
    "method": "dae",
    "inputs_sha256": digest("i"),
    "supervision": "self",
    "paper": "https://example.org/p",
}


def test_a_row_keeps_its_supervision_where_its_declaration_is_not_here(roots: tuple[Path, Path]) -> None:
    """A method from elsewhere, pre-trained by path and evaluated without its folder in sight."""
    write_backbone(roots[1], "dae-seed9", provenance=MADE, display_name="DAE (seed 9)")
    found = describe(["dae-seed9"], *roots)["dae-seed9"]
    assert (found.supervision, found.paper, found.display_name) == (
        "self",
        "https://example.org/p",
        "DAE (seed 9)",
    )
    write_submission(roots[0], "dae", supervision="labels")
    assert describe(["dae-seed9"], *roots)["dae-seed9"].supervision == "labels", "a correction counts"


def test_runs_of_a_method_are_called_what_the_harness_called_them(roots: tuple[Path, Path]) -> None:
    """Also the one that has the method's own name, whose declaration speaks of all of them."""
    write_submission(roots[0], "dae", display_name="DAE")
    for name, shown in (("dae", "DAE (demo)"), ("dae-big", "DAE (big, demo)")):
        write_backbone(roots[1], name, provenance=MADE, display_name=shown)
    found = describe(["dae", "dae-big"], *roots)
    assert [item.display_name for item in found.values()] == ["DAE (demo)", "DAE (big, demo)"]


def test_a_method_without_its_backbone_does_not_pass_for_clean(roots: tuple[Path, Path]) -> None:
    """What it declares is beside a corpus, and nothing here says which that was."""
    write_submission(roots[0], "lovt", corpus="images", pretraining_data=["none"])
    found = describe(["lovt"], *roots)["lovt"]
    assert found.pretraining_data == ["the corpus it was given, which is not known here"]
    assert {item.mark for item in found.overlaps["public"]} == {"unknown"}


def test_of_weights_from_elsewhere_every_declaration_counts(roots: tuple[Path, Path]) -> None:
    """A submitter must not lose an overlap by leaving it out of one of two places."""
    weights = {
        "file": "a.pth",
        "sha256": digest("a"),
        "bytes": 5,
        "architecture": "resnet50",
        "backbone_sha256": digest("lovt"),
    }
    write_submission(roots[0], "lovt", pretraining_data=["mimic-cxr"], weights=weights)
    write_backbone(roots[1], "lovt", provenance={"method": "lovt", "pretraining_data": ["NIH"]})
    found = describe(["lovt"], *roots)["lovt"]
    assert found.pretraining_data == ["NIH ChestX-ray14", "MIMIC-CXR"]
    assert {item.dataset for item in found.overlaps["public"] if item.mark == "overlapping"} == {
        "rsna",
        "siim",
        "nih-cxr",
        "chestx-det",
    }


@pytest.mark.parametrize("name", ["random", "random-resnet18", "imagenet"])
def test_backbones_that_are_always_there_are_known(name: str) -> None:
    found = describe([name], REPOSITORY / "submissions", None)[name]
    assert {item.mark for item in found.overlaps["public"]} == {"clean"}
    assert found.backbone is not None
    assert found.backbone.architecture == name.removeprefix("random-").replace("random", "resnet50").replace(
        "imagenet", "resnet50"
    )


@pytest.mark.parametrize(
    ("name", "display_name", "architecture"),
    [("random-resnet18", "Random (resnet18)", "resnet18"), ("random-timm.x", "Random (timm.x)", "timm.x")],
)
def test_a_draw_of_another_architecture_says_which(name: str, display_name: str, architecture: str) -> None:
    found = describe([name, "random"], REPOSITORY / "submissions", None)
    assert found[name].display_name == display_name
    assert (
        found[name].description
        == f"{architecture} with its library's default initialisation; a new draw in each run."
    )
    assert found[name].method == "Random"
    assert found["random"].description.startswith("ResNet-50 with torchvision's default initialisation")


def test_a_draw_that_was_kept_says_its_architecture_too(roots: tuple[Path, Path]) -> None:
    write_backbone(
        roots[1],
        "random-resnet18-4",
        display_name="Random (resnet18), seed 4",
        architecture="resnet18",
        provenance={"method": "random", "seed": 4},
    )
    found = describe(["random-resnet18-4"], REPOSITORY / "submissions", roots[1])["random-resnet18-4"]
    assert found.display_name == "Random (resnet18), seed 4"
    assert found.description == "resnet18 with its library's default initialisation; one draw."


def test_the_first_folder_that_has_a_name_speaks(roots: tuple[Path, Path], tmp_path: Path) -> None:
    write_submission(roots[0], "lovt", claimed={"covid_linear": {"value": 0.4}})
    write_submission(tmp_path / "more", "lovt", display_name="Another")
    write_submission(tmp_path / "more", "plain")
    folders = [roots[0], tmp_path / "more"]
    found = describe(["lovt", "plain"], folders, None)
    assert found["lovt"].display_name == "LoVT"
    assert found["lovt"].claimed["covid_linear"].value == 0.4
    assert claiming(folders) == ["lovt"]


def test_two_fractions_are_two_rows_of_one_method(roots: tuple[Path, Path]) -> None:
    write_submission(roots[0], "lovt")
    write_backbone(roots[1], "lovt-30")
    write_backbone(
        roots[1], "lovt-100", display_name="LoVT 100 %", provenance={"method": "lovt", "fraction": 1}
    )
    found = describe(["lovt-30", "lovt-100"], *roots)
    assert {item.method for item in found.values()} == {"LoVT"}
    assert found["lovt-30"].display_name == "LoVT 30 %"
    assert found["lovt-30"].fraction == 0.3
    assert found["lovt-30"].supervision == "text"


def test_without_any_description_the_name_stands(roots: tuple[Path, Path]) -> None:
    found = describe(["x"], *roots)["x"]
    assert found.model_copy(update={"overlaps": {}}) == Description(display_name="x", method="x")
    assert {item.mark for marks in found.overlaps.values() for item in marks} == {"unknown"}
    assert describe(["x"], None, None)["x"].display_name == "x"


def test_a_display_name_of_invisible_characters_gives_way_to_the_name(roots: tuple[Path, Path]) -> None:
    write_submission(roots[0], "lovt", display_name="\u200b\u202e")
    assert describe(["lovt"], *roots)["lovt"].display_name == "lovt"


def test_a_method_is_never_a_path(roots: tuple[Path, Path], tmp_path: Path) -> None:
    """A manifest is a stranger's file; its method must not read another folder's description."""
    write_submission(tmp_path / "elsewhere", "secret", display_name="Secret")
    write_backbone(roots[1], "x", provenance={"method": "../elsewhere/secret"})
    roots[0].mkdir()
    assert describe(["x"], *roots)["x"].supervision == "unknown"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: lovt\n", "display_name"),
        ("name: other\ndisplay_name: x\nsupervision: text\n", "expected 'lovt' as the folder is called"),
        ("name: lovt\ndisplay_name: x\nsupervision: text\npaper: 'javascript:alert(1)'\n", "paper"),
        ("[unclosed", "not plain YAML"),
        ("a: &a [x]\nb: *a\n", "alias"),
    ],
)
def test_a_bad_description_is_an_error_that_names_the_file(
    roots: tuple[Path, Path], text: str, message: str
) -> None:
    write_submission(roots[0], "lovt").write_text(text)
    with pytest.raises(LeaderboardError, match=message) as caught:
        describe(["lovt"], *roots)
    assert "submission.yaml" in str(caught.value)


def test_a_bad_manifest_is_an_error_that_says_what_to_do(roots: tuple[Path, Path]) -> None:
    write_backbone(roots[1], "x", parameters=0)
    with pytest.raises(LeaderboardError, match=r"parameters(.|\n)*backbone check"):
        describe(["x"], *roots)


def test_for_the_board_of_all_what_is_bad_is_told_and_the_rest_is_there(roots: tuple[Path, Path]) -> None:
    write_submission(roots[0], "lovt").write_text("[unclosed")
    write_backbone(roots[1], "lovt")
    write_submission(roots[0], "other", display_name="Other")
    (roots[1] / "other").mkdir()
    (roots[1] / "other" / "audit.json").write_bytes(b"\xff{")
    told: list[str] = []
    found = describe(["lovt", "other"], *roots, lambda error: told.append(str(error)))
    assert (found["lovt"].display_name, found["other"].display_name) == ("LoVT 30 %", "Other")
    assert [re.split("[:, ]", text)[0].rpartition("/")[2] for text in told] == [
        "submission.yaml",
        "audit.json",
    ]


def test_links_are_not_followed(roots: tuple[Path, Path], tmp_path: Path) -> None:
    target = write_submission(tmp_path / "elsewhere", "lovt", display_name="Stolen")
    (roots[0] / "lovt").mkdir(parents=True)
    (roots[0] / "lovt" / "submission.yaml").symlink_to(target)
    complaints: list[LeaderboardError] = []
    assert describe(["lovt"], *roots, complaints.append)["lovt"].display_name == "lovt"
    assert "is a link; put the file itself there" in str(complaints[0])
