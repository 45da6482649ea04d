"""A finding changes the picture where its mask says, in the way a reader expects, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import label, regionprops

from lovt_bench.benchmark.data.phantom.canvas import FIELD_CM, Canvas
from lovt_bench.benchmark.data.phantom.findings import Request, box_of, finding_kinds
from lovt_bench.benchmark.data.phantom.scene import Picture, Scene, draw_picture

CANVAS = Canvas(256, 256)
DARK = {"pneumothorax"}


def scene(number: int, *requests: Request, objects: int = 0) -> Scene:
    key = ("test", number)
    return Scene(3, key, key, key, requests, objects)


def difference(number: int, request: Request) -> tuple[Picture, np.ndarray]:
    """Picture with the finding, and what it adds in grey levels."""
    bare = scene(number)
    with_finding = draw_picture(CANVAS, replace(bare, requests=(request,)))
    return with_finding, with_finding.pixels.astype(int) - draw_picture(CANVAS, bare).pixels.astype(int)


@pytest.mark.parametrize("kind", sorted(finding_kinds()))
def test_the_picture_changes_inside_the_mask_and_not_outside(kind: str) -> None:
    for number in range(4):
        picture, change = difference(number, Request(kind))
        (found,) = picture.drawn
        near = ndimage.binary_dilation(found.mask, iterations=14)
        assert found.mask.any()
        size = np.abs(change) * (np.abs(change) > 6)
        assert size[near].sum() > 0.9 * size.sum(), "most of the change lies at the mask"
        assert size[found.mask].mean() > 3 * size[~near].mean(), "the mask stands out"


@pytest.mark.parametrize("kind", sorted(set(finding_kinds()) - {"cardiomegaly"}))
def test_air_darkens_and_everything_else_brightens(kind: str) -> None:
    for number in range(4):
        picture, change = difference(number, Request(kind, severity=0.8))
        inside = change[picture.drawn[0].mask].mean()
        assert inside < -8 if kind in DARK else inside > 5


def test_a_large_heart_is_wider_than_half_the_chest() -> None:
    for number in range(6):
        picture = draw_picture(CANVAS, scene(number, Request("cardiomegaly")))
        assert (box := picture.drawn[0].box)
        assert box[2] / CANVAS.width > 0.5 * 2 * picture.patient.half_width
        bare = draw_picture(CANVAS, scene(number))
        assert bare.patient.heart_ratio < 0.52


@pytest.mark.parametrize(("kind", "low", "high"), [("nodule", 1.0, 3.0), ("mass", 3.0, 7.5)])
def test_three_centimetres_part_nodule_and_mass(kind: str, low: float, high: float) -> None:
    for number in range(8):
        (found,) = draw_picture(CANVAS, scene(number, Request(kind, zone="mid"))).drawn
        assert found.size_cm
        assert low < found.size_cm < high
        drawn = np.sqrt(found.mask.sum() * 4 / np.pi) * FIELD_CM / CANVAS.scale
        assert drawn == pytest.approx(found.size_cm, rel=0.3)


@pytest.mark.parametrize("side", ["right", "left"])
def test_the_patients_right_is_on_the_left_of_the_picture(side: str) -> None:
    for kind in ("pneumonia", "effusion", "pneumothorax", "nodule"):
        (found,) = draw_picture(CANVAS, scene(1, Request(kind, side=side))).drawn  # type: ignore[arg-type]
        assert (found.mask.nonzero()[1].mean() < CANVAS.width / 2) == (side == "right")


def test_the_box_is_the_bounding_box_of_the_mask() -> None:
    (found,) = draw_picture(CANVAS, scene(2, Request("consolidation"))).drawn
    top, left, bottom, right = regionprops(found.mask.astype(np.uint8))[0].bbox
    assert found.box == (left, top, right - left, bottom - top)
    assert box_of(np.zeros((4, 4), bool)) is None


def test_leaving_out_one_finding_does_not_move_another() -> None:
    both = draw_picture(CANVAS, scene(3, Request("pneumonia", "left"), Request("nodule", "right")))
    one = draw_picture(CANVAS, scene(3, Request("pneumonia", "left")))
    np.testing.assert_array_equal(both.drawn[0].mask, one.drawn[0].mask)


def test_objects_are_bright_and_lie_where_they_are_annotated() -> None:
    shapes = set()
    for number in range(12):
        bare = draw_picture(CANVAS, scene(number)).pixels.astype(int)
        picture = draw_picture(CANVAS, scene(number, objects=1))
        (item,) = picture.objects
        shapes.add(item.shape)
        changed = picture.pixels.astype(int) - bare > 12
        assert changed.any()
        low, high = item.points.min(axis=0) - 4, item.points.max(axis=0) + 4
        for region in regionprops(label(changed)):
            top, left, bottom, right = region.bbox
            if region.area > 8:
                assert low[0] <= left
                assert low[1] <= top
                assert right <= high[0] + 1
                assert bottom <= high[1] + 1
    assert shapes == {"rectangle", "ellipse", "polygon"}


def test_both_views_of_a_study_show_the_same_person_and_findings() -> None:
    first = scene(4, Request("pneumonia"), Request("effusion"))
    views = [draw_picture(CANVAS, replace(first, view=view)) for view in ("PA", "AP")]
    assert [found.place for found in views[0].drawn] == [found.place for found in views[1].drawn]
    assert views[0].patient.sex == views[1].patient.sex
    assert views[0].patient.heart_ratio < views[1].patient.heart_ratio


def test_lungs_are_dark_mediastinum_is_bright_and_air_is_black() -> None:
    for number in range(6):
        picture = draw_picture(CANVAS, scene(number))
        middle = round(picture.patient.middle * CANVAS.width)
        row = round(0.4 * CANVAS.height)
        reach = round(0.2 * CANVAS.width)
        spine = picture.pixels[row - 8 : row + 8, middle - 6 : middle + 6].mean()
        for lung in (
            picture.pixels[row - 8 : row + 8, middle + s * reach - 6 : middle + s * reach + 6]
            for s in (-1, 1)
        ):
            assert lung.mean() < spine - 50
        assert picture.pixels.min() < 12
