"""A submission in a container: no network, nothing of the host but three folders, and every resource limited."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchmark.contract.run_contract import ASSETS, INPUT, OUTPUT, SCRATCH
from benchmark.contract.untrusted import clean_text
from benchmark.log import logger
from benchmark.runtime.engine import EngineError, ask
from benchmark.runtime.leftovers import LABEL, OWNER, owner, remove_leftovers
from benchmark.runtime.narrator import Narrator
from benchmark.runtime.runs import Run
from benchmark.runtime.supervise import Ended, Exit, Signal, Supervisor

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import Mount

OTHER_USER = 1000
"""User and group of a container where the caller is root; else it is the caller's own."""


class ContainerRuntime:
    """Runs one image.

    Args:
        connect: returns a client of the engine.
        image: digest of the image.
        gpus: number of GPUs to ask for.
        more_mounts: further mounts, for this repository's tests.
    """

    kind: Literal["docker"] = "docker"

    def __init__(
        self,
        connect: Callable[[], DockerClient],
        image: str,
        *,
        gpus: int = 0,
        more_mounts: Sequence[Mount] = (),
    ) -> None:
        self.image_digest = image
        self._connect = connect
        self._gpus = gpus
        self._more_mounts = tuple(more_mounts)

    def run(self, run: Run, narrator: Narrator) -> Ended:
        user = container_user()
        give_folder(run.output, user)
        client = self._connect()
        try:
            remove_leftovers(client, run.parameters.name)
            return self._run(client, run, narrator, user)
        finally:
            client.close()

    def _run(self, client: DockerClient, run: Run, narrator: Narrator, user: int) -> Ended:
        from docker.errors import APIError

        container = None
        try:
            try:
                container = ask(lambda: client.api.create_container(**self._config(client, run, user)))["Id"]
                # Attached before the start, so that the first line is not missed.
                stream = ask(
                    lambda: client.api.attach(container, stdout=True, stderr=True, stream=True, logs=False)
                )
                narrator.read(stream)
                ask(lambda: client.api.start(container))
            except APIError as error:
                if container is None and error.response is not None and error.response.status_code == 404:
                    raise EngineError(f"the image is gone: {clean_text(str(error), 200)}") from error
                return Ended(None, detail=clean_text(str(error.explanation or error), 300))
            ended = Supervisor(_Container(client, container), run.output, run.limits).watch()
        finally:
            if container is not None:
                remove(client, container)
        narrator.end()
        return ended

    def _config(self, client: DockerClient, run: Run, user: int) -> dict[str, Any]:
        from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

        limits = run.limits
        folders = [(INPUT, run.input, True), (OUTPUT, run.output, False)]
        if run.assets is not None:
            folders.append((ASSETS, run.assets, True))
        mounts = [
            Mount(target, str(folder.resolve()), type="bind", read_only=fixed, propagation="rprivate")
            for target, folder, fixed in folders
        ]
        host = client.api.create_host_config(
            network_mode="none",
            read_only=True,
            mounts=[*mounts, *self._more_mounts],
            tmpfs={SCRATCH: f"rw,noexec,nosuid,nodev,size={limits.scratch_bytes},mode=1777"},
            shm_size=limits.shared_memory_bytes,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges:true"],
            pids_limit=limits.pids,
            mem_limit=limits.memory_bytes,
            memswap_limit=limits.memory_bytes,
            nano_cpus=round(1e9 * limits.cpus),
            # Should the machine itself run out of memory, the submission goes first.
            oom_score_adj=500,
            ulimits=[
                Ulimit(name="fsize", soft=limits.output_bytes, hard=limits.output_bytes),
                Ulimit(name="nofile", soft=limits.open_files, hard=limits.open_files),
                Ulimit(name="core", soft=0, hard=0),
            ],
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m", "max-file": "1"}),
            init=True,
            ipc_mode="private",
            restart_policy={"Name": "no"},
            device_requests=[DeviceRequest(count=self._gpus, capabilities=[["gpu"]])] if self._gpus else None,
        )
        environment = {
            **run.parameters.environment(limits.threads),
            "HOME": SCRATCH,
            "TORCH_HOME": f"{ASSETS}/torch",
            "HF_HOME": f"{ASSETS}/huggingface",
            "HF_HUB_OFFLINE": "1",
            **run.more_environment,
        }
        return {
            "image": self.image_digest,
            "hostname": "submission",
            "user": f"{user}:{user if os.getuid() == 0 else os.getgid()}",
            "environment": environment,
            "labels": {LABEL: run.parameters.name, OWNER: owner()},
            "network_disabled": True,
            "healthcheck": {"test": ["NONE"]},
            "host_config": host,
        }


class _Container:
    """A container that was started."""

    def __init__(self, client: DockerClient, container: str) -> None:
        self._client = client
        self._container = container

    def poll(self) -> Exit | None:
        from docker.errors import APIError

        try:
            state = ask(lambda: self._client.api.inspect_container(self._container))["State"]
        except APIError as error:
            raise EngineError(f"the container is gone: {clean_text(str(error), 200)}") from error
        if state["Status"] not in ("exited", "dead"):
            return None
        return Exit(int(state["ExitCode"]), bool(state["OOMKilled"]))

    def signal(self, name: Signal) -> None:
        from docker.errors import APIError

        try:
            ask(lambda: self._client.api.kill(self._container, name))
        except APIError as error:  # it has ended meanwhile
            logger.debug("%s: %s", name, error)

    def memory(self) -> int | None:
        from docker.errors import APIError

        try:
            stats = ask(lambda: self._client.api.stats(self._container, stream=False, one_shot=True))
        except (APIError, EngineError):
            return None
        return used_memory(stats.get("memory_stats") or {})


def used_memory(stats: dict[str, Any]) -> int | None:
    """Return the bytes in use by an engine's `memory_stats`, None where it has ended.

    Page cache that could be dropped is not counted where the kernel tells it apart.
    """
    details = stats.get("stats") or {}
    usage = stats.get("usage")
    if not usage:
        return None
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return max(int(usage) - int(cache), 0)


def container_user() -> int:
    """Return the user id that containers run as: the caller's, and never root."""
    return os.getuid() or OTHER_USER


def give_folder(folder: Path, user: int) -> None:
    """Make a folder and all in it the container user's, and closed to everybody else on this machine."""
    if os.getuid() == 0:
        # GNU and BSD chown walk a tree by themselves, follow no link (-h, -P) and do not mind its depth.
        command = ["chown", "-R", "-h", "-P", f"{user}:{user}", "--", str(folder)]
        subprocess.run(command, check=True, capture_output=True)
    folder.chmod(0o700)


def remove(client: DockerClient, container: str) -> None:
    """Remove a container with its anonymous volumes, whatever its state; logs where the engine refuses."""
    from docker.errors import APIError

    try:
        ask(lambda: client.api.remove_container(container, v=True, force=True))
    except (APIError, EngineError) as error:
        # Found by its label and removed before the next run.
        logger.warning("container %s could not be removed now: %s", container[:12], error)
