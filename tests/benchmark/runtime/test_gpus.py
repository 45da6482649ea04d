"""Which GPUs a run gets: what `nvidia-smi` says, what the caller may use, and what an engine is asked for."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lovt_bench.benchmark.gpu import Needs, oldest, too_old
from lovt_bench.benchmark.runtime.gpu_choice import NoGpuError, Seen, cards_here, choose_gpus
from lovt_bench.benchmark.runtime.gpus import Card, Given, allowed, may_use, ways
from tests.benchmark.runtime import smi
from tests.benchmark.runtime.smi import mig, uuid


def cards(
    where: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, seconds: float = 20.0
) -> list[Card]:
    """Return what is seen here where `nvidia-smi` is this script; None: absent."""
    where.mkdir(exist_ok=True)
    for tool in ("sh", "sleep"):
        (where / tool).symlink_to(f"/bin/{tool}")
    if text is not None:
        (where / "nvidia-smi").write_text(text)
        (where / "nvidia-smi").chmod(0o755)
    monkeypatch.setenv("PATH", str(where))
    return cards_here(seconds)


@pytest.fixture
def eight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Card]:
    return cards(tmp_path / "bin", monkeypatch, smi.script())


def test_eight_gpus_are_read_with_their_slices(eight: list[Card]) -> None:
    assert [card.uuid for card in eight] == [uuid(n) for n in range(8)]
    assert [card.mig for card in eight] == [()] * 7 + [(mig(0), mig(1))]
    assert (eight[3].driver, eight[3].capability, str(eight[3])) == (
        "580.65.06", (9, 0), "GPU 3 (NVIDIA H200, 140 GiB)",
    )  # fmt: skip


@pytest.mark.parametrize("text", [None, smi.FAILING, "#!/bin/sh\necho '0, GPU-x, nonsense'\n"])
def test_a_tool_that_is_absent_fails_or_talks_nonsense_shows_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    assert cards(tmp_path / "bin", monkeypatch, text) == []


def test_a_tool_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / "pid"
    hanging = f"#!/bin/sh\nsleep 1000 &\necho $! >{left}\nwait\n"
    assert cards(tmp_path / "bin", monkeypatch, hanging, seconds=0.5) == []
    state = Path(f"/proc/{left.read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while alive(state) and time.monotonic() < deadline:
        time.sleep(0.05)  # it has its signal, and may not have run since
    assert not alive(state)


def alive(state: Path) -> bool:
    try:
        return state.read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_driver_that_does_not_know_capabilities_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = smi.script(cards=1, driver="470.82.01", sliced=False).replace("0, 9.0", "Field is not valid")
    (card,) = cards(tmp_path / "bin", monkeypatch, text)
    assert (card.driver, card.capability) == ("470.82.01", None)


@pytest.mark.parametrize(
    ("visible", "left"),
    [
        (None, [*map(uuid, range(7)), mig(0), mig(1)]),
        ("3,1", [uuid(3), uuid(1)]),
        (" 2 , 2", [uuid(2)]),
        (f"{uuid(5)},GPU-1", [uuid(5), uuid(1)]),
        (f"{mig(1)}", [mig(1)]),
        ("7", [mig(0)]),
        ("", []),
        ("-1", []),
        ("0,-1,1", [uuid(0)]),
        ("NoDevFiles", []),
        ("0,99,1", [uuid(0)]),
        ("GPU-", []),
    ],
)
def test_visible_devices_are_read_as_cuda_reads_them(
    eight: list[Card], visible: str | None, left: list[str]
) -> None:
    assert allowed(visible, eight) == left


def test_what_a_scheduler_hides_is_not_used_and_its_indices_are_the_schedulers(eight: list[Card]) -> None:
    """In its cgroup a job's GPUs count from 0; the engine is outside of it."""
    share = [Card(str(n), card.uuid, card.driver, card.mib, card.name) for n, card in enumerate(eight[4:6])]
    assert may_use("0,1", share, eight) == ([uuid(4), uuid(5)], True)
    assert may_use(None, share, eight) == ([uuid(4), uuid(5)], True)


def test_what_this_machine_shows_says_nothing_of_an_engine_elsewhere(eight: list[Card]) -> None:
    here = [Card("0", "GPU-mine", "580.1", 8000, "another")]
    assert may_use("0", here, eight[:2]) == ([uuid(0), uuid(1)], False)
    _, line = choose_gpus(Seen("nvidia", eight[:2]), {}, None, 1, "0", here)
    assert line.endswith("CUDA_VISIBLE_DEVICES is about this machine, the engine's is another")


