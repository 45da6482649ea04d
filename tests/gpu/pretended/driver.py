"""What `torch.cuda` answers about the pretended cards."""

from __future__ import annotations

import contextlib
import functools
import threading
import types
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import _disable_current_modes

from tests.gpu.pretended.card import Card, uuid_of
from tests.gpu.pretended.tensor import CARDS, CardMode, current, index_of, set_current
from tests.gpu.pretended.waits import WAITS

CAPABILITY = (9, 0)
_away = threading.local()
_ENTERED: list[Any] = []
"""Keeps what the main thread entered: it would be left when collected."""


class Stream:
    """A stream that runs at once."""

    def __init__(self, device: Any = None, priority: int = 0, **kwargs: Any) -> None:
        self.device, self.cuda_stream = torch.device("cuda", index_of(device)), 0

    def record_event(self, event: Event | None = None) -> Event:
        return event or Event()

    def wait_event(self, event: Event) -> None: ...

    def wait_stream(self, stream: Stream) -> None: ...

    def synchronize(self) -> None:
        WAITS["synchronize"] += 1

    def query(self) -> bool:
        return True

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *caught: object) -> None: ...


class Event:
    """An event that has happened."""

    def __init__(self, enable_timing: bool = False, **kwargs: Any) -> None: ...

    def record(self, stream: Stream | None = None) -> None: ...

    def wait(self, stream: Stream | None = None) -> None: ...

    def synchronize(self) -> None:
        WAITS["synchronize"] += 1

    def query(self) -> bool:
        return True

    def elapsed_time(self, other: Event) -> float:
        return 0.0


class CurrentDevice:
    """Stands for `torch.cuda.device`."""

    def __init__(self, device: Any) -> None:
        self.index = index_of(device)

    def __enter__(self) -> None:
        self.before = current()
        set_current(self.index)

    def __exit__(self, *caught: object) -> None:
        set_current(self.before)


class NoGradients(contextlib.ContextDecorator):
    """Stands for `torch.inference_mode`: a tensor with numbers elsewhere can't be an inference tensor."""

    def __new__(cls, mode: Any = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self.before = torch.is_grad_enabled()
        torch.set_grad_enabled(self.before and not self.mode)

    def __exit__(self, *caught: object) -> None:
        torch.set_grad_enabled(self.before)


def install() -> None:
    """Let this process and its threads see the pretended cards."""
    for name, answer in _answers().items():
        setattr(torch.cuda, name, answer)
    torch.backends.cudnn.enabled = False  # its operators run on no host
    torch._C._ensureCUDADeviceGuardSet()
    torch.__future__.set_swap_module_params_on_conversion(True)
    torch.nn.Module.cpu = _to_cpu(torch.nn.Module.cpu)  # type: ignore[method-assign, assignment]
    torch.onnx.export = _without_cards(torch.onnx.export)
    torch.inference_mode = NoGradients  # type: ignore[misc, assignment]
    plain = threading.Thread.run

    def run(self: threading.Thread) -> None:
        with _this_thread():
            plain(self)

    threading.Thread.run = run  # type: ignore[method-assign]
    _ENTERED.append(_this_thread())
    _ENTERED[0].__enter__()


@contextlib.contextmanager
def _this_thread() -> Any:
    torch._C._set_only_lift_cpu_tensors(True)
    with torch.autograd.set_multithreading_enabled(False), CardMode():
        yield


def _answers() -> dict[str, Any]:
    def of_card(answer: Callable[[Card], Any]) -> Callable[..., Any]:
        return lambda device=None: answer(CARDS[index_of(device)])

    def nothing() -> Callable[..., None]:
        return lambda *args, **kwargs: (
            None
        )  # each its own: torch's compiler refuses one function of two names

    def synchronize(device: Any = None) -> None:
        WAITS["synchronize"] += 1

    def no_graph(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a pretended card captures no graphs")

    def empty_cache() -> None:
        for card in CARDS:
            card.empty_cache()

    return {
        "is_available": lambda: bool(CARDS) and not getattr(_away, "now", False),
        "device_count": lambda: len(CARDS),
        "is_initialized": lambda: True,
        "init": nothing(),
        "_lazy_init": nothing(),
        "current_device": current,
        "set_device": lambda device: set_current(index_of(device)),
        "device": CurrentDevice,
        "get_device_name": of_card(lambda card: "Pretended GPU"),
        "get_device_capability": of_card(lambda card: CAPABILITY),
        "get_device_properties": of_card(_properties),
        "get_arch_list": lambda: ["sm_75", "sm_80", "sm_90"],
        "mem_get_info": of_card(Card.free),
        "memory_allocated": of_card(Card.allocated),
        "memory_reserved": of_card(Card.reserved),
        "max_memory_allocated": of_card(Card.peak),
        "reset_peak_memory_stats": of_card(Card.forget_peak),
        "empty_cache": empty_cache,
        "synchronize": synchronize,
        "Stream": Stream,
        "Event": Event,
        "stream": lambda stream: stream if stream is not None else contextlib.nullcontext(),
        "current_stream": lambda device=None: Stream(device),
        "default_stream": lambda device=None: Stream(device),
        "manual_seed": nothing(),
        "manual_seed_all": nothing(),
        "get_rng_state": lambda device="cuda": torch.get_rng_state(),
        "set_rng_state": lambda state, device="cuda": torch.set_rng_state(state),
        "get_rng_state_all": list,
        "set_rng_state_all": nothing(),
        "is_bf16_supported": lambda including_emulation=True: True,
        "make_graphed_callables": no_graph,
    }


def _properties(card: Card) -> types.SimpleNamespace:
    return types.SimpleNamespace(
        name="Pretended GPU",
        total_memory=card.total,
        major=CAPABILITY[0],
        minor=CAPABILITY[1],
        multi_processor_count=132,
        uuid=uuid_of(card.number).removeprefix("GPU-"),
    )


def _to_cpu(
    plain: Callable[[torch.nn.Module], torch.nn.Module],
) -> Callable[[torch.nn.Module], torch.nn.Module]:
    """Return `Module.cpu` that makes new parameters where a graph, kept by an exception, holds the old ones."""

    @functools.wraps(plain)
    def cpu(self: torch.nn.Module) -> torch.nn.Module:
        try:
            return plain(self)
        except RuntimeError:
            torch.__future__.set_swap_module_params_on_conversion(False)
            torch.__future__.set_overwrite_module_params_on_conversion(True)
            try:
                return plain(self)
            finally:
                torch.__future__.set_overwrite_module_params_on_conversion(False)
                torch.__future__.set_swap_module_params_on_conversion(True)

    return cpu


def _without_cards(call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that sees no cards: an export traces with fake tensors of its own."""

    @functools.wraps(call)
    def called(*args: Any, **kwargs: Any) -> Any:
        _away.now = True
        torch._C._set_only_lift_cpu_tensors(False)
        try:
            with _disable_current_modes():
                return call(*args, **kwargs)
        finally:
            _away.now = False
            torch._C._set_only_lift_cpu_tensors(True)

    return called
