"""t-SNE of embeddings, computed once for each question (analysis.md section 4)."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import numpy as np

from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.benchmark.contract.model_file import ModelFileError, read_model
from lovt_bench.benchmark.contract.projection import LARGEST, Projection
from lovt_bench.benchmark.disk.temporary import write_text
from lovt_bench.benchmark.log import logger

_VERSION = 1
"""Raise when the same embeddings would get other points."""

PERPLEXITY = 30.0
"""Of the reference, and scikit-learn's own."""

SEED = 0

LEAST = 4
"""Embeddings below which a perplexity is less than 1."""


def perplexity_of(embeddings: int) -> float:
    """Return the perplexity for so many embeddings: 30, or a third of the others where they are fewer than 90.

    Raises:
        ValueError: They are too few.
    """
    if embeddings < LEAST:
        raise ValueError(f"t-SNE needs at least {LEAST} embeddings, found {embeddings}: take more images")
    return min(PERPLEXITY, round((embeddings - 1) / 3, 1))


def projection_of(folder: Path, of: object, backbone: str, images: int, embeddings: np.ndarray) -> Projection:
    """Return the t-SNE of embeddings, from disk where it is there.

    The same embeddings give the same points, bit for bit, on one machine.

    Args:
        folder: Where projections lie.
        of: All that the embeddings depend on, as JSON.
        backbone: Its name.
        images: How many the embeddings are of.
        embeddings: (N, D) float32, as they are, not scaled to length 1.

    Raises:
        ValueError: N is too small or too large, or a value is not finite.
    """
    perplexity = perplexity_of(len(embeddings))
    if len(embeddings) > LARGEST:
        raise ValueError(
            f"t-SNE of {len(embeddings)} embeddings, expected at most {LARGEST}: take fewer images"
        )
    if not np.isfinite(embeddings).all():
        raise ValueError(f"embeddings of {backbone} are not finite: there is nothing to project")
    made_with = {"scikit-learn": version("scikit-learn"), "perplexity": perplexity, "seed": SEED}
    key = digest_of({"version": _VERSION, "of": of, "images": images, **made_with})
    path = folder / f"{key}.json"
    try:
        found = read_model(path, Projection)
        if (found.key, len(found.points)) == (key, len(embeddings)):
            return found
        logger.warning("%s is another projection than its name says; made again", path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except ModelFileError as error:
        logger.warning("%s; made again", error)
    points = [(round(x, 4), round(y, 4)) for x, y in tsne(embeddings, perplexity).tolist()]
    made = Projection(key=key, backbone=backbone, images=images, perplexity=perplexity, points=points)
    write_text(path, made.to_json())
    return made


def tsne(embeddings: np.ndarray, perplexity: float) -> np.ndarray:
    """Return the t-SNE (N, 2) float32 of embeddings (N, D): from PCA, with a fixed seed, in one thread."""
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    # Threads add gradients in any order.
    with threadpool_limits(1):
        made: np.ndarray = TSNE(perplexity=perplexity, init="pca", random_state=SEED).fit_transform(
            embeddings
        )
    return made
