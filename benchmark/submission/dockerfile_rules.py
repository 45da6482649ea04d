"""What a submission's Dockerfile must and must not say, as far as it can be told without building it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.dockerfile import (
    DockerfileError,
    Instruction,
    Stage,
    read_dockerfile,
    words_of,
)

SUBJECT = "Dockerfile"
SIZE_LIMIT = 64 * 1024
"""Bytes."""
BASE_ARGUMENT = "BASE_IMAGE"
"""The one ARG that the harness sets."""

BASES = ("lovt-bench-base", "lovt-bench-base-cuda")
"""What `make docker` makes."""

GIVEN_BASE = BASES[0]
"""What it is where nobody says otherwise."""

BASES_FOR = {"cpu": BASES, "cuda": BASES[1:]}
"""Those that hold what a device needs, the smaller one first."""

_FLAGS = {"ADD": ("--chown",), "COPY": ("--chown", "--from"), "FROM": ("--platform",)}
"""Flags that the classic builder knows; of HEALTHCHECK all."""
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|[^/]*@[^/]*:|github\.com/", re.IGNORECASE)
_POWERS = re.compile(r"docker\.sock|--privileged|--security=insecure")
_FETCHED = re.compile(r"\b(curl|wget)\b[^|;&]*\|[^|;&]*\b(ba|da|z|k)?sh\b")
_FRONTEND = re.compile(
    r"(?:[ \t]*#[ \t]*\w+[ \t]*=.*\n)*?[ \t]*#[ \t]*syntax[ \t]*=[ \t]*(?!docker/dockerfile(?:[:@]|\s))(.*)",
    re.IGNORECASE,
)
"""A directive that names a program which reads the recipe instead of the engine; Docker's own change nothing here."""
_ROOT = re.compile(r"(root|0+)(:.*)?")


def dockerfile_findings(recipe: str | bytes) -> list[Finding]:
    """Return what is wrong with a recipe, errors first; one `ok` where nothing is."""
    try:
        text = recipe if isinstance(recipe, str) else recipe.decode("utf-8")
        stages = read_dockerfile(text, {BASE_ARGUMENT: GIVEN_BASE})
    except UnicodeDecodeError as error:
        return [_error(f"is no UTF-8 text (byte {error.start})", "save it as UTF-8")]
    except DockerfileError as error:
        return [_error(clean_text(str(error), 200), "`lovt-bench submission new` shows one that works")]
    instructions = [one for stage in stages for one in (stage.start, *stage.instructions)]
    found = [
        *_frontend(text),
        *_bases(stages),
        *_forbidden(instructions),
        *(_end(stages[-1]) if stages else ()),
    ]
    order = {"error": 0, "warning": 1, "ok": 2}
    said = found or [
        Finding("ok", SUBJECT, f"{len(instructions)} instructions, none that the contract forbids")
    ]
    return sorted(said, key=lambda finding: order[finding.level])


def _error(message: str, advice: str = "") -> Finding:
    return Finding("error", SUBJECT, message, advice)


def _warning(message: str, advice: str = "") -> Finding:
    return Finding("warning", SUBJECT, message, advice)


def shown(instruction: Instruction) -> str:
    """Return an instruction with its line, cut to what a message takes."""
    rest = instruction.text.strip().partition(instruction.text.split(None, 1)[0])[2]
    return f"line {instruction.line}: {clean_text(f'{instruction.name} {rest.strip()}', 60)}"


def _frontend(text: str) -> Iterator[Finding]:
    if found := _FRONTEND.match(text.removeprefix("\ufeff")):
        program = clean_text(found[1], 60)
        yield _error(f"syntax={program}: another program would read it, under BuildKit", "remove the line")


def _bases(stages: Sequence[Stage]) -> Iterator[Finding]:
    if not stages:
        yield _error("names no base image", "begin with FROM; `lovt-bench submission new` shows one")
    for number, stage in enumerate(stages):
        if stage.start.unknown or not stage.base:
            names = ", ".join(sorted(stage.start.unknown)) or "nothing"
            yield _error(
                f"{shown(stage.start)}: no ARG before it sets {clean_text(names, 80)}", "name the image"
            )
        elif stage.parent is None:
            yield from _image(stage.start, stage.base)
        if any(flag.startswith("--platform") for flag in stage.start.flags):
            yield _warning(
                f"{shown(stage.start)}: the harness builds for its own machine", "leave --platform out"
            )
        earlier = {*map(str, range(number)), *(other.name for other in stages[:number] if other.name)}
        for one in stage.instructions:
            for source in (flag[7:] for flag in one.flags if flag.startswith("--from=")):
                if one.unknown:
                    yield _error(f"{shown(one)}: it cannot be told what it copies from", "name the stage")
                elif source.lower() not in earlier:
                    yield from _image(one, source)


def _image(instruction: Instruction, image: str) -> Iterator[Finding]:
    bare = not re.search(r"[:@]", image.rpartition("/")[2])
    own = image in ("scratch", *BASES)
    if (bare and not own) or re.search(r":latest(@|$)", image):
        yield _warning(
            f"{shown(instruction)}: the image {clean_text(image, 80)} has no version: what it is changes",
            "name a tag or digest",
        )


def _forbidden(instructions: Sequence[Instruction]) -> Iterator[Finding]:
    for one in instructions:
        text = shown(one)
        if one.name == "VOLUME":
            yield _error(f"{text}: a volume is writable without a limit", "write to /output and /tmp")
        elif one.name == "ONBUILD":
            yield _error(f"{text}: is carried out in what is built on top", "write the instruction itself")
        elif one.name == "ADD" and any(map(_REMOTE.match, one.arguments[:-1])):
            yield _error(f"{text}: fetches what nobody has checked", "COPY a file that lies in the folder")
        elif one.name == "ADD" and one.unknown:
            names = clean_text(", ".join(sorted(one.unknown)), 80)
            yield _error(
                f"{text}: may fetch what nobody has checked, no line sets {names}", "write the path out"
            )
        elif (one.name == "HEALTHCHECK" and one.arguments[:1] != ("NONE",)) or one.name == "EXPOSE":
            yield _warning(f"{text}: a submission has no network and no health check", "remove it")
        elif one.name == "RUN" and _FETCHED.search(one.text):
            yield _warning(f"{text}: runs what it fetches", "pin what is installed")
        known = _FLAGS.get(one.name, ())
        odd = [
            flag for flag in one.flags if flag.partition("=")[0] not in known and one.name != "HEALTHCHECK"
        ]
        if odd or one.heredoc:
            what = clean_text(odd[0].partition("=")[0], 40) if odd else "<<"
            yield _error(
                f"{text}: {what} needs BuildKit, and the harness builds without it", "write it without"
            )
        if one.name in ("CMD", "ENTRYPOINT") and not one.json and "".join(one.arguments).startswith("["):
            yield _error(
                f"{text}: is no JSON, so that a shell would run it", 'write ["python", …] in double quotes'
            )
        if any(map(_POWERS.search, words_of(one))):
            yield _error(f"{text}: asks for powers that a submission never gets", "remove it")


def _end(last: Stage) -> Iterator[Finding]:
    instructions = last.all_instructions()
    if not any(one.name in ("ENTRYPOINT", "CMD") for one in instructions):
        yield _error("starts nothing", 'end with ENTRYPOINT ["python", …] and CMD')
    users = [" ".join(one.arguments) for one in instructions if one.name == "USER"]
    if users and _ROOT.fullmatch(users[-1]):
        yield _warning("ends as root; the harness starts it as another user", "USER 1000:1000")
