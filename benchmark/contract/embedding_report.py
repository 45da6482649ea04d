"""What `lovt-bench analyze` found in the embeddings of one backbone on one split of a dataset or a corpus.

`results/<track>/<backbone>/analysis/<dataset>/<key>.json`. No label is read, and no rank depends on it. Names of
metrics are those of analysis.md section 3; docs/analysis.md says what each means. None: not defined here, for example a
mean over pairs where there is no pair.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.backbone import FeatureLevel
from lovt_bench.benchmark.contract.base import Model, Name, Sha256, is_empty, is_missing
from lovt_bench.benchmark.contract.dataset import PixelStatistics, SplitName, Track
from lovt_bench.benchmark.contract.declared_facts import Normalisation
from lovt_bench.benchmark.contract.embedding_alignment import Alignment, AlignmentName
from lovt_bench.benchmark.contract.made_with import DeviceKind, Words

ANALYSIS = "analysis"
"""Folder beside the files of run records."""

Source = Literal["dataset", "corpus"]

LocalName = Literal["yl_b", "zl_a", "zl_b", "zl_a&b"]
GlobalName = Literal["yg_a", "yg_b", "zg_a", "zg_b", "zl_a_avg", "zl_b_avg"]
GlobalPairName = Literal["zg_a;zg_b", "zl_a_avg;zl_b_avg"]
LocalPairName = Literal["zl_a;zl_b2a", "zl_b;zl_a2b"]
RetrievalName = Literal["zl_a->zl_b2a", "zl_b2a->zl_a", "zl_b->zl_a2b", "zl_a2b->zl_b"]
AttentionName = Literal["b2a", "a2b"]
"""Names of analysis.md section 3: y features, z projections; l local, g global; a image, b report."""


class AnalysisSettings(Model):
    """What a user may choose; the defaults are what is right, other values repeat what the reference did."""

    self_pairs: bool = False
    """Count the pair of an embedding with itself in means over pairs, as the reference does."""
    padded_sentences: bool = Field(default=False, exclude_if=is_empty)
    """Count padded sentences as nearest neighbours at distance 0, as the reference does."""
    train_mode: bool = False
    """Batch norm uses the statistics of each batch of 32 images in order, as in the reference's figures of RSNA."""
    pixel_statistics: PixelStatistics | None = None
    """Normalise images by these; None: by those of the dataset's training split."""


class Spread(Model):
    """Mean and standard deviation over images."""

    mean: float
    std: NonNegativeFloat | None = None
    """None where there is one value alone."""


class GlobalSpace(Model):
    """One vector an image, of length 1, but for `effective_rank`, which takes it as it is."""

    dimension: PositiveInt
    ch_std: NonNegativeFloat
    uniformity: float | None
    dist_emb2emb__batch_estimate: NonNegativeFloat | None
    cov_offdiagonal: NonNegativeFloat
    effective_rank: PositiveFloat | None
    """RankMe: from 1 to the smaller of dimension and number of vectors. None where all vectors are zero."""


class LocalSpace(Model):
    """Several vectors an image, each of length 1, but for `effective_rank`, which takes them as they are."""

    dimension: PositiveInt
    positions: PositiveInt
    """Vectors of an image."""
    ch_std: NonNegativeFloat
    ch_std_per_sample: Spread
    ch_std_sample_centroids: NonNegativeFloat
    per_sample_uniformity: Spread | None
    dist_emb2cent: NonNegativeFloat
    dist_emb2emb: NonNegativeFloat | None
    dist_emb2emb__weighted: NonNegativeFloat | None = Field(default=None, exclude_if=is_missing)
    """Each pair counts the product of its weights; None where positions have none."""
    dist_cent2cent__batch_estimate: NonNegativeFloat | None
    dist_cent2dataset: NonNegativeFloat
    cov_offdiagonal_per_sample: Spread
    cov_offdiagonal__batch_estimate: NonNegativeFloat
    cov_offdiagonal_sample_centroids: NonNegativeFloat
    effective_rank: PositiveFloat | None


class GlobalPair(Model):
    """Distances of the two vectors of an image."""

    dist: NonNegativeFloat
    dist__std: NonNegativeFloat
    rmse: NonNegativeFloat


class LocalPair(Model):
    """Distances of the vectors of an image that belong to one position; means over images."""

    sample_rmse: NonNegativeFloat
    sample_rmse__weighted: NonNegativeFloat | None = Field(default=None, exclude_if=is_missing)
    """Positions count their weights; None where they have none."""
    sample_min: NonNegativeFloat
    sample_max: NonNegativeFloat
    sample_std: NonNegativeFloat | None
    """None where images have one position."""


class LocalDistributions(Model):
    """Two sets of vectors of an image, none of which belongs to another; means over positions, then over images."""

    emb2emb: NonNegativeFloat
    emb2emb__weighted: NonNegativeFloat | None = Field(default=None, exclude_if=is_missing)
    nn_emb2emb_1to2: NonNegativeFloat
    """Distance from a vector of the first set to its nearest neighbour in the second."""
    nn_emb2emb_2to1: NonNegativeFloat
    assignment_1to1: float = Field(ge=0, le=1)
    """1: clearly of the first set; 0.5: cannot be told apart."""
    assignment_2to2: float = Field(ge=0, le=1)


