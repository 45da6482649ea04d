"""A protocol: every choice that decides a number, one named entry each, so that a corrected one changes no code.

Comments name the section of docs/reference that the entry reproduces.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model, is_empty


class DataProtocol(Model):
    """How raw files become stores (datasets.md sections 1 to 6; evaluation.md section 5)."""

    image_side: PositiveInt = 224
    equalised: list[str]
    """Datasets whose images get a global histogram equalisation."""
    equalisation_bins: PositiveInt
    eight_bit_rounding: Literal["truncate", "nearest"]
    """How the equalised float image becomes 8 bit."""
    jpeg_quality: dict[str, PositiveInt]
    """Datasets whose processed images went through a JPEG of this quality before the resize."""
    dicom_values: Literal["stored", "displayed"] = Field("stored", exclude_if=lambda value: value == "stored")
    """`stored`: RSNA and SIIM keep the values of their DICOM files, without rescale, window or inversion; `displayed`:
    as a viewer shows them. The entry came later: while it is as published, it counts in no digest."""
    odd_padding: Literal["short", "exact"]
    """`short`: an odd difference to the square stays one pixel short, the resize then scales the axes differently."""
    object_cxr_boxes: Literal["exchanged", "correct"]
    """`exchanged`: width and height of every box are exchanged, in training, validation and test."""
    object_cxr_polygon_masks: Literal["transposed", "correct"]
    """`transposed`: polygon masks are mirrored at the main diagonal."""
    object_cxr_negative_corners: Literal["no-mask", "clipped"]
    """What mask a rectangle or ellipse with a negative corner leaves."""
    object_cxr_ellipse_masks: Literal["rectangle", "ellipse"]
    full_mask_reads_as: Literal["background", "foreground"]
    """A box mask without any background pixel: its GIF has one palette entry, read as 0."""
    nih_split_groups: Literal["separate", "joint"]
    """`separate`: annotated and *No Finding* images are split apart, so patients may be in two splits."""
    nih_no_finding_images: PositiveInt
    test_fraction: PositiveFloat
    split_unit: Literal["image", "patient"] = Field("image", exclude_if=lambda value: value == "image")
    """What seeded splits of RSNA keep together. `patient`: all images of one, where patients are known. In no
    digest while it is as published."""
    normalisation: Literal["dataset", "declared"] = Field(
        "dataset", exclude_if=lambda value: value == "dataset"
    )
    """`dataset`: by the pixel statistics of the training split; `declared`: as the backbone declares, if it does. In no
    digest while it is as published."""
    validation_fraction: PositiveFloat
    """Share of all images; for Object CXR, of the challenge's training images."""
    split_seed: int
    """Seed of splits that are drawn because no official split files are given (deviation: published ones had none)."""


class YoloProtocol(Model):
    """YOLOv3 head, targets, loss and inference (evaluation.md section 7)."""

    anchors: list[list[tuple[float, float]]]
    """Per scale (strides 32, 16, 8) three (width, height) in pixels of the 224 frame."""
    target_scales: Literal["all", "best"]
    """`all`: every box is a positive at all three scales; `best`: only where its best anchor of all nine is."""
    ignore_iou: PositiveFloat
    """Anchors above this shape IoU leave the no-object mask."""
    positive_below_ignore: Literal["also-background", "object-only"]
    """Whether a responsible anchor with IoU <= `ignore_iou` stays in the no-object mask."""
    loss_mean: Literal["all-positions", "positives"]
    """Over what the coordinate terms are averaged."""
    coordinate_weight: PositiveFloat
    no_object_weight: PositiveFloat
    confidence_threshold: PositiveFloat
    nms_iou: PositiveFloat
    iou_convention: Literal["plus-one", "continuous"]
    score: Literal["objectness", "objectness-times-class"]


class MetricProtocol(Model):
    """Metrics (evaluation.md sections 10 and 11)."""

    dice_loss: Literal["batch", "image"]
    """`batch`: one soft Dice over batch, classes and pixels, 0 without foreground. `image`: mean over images."""
    mask_threshold: PositiveFloat
    map_iou_thresholds: list[PositiveFloat]
    map_iou_convention: Literal["plus-one", "continuous"]
    map_match: Literal["strict", "inclusive"]
    """Whether IoU must exceed or reach the threshold."""
    froc_operating_points: list[PositiveFloat]
    froc_fill: Literal["last-recorded", "final"]
    """Which sensitivity stands for operating points that are never reached."""
    froc_points_per_detection: Literal["one", "all"]
    beside: list[str] = Field(default=[], exclude_if=is_empty)
    """Files of `tasks/metrics/` that are measured on test beside those of every protocol. In no digest while empty."""


class OptimisationProtocol(Model):
    """The training loop (evaluation.md sections 1.1, 2.4 and 12)."""

    adam_betas: tuple[float, float]
    adam_epsilon: PositiveFloat
    weight_decay: NonNegativeFloat
    plateau_factor: PositiveFloat
    plateau_patience: PositiveInt
    plateau_threshold: NonNegativeFloat
    early_stopping_min_delta: NonNegativeFloat
    drop_last_batch: bool
    fine_tune_schedule: Literal["constant-after-warm-up", "plateau"]
    """`constant-after-warm-up`: the task's learning rate is set again at every batch, halvings are lost."""
    fine_tune_train_mode: Literal["after-next-validation", "at-once"]
    """When batch norm of the backbone begins to use batch statistics after the warm-up."""
    validation_loss_mean: Literal["batches", "images"]
    """Weights of the mean over validation batches."""
    frozen_feature_precision: Literal["float16", "float32"]
    """`float16`: what the published autocast hands to the heads."""


class RunProtocol(Model):
    """How often and with which seeds (evaluation.md section 2.2)."""

    tune_seed: int
    final_seeds: list[int] = Field(min_length=1)
    """Deviation: the published five runs share one seed and often repeat each other; ours are independent."""
    grid_steps: NonNegativeInt = Field(default=0, exclude_if=is_empty)
    """By how many learning rates a grid goes on beyond an end that holds its optimum. In no digest while 0."""


class Protocol(Model):
    """One protocol file, `tasks/protocols/<name>.yaml`, with what it takes from its base."""

    name: str
    title: str
    reasons: dict[str, str] = Field(default={}, exclude=True)
    """Why an entry is another than the base's, by `section.entry`. Words decide no number and count in no digest."""
    data: DataProtocol
    yolo: YoloProtocol
    metrics: MetricProtocol
    optimisation: OptimisationProtocol
    runs: RunProtocol
