"""What a submission's Dockerfile must and must not say, as far as it can be told without building it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from benchmark.backbone.findings import Finding
from benchmark.contract.untrusted import clean_text

SUBJECT = "Dockerfile"
SIZE_LIMIT = 64 * 1024
"""Bytes."""


def dockerfile_findings(text: str) -> list[Finding]:
    """Return what is wrong with a recipe, errors first; one `ok` where nothing is."""
    lines = list(_instructions(text))
    names = [name for name, _ in lines]
    found = [*_start(lines), *_forbidden(lines), *_end(lines, names)]
    order = {"error": 0, "warning": 1, "ok": 2}
    shown = found or [Finding("ok", SUBJECT, f"{len(lines)} instructions, none that the contract forbids")]
    return sorted(shown, key=lambda finding: order[finding.level])


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield instruction and argument, continued lines joined, comments left out."""
    pending = ""
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        pending = f"{pending} {line}".strip()
        if pending.endswith("\\"):
            pending = pending[:-1].rstrip()
            continue
        name, _, rest = pending.partition(" ")
        pending = ""
        yield name.upper(), rest.strip()


def _start(lines: list[tuple[str, str]]) -> Iterator[Finding]:
    bases = [rest for name, rest in lines if name == "FROM"]
    if not bases:
        yield Finding(
            "error", SUBJECT, "names no base image", "begin with FROM; `lovt-bench submission new` shows one"
        )
    for base in bases:
        image = base.split()[0] if base else ""
        bare = not re.search(r"[:@$]", image.rpartition("/")[2])
        own = image in ("scratch", "lovt-bench-base", "lovt-bench-base-cuda")
        if (bare and not own) or image.endswith(":latest"):
            yield Finding(
                "warning",
                SUBJECT,
                f"the base image {clean_text(image, 80)} has no version: what it is changes",
                "name a tag or digest",
            )


def _forbidden(lines: list[tuple[str, str]]) -> Iterator[Finding]:
    for name, rest in lines:
        shown = clean_text(f"{name} {rest}", 60)
        if name == "VOLUME":
            yield Finding(
                "error",
                SUBJECT,
                f"{shown}: a volume is writable without a limit",
                "write to /output and /tmp",
            )
        elif name == "ADD" and re.search(r"\b(https?|git|ssh)(://|@)", rest):
            yield Finding(
                "error",
                SUBJECT,
                f"{shown}: fetches what nobody has checked",
                "COPY a file that lies in the folder",
            )
        elif name in ("HEALTHCHECK", "EXPOSE"):
            yield Finding(
                "warning", SUBJECT, f"{shown}: a submission has no network and no health check", "remove it"
            )
        elif name == "RUN" and re.search(r"\b(curl|wget)\b[^|;&]*\|\s*(ba)?sh\b", rest):
            yield Finding("warning", SUBJECT, f"{shown}: runs what it fetches", "pin what is installed")
        if re.search(r"docker\.sock|--privileged|--security=insecure", rest):
            yield Finding(
                "error", SUBJECT, f"{shown}: asks for powers that a submission never gets", "remove it"
            )


def _end(lines: list[tuple[str, str]], names: list[str]) -> Iterator[Finding]:
    if "FROM" in names:
        last = len(names) - 1 - names[::-1].index("FROM")
        lines, names = lines[last:], names[last:]
    if "ENTRYPOINT" not in names and "CMD" not in names:
        yield Finding("error", SUBJECT, "starts nothing", 'end with ENTRYPOINT ["python", …] and CMD')
    users = [rest for name, rest in lines if name == "USER"]
    if users and re.fullmatch(r"(root|0)(:.*)?", users[-1]):
        yield Finding(
            "warning", SUBJECT, "ends as root; the harness starts it as another user", "USER 1000:1000"
        )
