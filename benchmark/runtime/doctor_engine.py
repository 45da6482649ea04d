"""The Docker Engine, and which limits of a submission's container it really enforces.

Limits are tried in small containers of an image that is here already; nothing is pulled. Each breaks one rule, and
what it reports of itself, or what the engine saw, tells whether the rule held.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.gpu import PINNED, is_there, too_old
from lovt_bench.benchmark.runtime.doctor_leftovers import check_containers
from lovt_bench.benchmark.runtime.doctor_output import check_output
from lovt_bench.benchmark.runtime.engine import EngineError, ask, connect, product
from lovt_bench.benchmark.runtime.gpu_choice import NoGpuError, look
from lovt_bench.benchmark.runtime.identity import security_options
from lovt_bench.benchmark.runtime.small_container import local_image, run_small

if TYPE_CHECKING:
    from docker import DockerClient

MIB = 1 << 20
DISK_LOW = 15 << 30
UNSAFE = "do not run code from elsewhere on this engine"

PROBE = r"""
if (: > /probe) 2>/dev/null; then echo root=open; else echo root=held; fi
if [ -e /sys/class/net/lo ]; then network=held; fi
here=; while read -r name rest; do here="$here $name "; done < /proc/net/dev
for device in /sys/class/net/*; do
  case "$here" in *" ${device##*/}: "*) ;; *) continue ;; esac
  read -r flags < "$device/flags"
  if [ "${device##*/}" != lo ] && [ $((flags & 1)) = 1 ]; then network=open; fi
done
echo "network=$network"
while read -r key value rest; do case "$key" in
  Uid:) echo "user=$value" ;; CapEff:) echo "capabilities=$value" ;;
  NoNewPrivs:) echo "privileges=$value" ;; Seccomp:) echo "seccomp=$value" ;;
esac; done < /proc/self/status
text=0123456789abcdef; i=0; while [ $i -lt 16 ]; do text=$text$text; i=$((i + 1)); done
i=0; while [ $i -lt 8 ] && (echo "$text" >> /tmp/probe) 2>/dev/null; do i=$((i + 1)); done
if [ $i = 8 ]; then echo scratch=open; else echo scratch=held; fi
for file in /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us; do
  if [ -r "$file" ]; then read -r quota rest < "$file"; echo "cpu=$quota"; break; fi
done
nest() { [ "$1" = 0 ] || (nest $(($1 - 1)) || exit 1) || return 1; }
if (nest 48) 2>/dev/null; then echo pids=open; else echo pids=held; fi
"""
"""Run as user 65534 with 24 processes, 4 MiB of /tmp and half a core. A shell that cannot fork ends with an error.

The shell's own commands alone: what an image lacks would look like a limit that holds, or like one that does not.
"""
GREEDY = "text=0123456789abcdef; while :; do text=$text$text; done"
"""Takes memory without end."""


@dataclass(frozen=True)
class Limit:
    """One rule, and what the probe says where it holds."""

    name: str
    key: str
    held: str


LIMITS = (
    Limit("user", "user", "65534"),
    Limit("read-only root", "root", "held"),
    Limit("no network", "network", "held"),
    Limit("no capabilities", "capabilities", "0000000000000000"),
    Limit("no new privileges", "privileges", "1"),
    Limit("seccomp", "seccomp", "2"),
    Limit("size of /tmp", "scratch", "held"),
    Limit("CPU", "cpu", "50000"),
    Limit("processes", "pids", "held"),
)


def check_engine(image: str | None, containers: bool, workspace: Path = Path()) -> Iterator[Finding]:
    """Look for an engine and try it.

    Args:
        image: Local image with a shell; None: `local_image`.
        containers: Whether to start containers at all.
        workspace: Where submissions write to; it need not exist.
    """
    try:
        client = connect(timeout=5)
    except EngineError as error:
        advice = (
            "--runtime apptainer --image FILE works where Apptainer is; else only --runtime process: this repository's "
            "own methods, not isolated"
        )
        yield Finding("warning", "Docker Engine", str(error), advice)
        return
    try:
        yield from _check(client, image, containers, workspace)
    finally:
        client.close()


def held(limit: Limit, seen: dict[str, str]) -> bool:
    """Return whether a probe's report shows that a limit holds; what is not reported does not."""
    return seen.get(limit.key) == limit.held


