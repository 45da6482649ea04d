"""Which GPUs this process may use, by the names under which CUDA knows them."""

from __future__ import annotations

from collections.abc import Mapping

VARIABLE = "CUDA_VISIBLE_DEVICES"


def visible_gpus(environment: Mapping[str, str], count: int) -> list[str]:
    """Return the names of the usable GPUs: indices, `GPU-…` or `MIG-…`, as `CUDA_VISIBLE_DEVICES` takes them.

    CUDA shows a process one MIG slice at most, so that slices are counted by their names: a worker is given one each.

    Args:
        environment: Variables of the process. Without `CUDA_VISIBLE_DEVICES` all GPUs are usable, if it is empty, none.
        count: Number of the devices that CUDA shows this process.
    """
    given = environment.get(VARIABLE)
    if given is None:
        return [str(index) for index in range(count)]
    names: list[str] = []
    for name in (part.strip() for part in given.split(",")):
        if not name or name.startswith("-"):  # CUDA stops reading where a name is none
            break
        names.append(name)
    return [name for index, name in enumerate(names) if index < count or (count and name.startswith("MIG-"))]
