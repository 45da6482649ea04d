"""As which user a container runs, and who that is on this machine (docs/decisions/015-who-a-container-is.md).

The rule: never root of this machine, and always somebody whose files the harness can count, read and remove.
"""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.contract.run_contract import OUTPUT
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.engine import EngineError, ask

if TYPE_CHECKING:
    from docker import DockerClient

OTHER_USER = 1000
"""User and group of a container where the caller is root."""


@dataclass(frozen=True)
class Identity:
    """A user of a container."""

    user: int
    group: int
    mapped: bool = False
    """Whether the ids of the container have another meaning on this machine."""
    own_namespace: bool = True
    """Whether the engine may map the ids of the container; False turns that off."""

    @property
    def words(self) -> str:
        return f"{self.user}:{self.group}"

    @property
    def userns_mode(self) -> str | None:
        """What the engine is told about ids."""
        return None if self.own_namespace else "host"


def security_options(info: dict[str, object]) -> frozenset[str]:
    """Return the names that an engine's `info` lists, for example `rootless`, `userns`, `seccomp`."""
    listed = info.get("SecurityOptions")
    lines = [str(line) for line in listed] if isinstance(listed, list) else []
    names = frozenset(line.split(",")[0].removeprefix("name=") for line in lines)
    return names | {"rootless"} if info.get("Rootless") is True else names  # Podman's field


def choose_identity(options: Iterable[str], uid: int, gid: int) -> Identity:
    """Return as which user a container is to run.

    Args:
        options: `security_options` of the engine.
        uid: User id of the caller.
        gid: Group id of the caller.
    """
    if "rootless" in options:
        # Root of a rootless engine's containers is the engine's own user outside, and has no capability inside.
        return Identity(0, 0, mapped=True)
    if uid == 0:
        return Identity(OTHER_USER, OTHER_USER, mapped="userns" in options)
    # No mapped id is the caller's, and another user's files could be neither counted nor removed.
    return Identity(uid, gid, own_namespace="userns" not in options)


def outside(
    client: DockerClient, container: str, identity: Identity, output: Path, uid: int
) -> tuple[int, int]:
    """Return the user and group id that a container's files have on this machine.

    Where the engine maps ids it is asked: it makes an empty folder in the output that belongs to the container's user,
    and whose that is here is looked at. Nothing of the image runs.

    Args:
        client: The engine.
        container: Made, not started.
        identity: Its user.
        output: The folder that the container has as its output.
        uid: User id of the caller.

    Raises:
        EngineError: The engine cannot be asked, or files of the container would be out of the caller's reach.
    """
    from docker.errors import APIError

    if not identity.mapped:
        return identity.user, identity.group
    probe = output / f".{secrets.token_hex(8)}"
    try:
        ask(lambda: client.api.put_archive(container, OUTPUT, _folder(probe.name, identity)))
        found = probe.lstat()
    except (APIError, EngineError, OSError) as error:
        raise EngineError(
            f"it cannot be found out who a container is on this machine ({clean_text(str(error), 200)}); "
            "a rootless engine serves its own user, so run lovt-bench as that user"
        ) from error
    finally:
        with suppress(OSError):
            probe.rmdir()
    if uid not in (0, found.st_uid):
        raise EngineError(
            f"a container of this engine is user {found.st_uid} on this machine and you are user {uid}: what it writes "
            "could be neither counted nor removed; take an engine of your own, or run lovt-bench as its user"
        )
    return found.st_uid, found.st_gid


def _folder(name: str, identity: Identity) -> bytes:
    """Return an archive that holds one empty folder."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid = tarfile.DIRTYPE, 0o700, identity.user, identity.group
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    return content.getvalue()
