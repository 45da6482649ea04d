"""Canaries: a backbone turned into one that must be worthless, or into its equal (`benchmark.contract.controls`)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lovt_bench.benchmark.backbone.model import Backbone, BackboneError
from lovt_bench.benchmark.contract.backbone import BackboneManifest, Provenance
from lovt_bench.benchmark.contract.controls import CANARY, CONTROL, Canary
from lovt_bench.benchmark.contract.declared_facts import Normalisation

SEED = 12345
"""Orders the shuffled weights."""


def turn_into_canary(backbone: Backbone, kind: Canary) -> None:
    """Change the weights of a backbone in place.

    Raises:
        BackboneError: `swapped`, and no layer takes an image of three channels.
    """
    with torch.no_grad():
        if kind == "constant":
            for parameter in backbone.parameters():
                parameter.zero_()
        elif kind == "shuffled":
            generator = torch.Generator().manual_seed(SEED)
            for parameter in backbone.parameters():
                if parameter.ndim > 1:
                    parameter.copy_(_shuffled(parameter, generator))
        else:
            weight = _first_layer(backbone).weight
            weight.copy_(weight[:, [2, 1, 0]].clone())


def canary_provenance(original: BackboneManifest, kind: Canary) -> Provenance:
    """Return what the manifest of a canary says: what it is, and of which backbone.

    Images are normalised as for the original. With the channels of `swapped` their mean and standard deviation change
    places too: a grey image has other values in each channel then.
    """
    normalisation = original.provenance.normalisation
    if normalisation and kind == "swapped":
        normalisation = Normalisation(mean=normalisation.mean[::-1], std=normalisation.std[::-1])
    return Provenance(
        method=CANARY,
        supervision=CONTROL,
        variant=kind,
        source_sha256=original.sha256,
        native_side=original.provenance.native_side,
        normalisation=normalisation,
        pretraining_data=list(original.provenance.pretraining_data),
        notes=[f"{kind} canary of {original.name}: a control, not a method"],
    )


def _shuffled(weight: Tensor, generator: torch.Generator) -> Tensor:
    """Return weights (filters, …) with each filter's values in another order, so that its scale stays what it is."""
    flat = weight.flatten(1)
    order = torch.rand(flat.shape, generator=generator).argsort(1)
    return flat.gather(1, order).view_as(weight)


def _first_layer(backbone: Backbone) -> nn.Conv2d:
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1:
            return module
    raise BackboneError("no convolution of this architecture takes an image of three channels")