def chosen(eight: list[Card], count: int = 1, visible: str | None = None, **info: object) -> Given:
    given, _ = choose_gpus(Seen("cdi" if info else "nvidia", eight), info, Needs(), count, visible, [])
    return given


def test_a_run_gets_the_first_of_what_it_may_use(eight: list[Card]) -> None:
    assert chosen(eight, 2, "6,2,0").devices == (uuid(6), uuid(2))
    (request,) = chosen(eight, 2, "6,2,0").requests()
    assert request["DeviceIDs"] == [uuid(6), uuid(2)]
    assert request["Count"] == 0, "an engine refuses both"
    assert request["Capabilities"] == [["gpu", "compute", "utility"]]


@pytest.mark.parametrize(
    ("found", "names"),
    [
        (None, ["nvidia.com/gpu=6", "nvidia.com/gpu=7:1"]),
        (
            [{"Source": "cdi", "ID": f"nvidia.com/gpu={uuid(6)}"}],
            [f"nvidia.com/gpu={uuid(6)}", "nvidia.com/gpu=7:1"],
        ),
    ],
)  # fmt: skip
def test_a_cdi_device_is_named_as_its_specification_does(
    eight: list[Card], found: object, names: list[str]
) -> None:
    asked = [chosen(eight, 1, one, DiscoveredDevices=found).requests()[0] for one in ("6", mig(1))]
    assert [each["DeviceIDs"] for each in asked] == [[name] for name in names]
    assert {each["Driver"] for each in asked} == {"cdi"}


@pytest.mark.parametrize(
    ("info", "order"),
    [
        ({}, ["nvidia"]),
        ({"CDISpecDirs": None}, ["nvidia"]),
        ({"CDISpecDirs": ["/etc/cdi"]}, ["nvidia", "cdi"]),
        ({"CDISpecDirs": ["/etc/cdi"], "DiscoveredDevices": []}, ["nvidia"]),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=all"}]}, ["cdi", "nvidia"]),
        ({"DiscoveredDevices": [{"Source": "cdi", "ID": "vendor.example/nic=0"}]}, ["nvidia"]),
    ],
)
def test_the_ways_that_an_engine_tells_of_come_first(info: dict[str, object], order: list[str]) -> None:
    assert ways(info) == order


@pytest.mark.parametrize(
    ("count", "visible", "said"),
    [
        (1, "99", "CUDA_VISIBLE_DEVICES=99 names none of the 8 GPUs"),
        (3, "0,1", r"3 GPUs are asked for, and CUDA_VISIBLE_DEVICES=0,1 has 2; --devices 2"),
        (2, f"{mig(0)},{mig(1)}", "one MIG slice; --devices 1"),
    ],
)
def test_what_cannot_be_had_is_said_in_a_sentence(
    eight: list[Card], count: int, visible: str, said: str
) -> None:
    with pytest.raises(NoGpuError, match=said):
        chosen(eight, count, visible)


@pytest.mark.parametrize(
    ("driver", "capability", "said"),
    [
        ("550.54.14", (9, 0), "the driver 550.54.14 is older than 580, which CUDA 13.0 needs"),
        ("580.65.06", (7, 0), "GPU 0 has compute capability 7.0, PyTorch for CUDA 13.0 needs 7.5"),
        ("580.65.06", (7, 5), ""),
        ("580.65.06", (12, 0), ""),
        (None, None, ""),
    ],
)
def test_a_driver_or_card_that_is_too_old_is_named_with_numbers(
    driver: str | None, capability: tuple[int, int] | None, said: str
) -> None:
    why = too_old(Needs(), "GPU 0", driver, capability)
    assert why.partition(";")[0] == said


def test_needs_follow_the_build_of_torch() -> None:
    assert oldest(["sm_75", "sm_80", "sm_120", "compute_120"]) == (7, 5)
    assert (Needs("12.6").driver, Needs("13.0").driver) == (525, 580)


def test_a_card_that_is_too_old_is_not_taken(eight: list[Card]) -> None:
    old = [Card("0", uuid(0), "580.65.06", 16384, "Tesla V100", (7, 0))]
    with pytest.raises(NoGpuError, match=r"GPU 0 \(Tesla V100, 16 GiB\) has compute capability 7\.0"):
        choose_gpus(Seen("nvidia", old), {}, Needs(), 1, None, [])
    given, _ = choose_gpus(Seen("nvidia", old), {}, None, 1, None, [])
    assert given.devices == (uuid(0),), "what an image of one's own needs is not known"