class Retrieval(Model):
    """Whether the most similar of an image's other vectors is a vector's own. Means over positions, then images."""

    rank: PositiveFloat
    """Of the own one by cosine similarity, 1: the most similar. Of equal ones the mean rank."""
    top_1: float = Field(ge=0, le=1)
    """Share of positions whose own one is the most similar; of equal ones each by chance."""
    top_5: float = Field(ge=0, le=1)
    rank__weighted: PositiveFloat | None = Field(default=None, exclude_if=is_missing)
    """With the two that follow: positions count their weights; None where they have none."""
    top_1__weighted: float | None = Field(default=None, exclude_if=is_missing)
    top_5__weighted: float | None = Field(default=None, exclude_if=is_missing)


class AttentionRows(Model):
    """How positions attend to those of the other side; a row is the probabilities of one. Means over images."""

    entropy: NonNegativeFloat
    """Of a row, in nats."""
    entropy__std: NonNegativeFloat | None
    """Standard deviation of that over the rows of an image; None where images have one row."""
    dist_to_mean: NonNegativeFloat
    """Distance of a row to the mean row of its image."""
    entropy_of_mean: Spread
    """Of the mean row."""


class MethodSpaces(Model):
    """What a method makes of the backbone's features, and of reports (`analysis.safetensors`)."""

    method: Name
    analysis_sha256: Sha256
    text_model: Words | None
    """What the method calls it; None where there were no reports."""
    learnt_weights: bool
    """Whether means are weighted by the attention of pooling."""
    global_spaces: dict[GlobalName, GlobalSpace]
    """`yg_a` as the method pools; `zl_a_avg` and `zl_b_avg` are means of vectors of length 1, not scaled again."""
    local_spaces: dict[LocalName, LocalSpace]
    global_pairs: dict[GlobalPairName, GlobalPair]
    local_pairs: dict[LocalPairName, LocalPair]
    """Regions or sentences, and what the other side says of them through cross attention."""
    alignment: dict[AlignmentName, Alignment] = Field(default={}, exclude_if=is_empty)
    """Box plots of distances. Empty also in reports that were made before there were any."""
    distributions: LocalDistributions | None = None
    """`zl_a||zl_b`: regions are the first set, sentences the second. None without local projections or reports."""
    retrieval: dict[RetrievalName, Retrieval]
    """Anchors before the arrow, candidates behind it."""
    attention: dict[AttentionName, AttentionRows]
    """`b2a`: rows are regions, which attend to sentences; `a2b`: sentences, which attend to regions."""


class Comparison(Model):
    """The same images through another backbone."""

    backbone: Name
    display_name: str
    backbone_sha256: Sha256
    seed: int | None
    level: FeatureLevel
    normalisation: Normalisation | None = None
    """As in the report."""
    cka_global: float | None
    """Linear CKA of the global spaces, 0 to 1. None where one of them does not vary."""
    cka_local: float | None
    """The same of the local spaces; None also where they have other positions."""
    global_pair: GlobalPair | None = None
    """With the two that follow: None where the backbones have other dimensions, so that there is no distance."""
    local_pair: LocalPair | None = None
    distributions: LocalDistributions | None = None


class EmbeddingReport(Model):
    """One report; equal keys mean equal questions."""

    schema_version: Literal[1] = 1
    key: Sha256
    """Digest of all that the numbers depend on: what is not the same is another report."""
    backbone: Name
    display_name: str
    architecture: str
    backbone_sha256: Sha256
    seed: int | None
    """Of the draw, where the backbone is drawn."""
    source: Source
    dataset: Name
    dataset_sha256: Sha256
    """Identity of the store or the corpus."""
    track: Track
    split: SplitName
    images: PositiveInt
    protocol: str
    """Image side, normalisation and precision follow it."""
    image_side: PositiveInt
    normalisation: Normalisation | None = None
    """Of the images, as the backbone declares it; None: by statistics of pixels."""
    level: FeatureLevel
    shallower: bool = Field(default=False, exclude_if=is_empty)
    """Whether the backbone has a deeper level that could be looked at."""
    tokens: bool
    """Whether the local embeddings are tokens on their own grid, from which levels are resampled."""
    batch: PositiveInt
    """Images of a batch, for estimates by batch."""
    precision: Literal["float16", "float32"]
    """In which features were stored; metrics are computed in float64."""
    device_kind: DeviceKind
    feature_library: Words | None
    settings: AnalysisSettings
    local_space: LocalSpace
    """`yl_a` (analysis.md section 3)."""
    global_space: GlobalSpace
    """`yg_a` (analysis.md section 3): the mean of the positions; how a method pools is no part of a backbone."""
    method: MethodSpaces | None = Field(default=None, exclude_if=is_missing)
    """None where nothing is known of a method behind the backbone."""
    comparison: Comparison | None = None
    needs_text: list[str] = []
    """Which metrics of analysis.md section 3 are missing, and why."""
    seconds: NonNegativeFloat
    peak_host_bytes: NonNegativeInt | None
    """Peak resident set of the process, pages of mapped features included; None where the system does not tell it."""
    peak_device_bytes: NonNegativeInt | None
    """The most that torch allocated on the GPU; None on a CPU."""
    finished: str
    """ISO 8601, UTC."""
