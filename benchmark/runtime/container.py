"""A submission in a container: no network, nothing of the host but three folders, and every resource limited."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from lovt_bench.benchmark.contract.run_contract import SCRATCH, Limits
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.log import logger
from lovt_bench.benchmark.runtime.engine import EngineError, ask, product
from lovt_bench.benchmark.runtime.gpus import Given
from lovt_bench.benchmark.runtime.hand_over import hand_over
from lovt_bench.benchmark.runtime.identity import Identity, choose_identity, outside, security_options
from lovt_bench.benchmark.runtime.leftovers import LABEL, OWNER, owner, remove_leftovers
from lovt_bench.benchmark.runtime.narrator import Narrator
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.runtime.supervise import Ended, Exit, Signal, Supervisor
from lovt_bench.benchmark.submission.read import SubmissionError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.types import Mount, Ulimit

GPU_REFUSED = re.compile(r"device driver|nvidia|\bCDI\b", re.IGNORECASE)
"""In an engine's error, where it is about GPUs."""
ENFORCED = {"MemoryLimit": "memory", "CpuCfsQuota": "CPUs", "PidsLimit": "processes"}
"""What an engine says of itself, and what it means for a submission where that is false."""

END_LOOKS = 10
"""How often, a tenth of a second apart, it is looked whether a container has ended that takes no signal."""
PROCESSES = 32768
"""Process numbers that a kernel has where nobody raised them."""


class ContainerRuntime:
    """Runs one image.

    Args:
        connect: Returns a client of the engine.
        image: Digest of the image.
        gpus: What it is given; None: none, whatever the engine's default is.
        more_mounts: Further mounts, for this repository's tests.
    """

    kind: Literal["docker"] = "docker"

    def __init__(
        self,
        connect: Callable[[], DockerClient],
        image: str,
        *,
        gpus: Given | None = None,
        more_mounts: Sequence[Mount] = (),
    ) -> None:
        self.image_digest = image
        self._connect = connect
        self._gpus = gpus
        self._more_mounts = tuple(more_mounts)

    def run(self, run: Run, narrator: Narrator) -> Ended:
        client = self._connect()
        try:
            remove_leftovers(client, run.parameters.name)
            info = ask(client.info)
            if missing := not_limited(info):
                logger.warning(
                    "this engine does not limit %s (`lovt-bench doctor` says more)", ", ".join(missing)
                )
            identity = choose_identity(security_options(info), os.getuid(), os.getgid())
            return self._run(client, run, narrator, identity, counts="memory" not in missing)
        except KeyboardInterrupt:
            with suppress(EngineError):  # one that was being made when the user stopped the call
                remove_leftovers(client, run.parameters.name)
            raise
        finally:
            client.close()

    def _run(
        self, client: DockerClient, run: Run, narrator: Narrator, identity: Identity, *, counts: bool
    ) -> Ended:
        from docker.errors import APIError

        container = None
        try:
            try:
                container = ask(lambda: client.api.create_container(**self._config(client, run, identity)))[
                    "Id"
                ]
                hand_over(run, *outside(client, container, identity, run.output, os.getuid()))
                # Attached before the start, so that the first line is not missed.
                stream = ask(
                    lambda: client.api.attach(
                        container, stdout=True, stderr=True, stream=True, logs=False, demux=True
                    )
                )
                narrator.read(stream)
                self._start(client, container)
            except APIError as error:
                if container is None and error.response is not None and error.response.status_code == 404:
                    raise EngineError(f"the image is gone: {clean_text(str(error), 200)}") from error
                return Ended(None, detail=clean_text(str(error.explanation or error), 300))
            ended = Supervisor(
                _Container(client, container, counts), run.output, run.limits, run.enough
            ).watch()
            run.over(ended)
            narrator.end()  # the end of its log is still on its way
        finally:
            if container is not None:
                remove(client, container)
        return ended

    def _start(self, client: DockerClient, container: str) -> None:
        """Start a container.

        Raises:
            SubmissionError: The engine cannot give it its GPUs, which another try does not change.
        """
        from docker.errors import APIError

        try:
            ask(lambda: client.api.start(container))
        except (APIError, EngineError) as error:
            if self._gpus is None or not GPU_REFUSED.search(str(error)):
                raise
            raise SubmissionError(
                f"the engine does not give the container its GPUs: {clean_text(str(error), 300)}. `lovt-bench doctor` "
                "looks at them; --device cpu needs none"
            ) from error

    def _processes(self, client: DockerClient) -> list[Ulimit]:
        """Return the processes that a user of the machine may have, where that has to be said.

        Podman raises them to a million where nothing is said, and where its service may not, no container starts.
        """
        from docker.types import Ulimit

        if not product(client).startswith("podman"):
            return []
        own = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        most = PROCESSES if own == resource.RLIM_INFINITY else min(own, PROCESSES)
        return [Ulimit(name="nproc", soft=most, hard=most)]

    def _config(self, client: DockerClient, run: Run, identity: Identity) -> dict[str, Any]:
        from docker.types import LogConfig, Mount, Ulimit

        limits = run.limits
        mounts = [
            Mount(target, str(folder), type="bind", read_only=fixed, propagation="rprivate")
            for target, folder, fixed in run.folders()
        ]
        host = client.api.create_host_config(
            network_mode="none",
            read_only=True,
            mounts=[*mounts, *self._more_mounts],
            tmpfs=memory_folders(limits, identity),
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
                *self._processes(client),
            ],
            log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "1m", "max-file": "1"}),
            init=True,
            ipc_mode="private",
            userns_mode=identity.userns_mode,
            restart_policy={"Name": "no"},
            device_requests=None if self._gpus is None else self._gpus.requests(),
        )
        # Where NVIDIA's runtime is the engine's default, an image that names `all` would get them unasked.
        without = self._gpus is None or self._gpus.way == "cdi"
        environment = ({"NVIDIA_VISIBLE_DEVICES": "void"} if without else {}) | run.environment()
        return {
            "image": self.image_digest,
            "hostname": "submission",
            "user": identity.words,
            "environment": environment,
            "labels": {LABEL: run.parameters.name, OWNER: owner()},
            "network_disabled": True,
            "healthcheck": {"test": ["NONE"]},
            "host_config": host,
        }


