"""Apptainer, and which limits of a submission's container it really enforces here: tried, not guessed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.runtime.apptainer_command import cgroups, find_program, try_command
from lovt_bench.benchmark.runtime.doctor_engine import GREEDY, LIMITS, MIB, PROBE, held, read_report
from lovt_bench.benchmark.runtime.engine import EngineError

SKIPPED = ("user", "size of /tmp")
"""Not Apptainer's to hold: the user is the caller, and the site sizes what lies in memory."""
NO_CGROUPS = (
    "the site gives its users no cgroups (they take cgroup v2 and systemd): run inside a job of the scheduler, "
    "whose own limits hold, and give a job of its own to code that you do not trust"
)


def check_apptainer(image: str | None, containers: bool, workspace: Path) -> Iterator[Finding]:
    """Look for Apptainer and try it; nothing is said where it is not installed.

    Args:
        image: A SIF file with a shell; anything else: the first one in `workspace`.
        containers: Whether to start containers at all.
        workspace: Where images lie.
    """
    try:
        program = find_program()
    except EngineError:
        return
    yield Finding("ok", "Apptainer", program)
    if not containers:
        return
    made = sorted((workspace / "images").glob("*.sif"))
    sif = Path(image) if image is not None and image.endswith(".sif") else made[0] if made else None
    if sif is None:
        yield Finding("ok", "Apptainer's limits", "not tried: no image is here; --image FILE.sif names one")
        return
    yield from _check(program, sif.resolve())


def _check(program: str, sif: Path) -> Iterator[Finding]:
    limits = cgroups(256 * MIB, 0.5, 24)
    code, said = try_command(program, sif, limits, ["sh", "-c", PROBE])
    refused = said if code else ""
    if code:
        limits = []
        code, said = try_command(program, sif, limits, ["sh", "-c", PROBE])
    if code:
        yield Finding("warning", "Apptainer's limits", f"not tried: {said}", "no container of it runs here")
        return
    seen = read_report(said)
    holds = {limit.name: held(limit, seen) for limit in LIMITS if limit.name not in SKIPPED}
    # Apptainer's own failures are 255.
    holds["memory"] = (
        bool(limits) and try_command(program, sif, cgroups(32 * MIB, 0.5, 24), ["sh", "-c", GREEDY])[0] == 137
    )
    if not limits:
        # Another user's container of the machine could be at its limits by chance.
        holds |= {"CPU": False, "processes": False}
    good = ", ".join(name for name, holding in holds.items() if holding)
    bad = ", ".join(name for name, holding in holds.items() if not holding)
    yield Finding("ok", "Apptainer's limits", f"held when tried with {sif.stem[:12]}: {good}")
    if bad:
        why = f" ({refused})" if refused else ""
        yield Finding("warning", "Apptainer's limits", f"NOT held: {bad}{why}", NO_CGROUPS if refused else "")
