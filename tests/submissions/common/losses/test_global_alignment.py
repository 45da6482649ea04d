"""The global loss against a plain float64 formula, at its known values, and over gathered candidates."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lovt_bench.submissions.common.losses.global_alignment import global_alignment


def plain(a: np.ndarray, b: np.ndarray, temperature: float, same: bool) -> float:
    """Return the mean over i of -log(exp(a_i b_i / t) / Σ_k exp(...))."""
    a, b = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (a, b))
    losses = []
    for i in range(len(a)):
        terms = [math.exp(a[i] @ b[k] / temperature) for k in range(len(b))]
        if same:
            terms += [math.exp(a[i] @ a[k] / temperature) for k in range(len(a)) if k != i]
        losses.append(-math.log(math.exp(a[i] @ b[i] / temperature) / sum(terms)))
    return float(np.mean(losses))


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("batch", [1, 2, 7])
def test_both_directions_are_the_formula(batch, same):
    torch.manual_seed(batch)
    a, b = torch.randn(2, batch, 5, dtype=torch.float64)
    result = global_alignment(a, b, 0.2, same_modality=same)
    assert result.image_to_report.item() == pytest.approx(plain(a.numpy(), b.numpy(), 0.2, same), rel=1e-12)
    assert result.report_to_image.item() == pytest.approx(plain(b.numpy(), a.numpy(), 0.2, same), rel=1e-12)
    assert result.total().item() == pytest.approx(
        0.75 * result.image_to_report.item() + 0.25 * result.report_to_image.item()
    )


def test_a_collapse_has_the_loss_of_guessing_and_finds_nothing():
    result = global_alignment(torch.ones(32, 4), torch.ones(32, 4))
    assert result.image_to_report.item() == pytest.approx(math.log(32))
    assert result.report_to_image.item() == pytest.approx(math.log(32))
    assert all(value == 0 for value in result.accuracies.values())


def test_accuracies_count_the_right_direction():
    reports = torch.eye(8)
    images = reports.clone()
    images[0] = torch.tensor([0.9, 1, 0, 0, 0, 0, 0, 0])  # second for its image, first for its report
    result = global_alignment(images, reports).accuracies
    assert {name: round(value.item(), 3) for name, value in result.items()} == {
        "a2b_top_1": 0.875,
        "a2b_top_5": 1,
        "b2a_top_1": 1,
        "b2a_top_5": 1,
    }


def test_two_ranks_with_gathered_candidates_are_one_process():
    torch.manual_seed(0)
    a, b = torch.randn(2, 6, 5, dtype=torch.float64)
    whole = global_alignment(a, b)
    ranks = [
        global_alignment(a[first : first + 3], b[first : first + 3], all_images=a, all_reports=b, first=first)
        for first in (0, 3)
    ]
    torch.testing.assert_close(sum(rank.image_to_report for rank in ranks) / 2, whole.image_to_report)
    torch.testing.assert_close(sum(rank.report_to_image for rank in ranks) / 2, whole.report_to_image)
    for name, value in whole.accuracies.items():
        torch.testing.assert_close(sum(rank.accuracies[name] for rank in ranks) / 2, value)


def test_half_precision_embeddings_are_compared_in_single():
    torch.manual_seed(0)
    a, b = torch.randn(2, 4, 5).half()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        result = global_alignment(a, b)
    assert result.image_to_report.dtype == torch.float32
    torch.testing.assert_close(result.image_to_report, global_alignment(a.float(), b.float()).image_to_report)


@pytest.mark.parametrize(
    ("shapes", "more", "message"),
    [
        (((2, 3), (3, 3)), {}, r"one shape \(B, d\), found \(2, 3\) and \(3, 3\)"),
        (((2, 3), (2, 3)), {"first": 1}, "2 candidate images and 2 reports do not hold rows 1 to 2"),
    ],
)
def test_shapes_that_do_not_fit_are_named(shapes, more, message):
    with pytest.raises(ValueError, match=message):
        global_alignment(torch.ones(shapes[0]), torch.ones(shapes[1]), **more)