class _Container:
    """A container that was started; `counts`: whether the engine counts its memory apart from the machine's."""

    def __init__(self, client: DockerClient, container: str, counts: bool) -> None:
        self._client = client
        self._container = container
        self._counts = counts

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
        except EngineError as error:
            # Podman answers by an error of its own where it has ended, and may learn of the end a moment later.
            for _ in range(END_LOOKS):
                if self.poll() is not None:
                    logger.debug("%s: %s", name, error)
                    return
                time.sleep(0.1)
            raise

    def memory(self) -> int | None:
        from docker.errors import APIError

        if not self._counts:
            return None
        try:
            stats = ask(lambda: self._client.api.stats(self._container, stream=False, one_shot=True))
        except (APIError, EngineError):
            return None
        return used_memory(stats.get("memory_stats") or {})


def not_limited(info: dict[str, Any]) -> list[str]:
    """Return what an engine that says this of itself does not limit.

    A rootless engine has no cgroups of version 1. Docker's knows that, Podman's answers for the kernel.
    """
    none = "rootless" in security_options(info) and info.get("CgroupVersion") == "1"
    return [what for key, what in ENFORCED.items() if none or info.get(key) is False]


def memory_folders(limits: Limits, identity: Identity) -> dict[str, str]:
    """Return the folders of a container that lie in memory, and their mount options.

    Id 0 owns the container's `/dev`, which an engine leaves writable: there it is one that is read-only, and with it
    the shared memory that lies in it.
    """
    writable = "rw,noexec,nosuid,nodev,mode=1777,size="
    found = {SCRATCH: f"{writable}{limits.scratch_bytes}"}
    if identity.user == 0:
        found |= {
            "/dev": "ro,nosuid,mode=755,size=64k",
            "/dev/shm": f"{writable}{limits.shared_memory_bytes}",
        }
    return found


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


def remove(client: DockerClient, container: str) -> None:
    """Remove a container with its anonymous volumes, whatever its state; logs where the engine refuses."""
    from docker.errors import APIError

    try:
        ask(lambda: client.api.remove_container(container, v=True, force=True))
    except (APIError, EngineError) as error:
        # Found by its label and removed before the next run.
        logger.warning("container %s could not be removed now: %s", container[:12], error)
