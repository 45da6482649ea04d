"""Controls: rows that are no methods, of which it is known beforehand where they cannot land."""

from __future__ import annotations

from typing import Literal, get_args

CONTROL: Literal["control"] = "control"
"""The supervision of a control."""

CEILING = "phantom_masks"
"""The submission that learns from the phantom's own masks."""

CANARY = "canary"
"""Method of a backbone that is made from another one to be worthless, or to be its equal."""

Canary = Literal["constant", "shuffled", "swapped"]
"""`constant`: features do not depend on the image. `shuffled`: the weights of each filter are in another order.
`swapped`: the first and third input channel change places, and with them their mean and standard deviation in a
declared normalisation; images are grey, so nothing else changes."""


def canary_name(original: str, kind: Canary) -> str:
    """Return the name of a canary that is made from a backbone."""
    return f"{original}-{kind}"


def called_canary(name: str) -> bool:
    """Return whether a backbone has a name that `backbone canaries` gives."""
    return name.endswith(tuple(canary_name("", kind) for kind in get_args(Canary)))


def called_ceiling(name: str) -> bool:
    """Return whether a backbone has a name that `pretrain` gives the ceiling."""
    return (name == CEILING or name.startswith(f"{CEILING}-")) and not called_canary(name)
