"""How transformers names tensors in files: it renames modules in memory and writes the names of its fourth version."""

from __future__ import annotations

from typing import Any

import torch


def saved_names(network: Any) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return `Backbone.saved_names` and `Backbone.packed_names`: SwiGLU's two projections are one tensor in files.

    Args:
        network: Of transformers.
    """
    from transformers.core_model_loading import revert_weight_conversion

    names = list(network.state_dict())
    # Each tensor is its own number: what transformers makes of the numbers says where the tensors go.
    with torch.device("cpu"):
        numbers = {name: torch.tensor([float(number)]) for number, name in enumerate(names)}
        saved = revert_weight_conversion(network, numbers)
    held = {theirs: tuple(names[int(number)] for number in found.tolist()) for theirs, found in saved.items()}
    if all(ours == (theirs,) for theirs, ours in held.items()):
        return {}, {}
    return (
        {theirs: ours[0] for theirs, ours in held.items() if len(ours) == 1},
        {theirs: ours for theirs, ours in held.items() if len(ours) > 1},
    )
