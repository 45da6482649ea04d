"""Networks of Hugging Face transformers, built from a configuration. Their names are `hf.MODEL_TYPE`.

The options are `config`, the fields of a `config.json` that features depend on; `levels` for plain transformers; and
`native_side`, the side in pixels that the network was trained at. Without options it is the family's default. Remote
code is never run and nothing is downloaded; transformers is imported when the first network is built.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import JsonValue

from lovt_bench.benchmark.backbone.architectures.hf.options import PREFIX, from_config, network_of
from lovt_bench.benchmark.backbone.model import Backbone

__all__ = ["ARCHITECTURES", "PREFIX", "from_config", "named"]

ARCHITECTURES: dict[str, Callable[[], Backbone]] = {}


def named(architecture: str, options: Mapping[str, JsonValue] | None) -> Callable[[], Backbone]:
    """Return a function that builds the network `hf.MODEL_TYPE` of these options."""
    return lambda: network_of(architecture, options)
