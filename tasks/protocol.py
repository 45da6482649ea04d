"""Protocol files, `tasks/protocols/<name>.yaml`: loaded whole or not at all.

A file with `base`, the name of another protocol, holds only the entries that differ from it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.tasks.messages import explain
from lovt_bench.tasks.metric import FOLDER as METRICS
from lovt_bench.tasks.metric import beside_metrics

PROTOCOLS = Path(__file__).resolve().parent / "protocols"
DEFAULT_PROTOCOL = "lovt-2022"


class UnknownProtocolError(ValueError):
    """There is no protocol of this name."""


class InvalidProtocolError(ValueError):
    """A protocol file that breaks the schema."""


def protocol_names(folder: Path = PROTOCOLS) -> list[str]:
    """Return the names of all protocols, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_protocol(name: str = DEFAULT_PROTOCOL, folder: Path = PROTOCOLS) -> Protocol:
    """Return the protocol called `name`.

    Raises:
        UnknownProtocolError: No file of this name; the message lists the known names.
        InvalidProtocolError: Unreadable, a field missing, unknown or wrong, `name` is not the file's, or no such base.
    """
    if name not in protocol_names(folder):
        raise UnknownProtocolError(unknown("protocol", name, protocol_names(folder)))
    path = folder / f"{name}.yaml"
    try:
        protocol = Protocol.model_validate(_fields(name, folder, ()))
    except ValidationError as error:
        raise InvalidProtocolError(explain(path, error, Protocol)) from error
    except StrictYamlError as error:
        raise InvalidProtocolError(str(error)) from error
    if protocol.name != name:
        raise InvalidProtocolError(
            f"{path}: name is {protocol.name!r}, expected {name!r} as in the file name"
        )
    for file in protocol.metrics.beside:
        if file not in (known := beside_metrics()):
            raise InvalidProtocolError(
                f"{path}: metrics.beside: {unknown('metric file', file, known)} ({METRICS})"
            )
    return protocol


def differences(one: Protocol, other: Protocol) -> dict[str, tuple[Any, Any]]:
    """Return the entries that differ, `section.entry`, with both values."""
    sections = [
        name for name, field in Protocol.model_fields.items() if name not in ("name", "title", "reasons")
    ]
    return {
        f"{section}.{entry}": values
        for section in sections
        for entry in type(getattr(one, section)).model_fields
        if (values := (getattr(getattr(one, section), entry), getattr(getattr(other, section), entry)))
        and values[0] != values[1]
    }


def _fields(name: str, folder: Path, below: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of a file upon those of its base; an entry of the base is replaced whole."""
    path = folder / f"{name}.yaml"
    own = read_yaml(path)
    base = own.pop("base", None)
    if base is None:
        return own
    if base not in protocol_names(folder) or base in (*below, name):
        others = [other for other in protocol_names(folder) if other not in (*below, name)]
        raise InvalidProtocolError(f"{path}: base: {unknown('protocol', str(base), others)}")
    merged = _fields(base, folder, (*below, name))
    merged.pop("reasons", None)
    return merged | {
        field: merged[field] | value
        if isinstance(value, dict) and isinstance(merged.get(field), dict)
        else value
        for field, value in own.items()
    }
