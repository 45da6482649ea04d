"""Pickles are read, and nothing of them is run: whatever a file asks for by name is a stub that only remembers.

`pickle.Unpickler` lets its two hooks decide which objects a file may name. Here every name becomes a class of its own
whose instances keep what they are called with, their state and their entries. No function of torch, NumPy or Python is
ever among the objects that a pickle can call; `plain.py` says afterwards which of the stubs mean a tensor or a number.
torch's own restricted reader knows stubs, too (`add_safe_globals`), but fills only dictionaries and lists that are
exactly these, so that it stops at a `defaultdict` or an `AttributeDict`.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, Any, cast

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.payload import known_as, what_it_runs

_GETATTR = "builtins.getattr"
NAME_LIMIT = 10_000
"""Different names that a file may ask for; each takes a class."""


class _Fixed(type):
    """A class that a pickle's BUILD cannot change."""

    def __setattr__(cls, name: str, value: object) -> None:
        raise TypeError("a stub does not change")

    def __delattr__(cls, name: str) -> None:
        raise TypeError("a stub does not change")


class Stub(metaclass=_Fixed):
    """What stands for an object that a file names; a subclass for each name."""

    __slots__ = ("args", "entries", "items", "state")

    full = ""
    """Dotted name that the file asks for."""
    named = ("", "")
    """Module and name, as the file has them."""

    args: tuple[Any, ...]
    """What it was called with."""
    entries: list[Any]
    """What was appended or added."""
    items: list[tuple[Any, Any]]
    """What was set, keys and values."""
    state: Any
    """What its state was set to; None where it was not."""

    def __new__(cls, *args: Any, **named: Any) -> Stub:
        self = object.__new__(cls)
        self.args = (*args, named) if named else args
        self.entries, self.items, self.state = [], [], None
        return self

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items.append((key, value))

    def append(self, entry: Any) -> None:
        self.entries.append(entry)

    def extend(self, entries: Iterable[Any]) -> None:
        self.entries.extend(entries)

    add = append


@dataclass(frozen=True, slots=True, eq=False)
class Storage:
    """The numbers of one or several tensors, which lie elsewhere in the file. Nothing of it is checked."""

    kind: Any
    """Stub class of the storage's type."""
    key: Any
    numel: Any
    view: Any = None
    """In old files: (key, offset, numbers) of a part of the storage."""


def raw_bytes(value: Any) -> bytes | None:
    """Return bytes as pickles have them (protocol 2 as text in latin1), None where it is something else."""
    if isinstance(value, Stub) and value.full in ("_codecs.encode", "builtins.bytes"):
        value = value.args[0] if value.args else b""
    if isinstance(value, str):
        return value.encode("latin1")
    return bytes(value) if isinstance(value, bytes | bytearray) else None


class InertUnpickler(pickle.Unpickler):
    """Reads one pickle into lists, dictionaries, numbers, text, stubs and storages.

    Args:
        stream: The file, at the beginning of the pickle.
        shown: Name of the file for messages.

    `load` raises BackboneError where the pickle names what runs code, and almost anything on wrong bytes.
    """

    def __init__(self, stream: IO[bytes], shown: str) -> None:
        # latin1 takes all bytes: text and arrays in pickles of Python 2.
        super().__init__(stream, encoding="latin1")
        self._shown = shown
        self.stubs: dict[str, type[Stub]] = {}
        """By dotted name, in the order of the file."""
        self.storages: dict[Any, Storage] = {}
        """By key, whole ones."""

    def find_class(self, module: str, name: str, /) -> Any:
        full = known_as(module, name)
        if full not in self.stubs:
            if full != _GETATTR and (runs := what_it_runs(module, name)):
                raise self._refused(runs)
            if len(self.stubs) >= NAME_LIMIT:
                raise BackboneError(
                    f"{self._shown} is refused: its pickle asks for more than {NAME_LIMIT:,} different objects"
                )
            fields: dict[str, Any] = {"__slots__": (), "full": full, "named": (module, name)}
            if full == _GETATTR:
                fields["__new__"] = lambda _cls, *args: self._attribute(*args)
            self.stubs[full] = cast(type[Stub], _Fixed("Stub", (Stub,), fields))
        return self.stubs[full]

    def _attribute(self, *args: Any) -> Any:
        """Return what stands for an attribute of a class or an object that has a stub itself.

        Before protocol 4 a class within a class is named by `getattr`; to anything else it leads nowhere.
        """
        owner, name = args if len(args) == 2 else (None, None)
        if not isinstance(name, str) or not name.isidentifier() or "__" in name:
            raise self._refused(_GETATTR)
        of_object = isinstance(owner, Stub)
        if not of_object and not (isinstance(owner, type) and issubclass(owner, Stub)):
            raise self._refused(_GETATTR)
        module, parent = cast(Stub, owner).named
        found = self.find_class(module, f"{parent}.{name}")
        return found() if of_object else found

    def _refused(self, runs: str) -> BackboneError:
        return BackboneError(
            f"{self._shown} is refused: its pickle asks for {runs}, which could run code and which no weights need. "
            "Nothing of it was run. Get the file anew from where it was published, or ask whoever made it for the "
            "weights alone, as safetensors or torch.save(model.state_dict(), FILE)"
        )

    def persistent_load(self, pid: Any, /) -> Any:
        if isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage" and isinstance(pid[2], str | int):
            whole = self.storages.setdefault(str(pid[2]), Storage(pid[1], pid[2], pid[4]))
            view = pid[5] if len(pid) > 5 else None
            return whole if view is None else Storage(pid[1], pid[2], pid[4], view)
        if isinstance(pid, tuple) and len(pid) >= 2 and pid[0] == "module":
            return pid[1]  # files of torch before 1.6 repeat the source text of whole modules here
        raise pickle.UnpicklingError("it refers to something that no file of torch.save has")
