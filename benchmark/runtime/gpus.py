"""Which GPUs a container is given: of the machine of the engine, those that the caller may use. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from lovt_bench.benchmark.gpu import Capability

if TYPE_CHECKING:
    from docker.types import DeviceRequest

Way = Literal["nvidia", "cdi"]
"""How an engine gives a container a GPU: by NVIDIA's hook, or by a CDI specification."""

CDI = "nvidia.com/gpu="
CAPABILITIES = [["gpu", "compute", "utility"]]
"""CUDA, and `nvidia-smi` with its library; an image need not name them."""
ALL = "all"


@dataclass(frozen=True)
class Card:
    """One GPU, as `nvidia-smi` tells of it."""

    index: str
    uuid: str
    driver: str
    mib: int
    name: str
    capability: Capability | None = None
    mig: tuple[str, ...] = ()
    """UUIDs of its slices, where it is sliced."""

    @property
    def devices(self) -> tuple[str, ...]:
        """What programs can use of it: itself, or its slices."""
        return self.mig or (self.uuid,)

    def __str__(self) -> str:
        return f"GPU {self.index} ({self.name}, {self.mib / 1024:.0f} GiB)"


@dataclass(frozen=True)
class Given:
    """The GPUs of a container."""

    way: Way
    devices: tuple[str, ...]
    """UUIDs of GPUs or of slices; indices where nothing more is known."""
    names: tuple[str, ...] = ()
    """CDI devices, one for each of `devices`."""

    def requests(self) -> list[DeviceRequest]:
        """Return what the engine is asked for."""
        return device_requests(self.way, self.names if self.way == "cdi" else self.devices)


SMI_QUERY = "index,uuid,driver_version,memory.total,name"
"""The name is last: it may hold a comma."""
MARK = "--"


def device_requests(way: Way, devices: Sequence[str]) -> list[DeviceRequest]:
    """Return the request for devices, or for `ALL` of them."""
    from docker.types import DeviceRequest

    if way == "cdi":
        return [DeviceRequest(driver="cdi", device_ids=[f"{CDI}{device}" for device in devices])]
    if tuple(devices) == (ALL,):
        return [DeviceRequest(count=-1, capabilities=CAPABILITIES)]
    return [DeviceRequest(device_ids=list(devices), capabilities=CAPABILITIES)]


def ways(info: dict[str, Any]) -> list[Way]:
    """Return the ways that are worth a try on an engine that says this of itself.

    An engine does not tell of the hook, which it finds by itself, and some versions not of the devices that their CDI
    specifications name.
    """
    found = info.get("DiscoveredDevices")
    names = [str(each.get("ID", "")) for each in found or () if isinstance(each, dict)]
    if any(name.startswith(CDI) for name in names):
        return ["cdi", "nvidia"]
    return ["nvidia", "cdi"] if info.get("CDISpecDirs") and found is None else ["nvidia"]


def read_cards(said: str) -> list[Card]:
    """Return the cards of what `SMI` printed; lines that are not understood are left out."""
    query, _, rest = said.partition(f"\n{MARK}\n")
    capabilities, _, listing = rest.partition(f"\n{MARK}\n")
    capability = {
        found[1]: (int(found[2]), int(found[3]))
        for found in re.finditer(r"^(\d+), (\d+)\.(\d+)\s*$", capabilities, re.MULTILINE)
    }
    cards = []
    for line in query.splitlines():
        if (found := re.match(r"(\d+), (GPU-[\w-]+), ([\d.]+), (\d+), (\S.*)", line.strip())) is None:
            continue
        index, uuid, driver, mib, name = found.groups()
        mig = _slices(listing, uuid)
        cards.append(Card(index, uuid, driver, int(mib), name.strip()[:60], capability.get(index), mig))
    return cards


def _slices(listing: str, uuid: str) -> tuple[str, ...]:
    """Return the UUIDs of the slices below a GPU in what `nvidia-smi -L` prints."""
    _, found, rest = listing.partition(f"(UUID: {uuid})")
    own = re.split(r"^GPU ", rest, maxsplit=1, flags=re.MULTILINE)[0] if found else ""
    return tuple(re.findall(r"UUID: (MIG-[\w/-]+)", own))


def allowed(visible: str | None, cards: Sequence[Card]) -> list[str]:
    """Return the devices that `CUDA_VISIBLE_DEVICES` leaves a program, in its order, as CUDA reads it.

    A name that stands for no device ends the list. Indices are those of `nvidia-smi`.

    Args:
        visible: The variable; None: not set, which leaves all.
        cards: That there are.
    """
    every = [device for card in cards for device in card.devices]
    if visible is None:
        return every
    found: list[str] = []
    for name in map(str.strip, visible.split(",")):
        if name.isdigit():
            named = [card.devices[0] for card in cards if card.index == name]
        elif name.startswith(("GPU-", "MIG-")):
            named = [device for device in every if device.startswith(name)]
            named = named or [card.devices[0] for card in cards if card.uuid.startswith(name)]
        else:
            named = []
        if len(named) != 1:
            break
        found += named
    return list(dict.fromkeys(found))


def may_use(visible: str | None, here: Sequence[Card], there: Sequence[Card]) -> tuple[list[str], bool]:
    """Return the devices of the engine's machine that the caller may use, and whether `visible` was about them.

    Args:
        visible: `CUDA_VISIBLE_DEVICES` of the caller.
        here: What `nvidia-smi` shows the caller, which a scheduler may have cut to a share; empty: not known.
        there: What it shows a container that is given everything.
    """
    if not here:
        return allowed(visible, there), True
    devices = [device for card in there for device in card.devices]
    own = {device for card in here for device in card.devices}
    if own.isdisjoint(devices):  # another machine
        return devices, False
    return [device for device in allowed(visible, here) if device in devices], True


def cdi_name(device: str, cards: Sequence[Card], info: dict[str, Any]) -> str:
    """Return what a CDI specification calls a device: its UUID where it says so, else its index (`0`, or `0:1`)."""
    found = {
        str(each.get("ID", "")) for each in info.get("DiscoveredDevices") or () if isinstance(each, dict)
    }
    if f"{CDI}{device}" in found:
        return device
    for card in cards:
        if device == card.uuid:
            return card.index
        if device in card.mig:
            return f"{card.index}:{card.mig.index(device)}"
    return device