def read_report(text: str) -> dict[str, str]:
    """Return the `key=value` lines of a probe."""
    pairs = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {key: value.strip() for key, _, value in pairs}


def _check(client: DockerClient, image: str | None, containers: bool, workspace: Path) -> Iterator[Finding]:
    version, info = ask(client.version), ask(client.info)
    rootless = " rootless," if "rootless" in security_options(info) else ""
    cgroup = info.get("CgroupVersion", "1")
    message = f"{product(client)},{rootless} API {version.get('ApiVersion')}, cgroup {cgroup}"
    yield Finding("ok", "Docker Engine", message)
    yield from _check_disk(Path(info.get("DockerRootDir") or "/nowhere"))
    yield from check_containers(client)
    if not containers:
        return
    name = image or local_image(client)
    if name is None:
        advice = "`make docker` builds one, or name any local image with a shell: --image NAME"
        yield Finding("warning", "limits", "not tried: no image is here to try them with", advice)
        return
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    try:
        yield from _check_limits(client, name)
        yield check_output(client, name, workspace)
        yield from _check_gpu(client, name, info)
    except (DockerException, RequestException, EngineError, OSError) as error:
        advice = f"containers of {name} do not run; try another with --image NAME, or see the engine's log"
        yield Finding("warning", "limits", f"not tried: {error}"[:300], advice)


def _check_disk(root: Path) -> Iterator[Finding]:
    try:
        free = shutil.disk_usage(root).free
    except OSError:  # an engine elsewhere, or a folder that only root sees
        return
    if free < DISK_LOW:
        advice = "`docker image prune` removes what no tag names; the base image alone is 7 GB"
        yield Finding("warning", "image storage", f"{free / 2**30:.0f} GiB free", advice)


def _check_limits(client: DockerClient, image: str) -> Iterator[Finding]:
    _, output = run_small(
        client, image, PROBE, user="65534:65534", read_only=True, network_mode="none", cap_drop=["ALL"],
        security_opt=["no-new-privileges"], tmpfs={"/tmp": "size=4m"}, nano_cpus=500_000_000, pids_limit=24,
        mem_limit=256 * MIB, memswap_limit=256 * MIB,
    )  # fmt: skip
    seen = read_report(output)
    state, _ = run_small(
        client,
        image,
        GREEDY,
        network_mode="none",
        mem_limit=32 * MIB,
        memswap_limit=32 * MIB,
        pids_limit=24,
    )
    memory = bool(state.get("OOMKilled")) or state.get("ExitCode") == 137
    good = [limit.name for limit in LIMITS if held(limit, seen)] + ["memory"] * memory
    bad = [limit.name for limit in LIMITS if not held(limit, seen)] + ["memory"] * (not memory)
    if good:
        yield Finding("ok", "limits", f"held when tried with {image}: {', '.join(good)}")
        yield Finding("ok", "size of /output", "no engine limits it; the harness watches and stops a run")
    if bad:
        advice = f"{UNSAFE}; a rootless engine needs cgroup v2 with delegation, old kernels lack some"
        yield Finding("warning", "limits", f"NOT held when tried with {image}: {', '.join(bad)}", advice)


def _check_gpu(client: DockerClient, image: str, info: dict[str, Any]) -> Iterator[Finding]:
    """Give a container all GPUs; where none is known of, nothing is said of one that it does not get."""
    try:
        seen = look(client, info, image)
    except NoGpuError as error:
        if is_there():
            yield Finding("warning", "GPU in containers", str(error), "or take --device cpu")
        return
    way = "a CDI specification" if seen.way == "cdi" else "the NVIDIA Container Toolkit"
    for card in seen.cards:
        shown = ".".join(map(str, card.capability or ("?",)))
        message = f"{card}, compute capability {shown}, driver {card.driver}, by {way}"
        why = too_old(PINNED, str(card), card.driver, card.capability)
        yield Finding("warning" if why else "ok", "GPU in containers", f"{message}{': ' + why if why else ''}",
                      "--device cpu leaves it out" if why else "")  # fmt: skip
