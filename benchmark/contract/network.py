"""What a network is and what it costs, whatever its weights are: facts by which rows are compared."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from lovt_bench.benchmark.contract.base import Model

Family = Literal["CNN", "transformer", "graph"]
"""`transformer`: self-attention mixes positions of the image, also where convolutions stand beside it. `CNN`: any other
network. `graph`: a graph alone, of which nobody says what it is."""

LISTED = Path(__file__).with_name("networks.json")
"""Facts of the architectures that listings name; `python -m lovt_bench.benchmark.backbone.network` writes it."""


class NetworkFacts(Model):
    """Facts of one network. What is not known is None."""

    family: Family
    patch: PositiveInt | None = None
    """Side in pixels of the patches that a transformer cuts the image into; None where it does not."""
    gmac: PositiveFloat | None = None
    """Multiply-adds of one image in 10⁹: convolutions, linear layers and attention. The image has 224 pixels, or the
    only side that the network takes."""
    native_side: PositiveInt | None = None
    """Side in pixels of the images that the weights were pre-trained on, as declared or as a configuration says."""


@cache
def listed_networks() -> dict[str, NetworkFacts]:
    """Return the facts of `LISTED` by name of the architecture."""
    found = json.loads(LISTED.read_text(encoding="utf-8"))
    return {name: NetworkFacts.model_validate(facts) for name, facts in found.items()}
