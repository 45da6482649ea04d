"""Whether a run gets GPUs, and which: asked of the engine, whose machine they are in, by a container of a second."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.gpu import Needs, too_old
from lovt_bench.benchmark.runtime.gpus import (
    ALL,
    MARK,
    SMI_QUERY,
    Card,
    Given,
    Way,
    cdi_name,
    device_requests,
    may_use,
    read_cards,
    ways,
)
from lovt_bench.benchmark.runtime.small_container import run_small

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 20.0
"""That `nvidia-smi` may take: a driver that hangs never answers."""

SMI = (
    f"nvidia-smi --query-gpu={SMI_QUERY} --format=csv,noheader,nounits || exit; echo {MARK}; "
    f"nvidia-smi --query-gpu=index,compute_cap --format=csv,noheader 2>/dev/null; echo {MARK}; nvidia-smi -L"
)
"""Drivers that are far too old know no `compute_cap`, and would say nothing at all if they were asked for it first."""

NOT_FOUND = 127
TOOLKIT = "install the NVIDIA Container Toolkit where the engine runs and restart the engine"


class NoGpuError(RuntimeError):
    """A container gets no GPU; the message is one sentence that says why."""


@dataclass(frozen=True)
class Seen:
    """What a container sees that is given all GPUs."""

    way: Way
    cards: list[Card]


def look(client: DockerClient, info: Mapping[str, Any], image: str, seconds: float = SECONDS) -> Seen:
    """Give all GPUs to a container and return what it sees.

    Args:
        client: The engine.
        info: What it says of itself.
        image: A local one with a shell.
        seconds: That `nvidia-smi` may take in it.

    Raises:
        NoGpuError: A container gets none, or nothing can be known of them.
    """
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException

    refused = ""
    for way in ways(dict(info)):
        try:
            state, said = run_small(
                client, image, SMI, seconds=seconds, network_mode="none", read_only=True, cap_drop=["ALL"],
                pids_limit=64, environment={"NVIDIA_DISABLE_REQUIRE": "1"}, device_requests=device_requests(way, [ALL]),
            )  # fmt: skip
        except APIError as error:
            refused = refused or clean_text(str(error.explanation or error), 200)
            continue
        except (DockerException, RequestException, OSError) as error:
            raise NoGpuError(
                f"nvidia-smi did not answer in a container within {seconds:g} s; see whether it does outside of one"
            ) from error
        if state["ExitCode"] == NOT_FOUND:
            raise NoGpuError(f"the engine gives a container no nvidia-smi with its GPUs; {TOOLKIT}")
        if not (cards := read_cards(said)):
            words = clean_text(said.strip().partition("\n")[0], 200) or f"exit code {state['ExitCode']}"
            raise NoGpuError(f"nvidia-smi shows no GPU in a container ({words}); see whether it does outside")
        return Seen(way, cards)
    raise NoGpuError(f"the engine cannot give a container a GPU ({refused}); {TOOLKIT}")


def cards_here(seconds: float = SECONDS) -> list[Card]:
    """Return the GPUs that this process may see, none where `nvidia-smi` is absent, fails or hangs."""
    if shutil.which("nvidia-smi") is None:
        return []
    process = subprocess.Popen(
        ["sh", "-c", SMI],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return []
    return read_cards(said)


def choose_gpus(
    seen: Seen,
    info: Mapping[str, Any],
    needs: Needs | None,
    count: int,
    visible: str | None,
    here: list[Card],
) -> tuple[Given, str]:
    """Return the GPUs of a run, and a line that names them.

    Args:
        seen: What a container can be given.
        info: What the engine says of itself.
        needs: Needs of the PyTorch in the image; None: not known.
        count: GPUs that the run asks for.
        visible: `CUDA_VISIBLE_DEVICES` of the caller.
        here: GPUs that the caller sees.

    Raises:
        NoGpuError: There are not so many that the caller may use, or one is too old.
    """
    devices, meant = may_use(visible, here, seen.cards)
    share = f"CUDA_VISIBLE_DEVICES={visible}" if visible is not None and meant else "this process's share"
    total = f"the {len(seen.cards)} GPUs of the engine's machine"
    if not devices:
        raise NoGpuError(f"{share} names none of {total}")
    chosen = tuple(devices[:count])
    if len(chosen) < count:
        raise NoGpuError(
            f"{count} GPUs are asked for, and {share if len(devices) < len(seen.cards) else total} has {len(devices)}; "
            f"--devices {len(devices)}"
        )
    if count > 1 and any(device.startswith("MIG-") for device in chosen):
        raise NoGpuError("CUDA lets a run use one MIG slice; --devices 1, or slices that are put together")
    cards = {device: card for card in seen.cards for device in card.devices}
    if needs is not None:
        for device in chosen:
            card = cards[device]
            if why := too_old(needs, str(card), card.driver, card.capability):
                raise NoGpuError(why)
    shown = ", ".join(f"{cards[one]}{', slice ' + one if one.startswith('MIG-') else ''}" for one in chosen)
    ignored = (
        ""
        if meant or visible is None
        else "; CUDA_VISIBLE_DEVICES is about this machine, the engine's is another"
    )
    names = tuple(cdi_name(device, seen.cards, dict(info)) for device in chosen)
    return Given(seen.way, chosen, names), f"{shown}, driver {cards[chosen[0]].driver}{ignored}"
