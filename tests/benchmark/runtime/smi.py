"""`nvidia-smi` as a script: eight GPUs, of which the last is sliced, and machines on which something is wrong."""

from __future__ import annotations

UUID = "GPU-{0}0000000-aaaa-bbbb-cccc-00000000000{0}"
MIG = "MIG-{0}1111111-aaaa-bbbb-cccc-00000000000{0}"
NAME = "NVIDIA H200"


def uuid(number: int) -> str:
    """Return the UUID of a GPU."""
    return UUID.format(number)


def mig(number: int) -> str:
    """Return the UUID of one of the two slices of GPU 7."""
    return MIG.format(number)


def script(cards: int = 8, driver: str = "580.65.06", capability: str = "9.0", sliced: bool = True) -> str:
    """Return a shell script that prints what `nvidia-smi` does for the questions that the harness asks."""
    query = "\n".join(f"{n}, {uuid(n)}, {driver}, 143771, {NAME}" for n in range(cards))
    capabilities = "\n".join(f"{n}, {capability}" for n in range(cards))
    listed = "\n".join(f"GPU {n}: {NAME} (UUID: {uuid(n)})" for n in range(cards))
    if sliced:
        listed += "".join(f"\n  MIG 3g.71gb     Device  {n}: (UUID: {mig(n)})" for n in range(2))
    said = {"compute_cap": capabilities, "driver_version": query, "-L": listed}
    cases = "".join(f"*{key}*) echo '{text}';;\n" for key, text in said.items())
    return f'#!/bin/sh\ncase "$*" in\n{cases}esac\n'


FAILING = "#!/bin/sh\necho 'Failed to initialize NVML: Driver/library version mismatch'\nexit 18\n"
HANGING = "#!/bin/sh\nexec sleep 1000\n"
