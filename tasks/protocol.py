"""Protocol files, `tasks/protocols/<name>.yaml`: loaded whole or not at all."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.strict_yaml import StrictYamlError, read_yaml
from lovt_bench.benchmark.contract.unknown import unknown
from lovt_bench.tasks.messages import explain

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
        InvalidProtocolError: Unreadable, a field missing, unknown or wrong, or `name` is not the file's.
    """
    if name not in protocol_names(folder):
        raise UnknownProtocolError(unknown("protocol", name, protocol_names(folder)))
    path = folder / f"{name}.yaml"
    try:
        protocol = Protocol.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InvalidProtocolError(explain(path, error, Protocol)) from error
    except StrictYamlError as error:
        raise InvalidProtocolError(str(error)) from error
    if protocol.name != name:
        raise InvalidProtocolError(
            f"{path}: name is {protocol.name!r}, expected {name!r} as in the file name"
        )
    return protocol
