"""Whether what a Dockerfile copies lies in its build context, which is the submission's own folder."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from fnmatch import translate
from pathlib import Path, PurePosixPath

from lovt_bench.benchmark.backbone.findings import Finding
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.submission.docker_context import ContextError, ignore_patterns
from lovt_bench.benchmark.submission.dockerfile import DockerfileError, read_dockerfile
from lovt_bench.benchmark.submission.dockerfile_rules import BASE_ARGUMENT, GIVEN_BASE, SUBJECT, shown

_LITERAL = re.compile(r"[\w./*?@+~ \[\]^-]+")
"""Paths and the patterns of Go's `filepath.Match`; whatever else there is, the engine alone can tell."""

_ADVICE = "the build context is this folder alone, wherever it lies: COPY *.py submission.yaml /…/"


def copy_findings(recipe: bytes, folder: Path, names: Collection[str]) -> Iterator[Finding]:
    """Yield an error for each COPY or ADD whose source the context lacks, as far as the text tells.

    Args:
        recipe: The Dockerfile.
        folder: The context.
        names: Paths of all that lies in it, links not followed.
    """
    try:
        stages = read_dockerfile(recipe.decode("utf-8"), {BASE_ARGUMENT: GIVEN_BASE})
        sent = _sent(folder)
    except (UnicodeDecodeError, DockerfileError, ContextError):
        return  # said where they are read
    for one in (one for stage in stages for one in stage.instructions if one.name in ("COPY", "ADD")):
        if one.unknown or one.heredoc or any(flag.startswith("--from=") for flag in one.flags):
            continue
        for source in one.arguments[:-1]:
            if problem := _problem(source, names, sent):
                yield Finding("error", SUBJECT, f"{shown(one)}: {problem}", _ADVICE)


def _problem(source: str, names: Collection[str], sent: set[str] | None) -> str:
    """Return what is wrong with a source; nothing where it is there, or cannot be told."""
    name = clean_text(source, 60)
    if not _LITERAL.fullmatch(source):
        return ""
    parts = PurePosixPath(source.lstrip("/")).parts
    if ".." in parts:
        return f"{name} leads out of the build context"
    if not parts:
        return ""  # all of it
    found = _matching(parts, names)
    if not found:
        return f"there is no {name} in this folder"
    left_out = sent is not None and sent.isdisjoint(found)
    return f".dockerignore leaves {name} out" if left_out else ""


def _matching(parts: tuple[str, ...], names: Collection[str]) -> list[str]:
    path = "/".join(parts)
    if not set(path) & set("*?["):
        return [path] if path in names else []
    # Go knows no `**` and negates a set with ^.
    rules = [re.compile(translate(part.replace("[^", "[!"))) for part in parts]
    found = []
    for name in names:
        pieces = name.split("/")
        if len(pieces) == len(rules) and all(
            rule.match(piece) for rule, piece in zip(rules, pieces, strict=True)
        ):
            found.append(name)
    return found


def _sent(folder: Path) -> set[str] | None:
    """Return the paths of the context; None for all, as well where the SDK that reads `.dockerignore` is missing.

    Raises:
        ContextError: `.dockerignore` cannot be read.
    """
    patterns = ignore_patterns(folder)
    if not patterns:
        return None
    try:
        from docker.utils.build import exclude_paths
    except ImportError:
        return None
    sent = exclude_paths(str(folder.resolve()), patterns, dockerfile=SUBJECT)
    return {str(place) for path in sent for place in (PurePosixPath(path), *PurePosixPath(path).parents)}
