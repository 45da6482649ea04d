"""Whether a container can leave something in its output, and whether the harness can take it: tried, not guessed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.run_contract import OUTPUT
from lovt_bench.benchmark.disk.temporary import scratch_folder
from lovt_bench.benchmark.runtime.engine import EngineError, ask
from lovt_bench.benchmark.runtime.hand_over import give
from lovt_bench.benchmark.runtime.identity import Identity, choose_identity, outside, security_options
from lovt_bench.benchmark.submission.read import SubmissionError

if TYPE_CHECKING:
    from docker import DockerClient

SECONDS = 20
SCRIPT = f"echo written > {OUTPUT}/file"
ADVICE = "no submission can be run in a container like this; docs/contract.md names the engines that work"


def check_output(client: DockerClient, image: str, workspace: Path) -> Finding:
    """Let a container write to an output as a submission does, and read it.

    Args:
        client: The engine.
        image: A local one with a shell.
        workspace: Where outputs lie; it need not exist.
    """
    from docker.errors import DockerException

    options = security_options(ask(client.info))
    identity = choose_identity(options, os.getuid(), os.getgid())
    there = workspace.absolute()
    while not there.is_dir():
        there = there.parent
    try:
        # Where outputs lie: an engine on another machine, or one of another user, may not reach it.
        with scratch_folder(there / "doctor") as output:
            user, problem = _write(client, image, identity, output)
    except (DockerException, EngineError, SubmissionError, OSError) as error:
        problem = str(error)[:300]
    if problem:
        return Finding("warning", OUTPUT, problem, ADVICE)
    kind = (
        "rootless" if "rootless" in options else "user namespaces" if "userns" in options else "ids as here"
    )
    turned = "" if identity.own_namespace else ", turned off with --userns=host as you are not root"
    message = f"containers write it as user {user} of this machine ({kind}{turned}), and the harness reads it"
    return Finding("ok", OUTPUT, message)


def _write(client: DockerClient, image: str, identity: Identity, output: Path) -> tuple[int, str]:
    """Return who the container was on this machine, and what went wrong."""
    from docker.types import Mount

    container = client.containers.create(
        image, ["-ec", SCRIPT], entrypoint="sh", user=identity.words, network_mode="none", read_only=True,
        cap_drop=["ALL"], userns_mode=identity.userns_mode, pids_limit=24,
        mounts=[Mount(OUTPUT, str(output.resolve()), type="bind", propagation="rprivate")],
    )  # fmt: skip
    try:
        user, group = outside(client, container.id, identity, output, os.getuid())
        give(output, user, group)
        container.start()
        code = container.wait(timeout=SECONDS)["StatusCode"]
        said = container.logs(tail=1).decode("utf-8", errors="replace").strip()
    finally:
        container.remove(force=True, v=True)
    if code:
        return user, f"a container cannot write to it: {said[:200] or f'exit code {code}'}"
    if not (output / "file").is_file():
        return user, "what a container wrote to it is not here: is the engine on another machine?"
    return user, ""
