"""Tensors of a pretended card, and what each operator does with them."""

from __future__ import annotations

from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from tests.gpu.pretended.card import Card, visible_cards
from tests.gpu.pretended.waits import SIZED_BY_VALUES, WAITS

CARDS: list[Card] = visible_cards()
MAY_MIX = {"copy_", "_to_copy", "index", "_unsafe_index", "index_put", "index_put_", "_index_put_impl_"}
"""Operators that take tensors of card and host together."""
SUMMED_IN_FLOAT32 = {"convolution", "convolution_backward", "mm", "addmm", "bmm", "baddbmm"}
"""Operators that a card sums in float32 when their inputs are of half precision."""
_HALF = (torch.float16, torch.bfloat16)
_current = 0


class OnCard(torch.Tensor):
    """A tensor that says it is on a card."""

    numbers: torch.Tensor
    """On the host."""
    card: int

    @staticmethod
    def __new__(cls, numbers: torch.Tensor, card: int) -> OnCard:
        CARDS[card].hold(numbers)
        made: OnCard = torch.Tensor._make_wrapper_subclass(
            cls,
            numbers.size(),
            strides=numbers.stride(),
            storage_offset=numbers.storage_offset(),
            dtype=numbers.dtype,
            layout=numbers.layout,
            device=torch.device("cuda", card),
        )
        made.numbers, made.card = numbers, card
        return made

    def __init__(self, numbers: torch.Tensor, card: int) -> None: ...

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"OnCard({self.numbers!r}, card={self.card})"

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if self.dim() == 0 else repr(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.detach().cpu().__reduce_ex__(protocol)

    def record_stream(self, stream: Any) -> None: ...

    def tolist(self) -> Any:
        return self.detach().cpu().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        if not force:
            raise TypeError(
                f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() first."
            )
        return self.detach().cpu().numpy()

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return dispatch(func, args, kwargs or {})


class CardMode(TorchDispatchMode):
    """Sees operators without a tensor of a card among their inputs: new tensors, and copies from the host."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return dispatch(func, args, kwargs or {})


def current() -> int:
    return _current


def set_current(card: int) -> None:
    global _current
    _current = card


def index_of(device: Any = None) -> int:
    """Return the card that a device names; the current one where it names none.

    Raises:
        RuntimeError: There is no such card.
    """
    index = (
        device if isinstance(device, int) else (torch.device(device).index if device is not None else None)
    )
    index = _current if index is None else index
    if not 0 <= index < len(CARDS):
        raise RuntimeError("CUDA error: invalid device ordinal")
    return index


def dispatch(func: Any, args: Any, kwargs: Any) -> Any:
    """Run an operator on the host's numbers, and hand its results to the card that they belong to."""
    name = func.overloadpacket.__name__
    given = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    on_cards = [each for each in given if isinstance(each, OnCard)]
    on_host = [each for each in given if not isinstance(each, OnCard)]
    if name == "is_pinned":
        return not on_cards and _Pinned.has(given[0])
    if name in ("pin_memory", "_pin_memory"):
        if on_cards:
            raise RuntimeError("cannot pin 'torch.cuda.FloatTensor' only dense CPU tensors can be pinned")
        return _Pinned.add(given[0].clone())
    if name == "record_stream":
        return None
    wanted = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
    to_card = index_of(wanted) if wanted is not None and wanted.type == "cuda" else None
    if not on_cards and to_card is None:
        pin = kwargs.get("pin_memory")
        result = func(*args, **(kwargs | {"pin_memory": False} if pin else kwargs))
        return _Pinned.add(result) if pin else result
    _refuse_a_mix(func, name, on_cards, on_host)
    _count_waits(
        name, args, kwargs, on_cards, on_host, to_card, to_host=wanted is not None and to_card is None
    )
    result = _on_numbers(func, name, args, kwargs, on_cards)
    if name == "copy_":
        return args[0]
    if name == "_to_copy" and wanted is not None and to_card is None:
        return result
    card = to_card if to_card is not None else on_cards[0].card
    return _handed_over(func, name, result, on_cards, card)


def _refuse_a_mix(func: Any, name: str, on_cards: list[OnCard], on_host: list[torch.Tensor]) -> None:
    devices = sorted({str(each.device) for each in on_cards})
    if any(each.dim() for each in on_host) and on_cards:
        devices.append("cpu")
    if len(devices) > 1 and name not in MAY_MIX:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found at least two devices, "
            f"{devices[0]} and {devices[1]}! ({func})"
        )


def _count_waits(
    name: str,
    args: Any,
    kwargs: Any,
    on_cards: list[OnCard],
    on_host: list[torch.Tensor],
    to_card: int | None,
    to_host: bool,
) -> None:
    if name == "_local_scalar_dense":
        WAITS["item"] += 1
    elif name in SIZED_BY_VALUES or (name == "repeat_interleave" and kwargs.get("output_size") is None):
        WAITS[name] += 1
    elif name in ("index", "_unsafe_index") and any(
        each.dtype in (torch.bool, torch.uint8) for each in tree_leaves(args[1]) if each is not None
    ):
        WAITS["index by a mask"] += 1
    elif name == "copy_" and len({isinstance(each, OnCard) for each in args[:2]}) == 2:
        free = (len(args) > 2 and args[2]) or kwargs.get("non_blocking")
        host = args[1] if isinstance(args[0], OnCard) else args[0]
        if not (free and _Pinned.has(host)):
            WAITS["copy from host" if isinstance(args[0], OnCard) else "copy to host"] += 1
    elif name == "_to_copy" and to_host and on_cards:
        WAITS["copy to host"] += not kwargs.get("non_blocking")
    elif name == "_to_copy" and to_card is not None and on_host:
        WAITS["copy from host"] += not (kwargs.get("non_blocking") and _Pinned.has(on_host[0]))


def _on_numbers(func: Any, name: str, args: Any, kwargs: Any, on_cards: list[OnCard]) -> Any:
    if name in ("_softmax", "_log_softmax") and args[2]:  # a card goes from half to float32 in one kernel
        return func(args[0].numbers.float(), args[1], False)
    if name in ("_softmax_backward_data", "_log_softmax_backward_data") and args[3] != args[0].dtype:
        return func(args[0].numbers, args[1].numbers, args[2], args[0].dtype).to(args[3])
    wide = _wide(name, on_cards)

    def number(leaf: Any) -> Any:
        if isinstance(leaf, torch.device) and leaf.type == "cuda":
            return torch.device("cpu")
        if not isinstance(leaf, OnCard):
            return leaf
        return leaf.numbers.float() if wide and leaf.numbers.dtype in _HALF else leaf.numbers

    kwargs = {key: False if key == "pin_memory" and value else value for key, value in kwargs.items()}
    return func(*tree_map(number, args), **tree_map(number, kwargs))


def _wide(name: str, on_cards: list[OnCard]) -> bool:
    return name in SUMMED_IN_FLOAT32 and any(each.dtype in _HALF for each in on_cards)


def _handed_over(func: Any, name: str, result: Any, on_cards: list[OnCard], card: int) -> Any:
    same = {id(each.numbers): each for each in on_cards}
    half = on_cards[0].dtype if _wide(name, on_cards) else None

    def wrapped(leaf: Any) -> Any:
        if not isinstance(leaf, torch.Tensor) or isinstance(leaf, OnCard):
            return leaf
        return same[id(leaf)] if id(leaf) in same else OnCard(leaf if half is None else leaf.to(half), card)

    made = tree_map(wrapped, result)
    if func._schema.is_mutable and any(each.shape != each.numbers.shape for each in on_cards):
        raise NotImplementedError(f"{func} changed the shape of a tensor of a pretended card")
    return made


class _Pinned:
    """Storages in pinned memory."""

    storages: dict[int, StorageWeakRef] = {}

    @classmethod
    def add(cls, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        cls.storages = {key: each for key, each in cls.storages.items() if not each.expired()}
        cls.storages[storage._cdata] = StorageWeakRef(storage)
        return tensor

    @classmethod
    def has(cls, tensor: torch.Tensor) -> bool:
        known = cls.storages.get(tensor.untyped_storage()._cdata)
        return known is not None and not known.expired()
