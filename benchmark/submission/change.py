"""What a change brings, read from git's objects: nothing of it is checked out, and nothing of it is run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.temporary import write_bytes

LINK, REPOSITORY = "120000", "160000"
"""Modes of git for what is no file: a symbolic link, a submodule."""
GONE = "000000"


class ChangeError(ValueError):
    """There is no such change. The message says what to do."""


@dataclass(frozen=True)
class ChangedFile:
    """One path that differs."""

    path: str
    """From the root of the repository, as git has it: anything but a zero byte may be in it."""
    mode: str
    """Of git, after the change: `LINK`, `REPOSITORY`, `GONE` or that of a file."""
    blob: str
    """Id of what it holds after the change."""
    before: str | None
    """Id of what it held before; None where it was not there."""
    size: int
    """Bytes after the change; 0 for what is no file."""

    @property
    def is_file(self) -> bool:
        """Return whether a file stands there after the change."""
        return self.mode not in (LINK, REPOSITORY, GONE)


@dataclass(frozen=True)
class Change:
    """What one commit has that a branch has not."""

    repository: Path
    base: str
    """Id of the commit that the change is for."""
    files: tuple[ChangedFile, ...]


def read_change(repository: Path, base: str, head: str) -> Change:
    """Return what `head` changes since it left `base`.

    Args:
        repository: Any folder of a clone that has both.
        base: Name or id of a commit: what the change is for.
        head: Name or id of the last commit of the change.

    Raises:
        ChangeError: One of them is not there, they have no common history, a path leaves its folder, or git cannot be
            run.
    """
    start, end = (_commit(repository, name) for name in (base, head))
    common = _git(repository, "merge-base", start, end, said=f"{base} and {head} have no common history")
    raw = _git(
        repository,
        "diff-tree",
        "-r",
        "-z",
        "--raw",
        "--no-renames",
        "--no-ext-diff",
        common.decode().strip(),
        end,
    )
    fields = raw.decode("utf-8", "surrogateescape").split("\0")
    files = []
    for said, path in zip(fields[::2], fields[1::2], strict=False):
        if {"", ".", ".."} & set(path.split("/")):
            raise ChangeError(
                f"{clean_text(path, 300)!a} is no path that git checks out; nothing of this change is looked at"
            )
        _, mode, old, new, _ = said.removeprefix(":").split(" ")
        files.append((path, mode, new, None if set(old) == {"0"} else old))
    sizes = _sizes(repository, [blob for _, mode, blob, _ in files if mode not in (GONE, REPOSITORY)])
    return Change(
        repository,
        start,
        tuple(ChangedFile(path, mode, new, old, sizes.get(new, 0)) for path, mode, new, old in files),
    )


def names_at(change: Change) -> list[str]:
    """Return the names of the submissions that there are before a change."""
    listed = _listed(change.repository, change.base, ("submissions",))
    paths = (path.split("/") for path in listed)
    return sorted(parts[1] for parts in paths if len(parts) == 3 and parts[2] == "submission.yaml")


def contents(change: Change, blobs: Iterable[str]) -> dict[str, bytes]:
    """Return what blobs hold, by id. The caller has looked at their sizes."""
    wanted = list(dict.fromkeys(blobs))
    if not wanted:
        return {}
    raw = _git(
        change.repository, "cat-file", "--batch", stdin="".join(f"{blob}\n" for blob in wanted).encode()
    )
    return dict(_parts(raw))


def write_before(change: Change, folder: Path, prefixes: Collection[str], suffixes: Collection[str]) -> None:
    """Write files of the branch below a folder.

    Args:
        change: Its base is trusted.
        folder: A new folder.
        prefixes: Folders of the repository.
        suffixes: Ends of names that are written.
    """
    listed = _listed(change.repository, change.base, prefixes)
    wanted = {path: blob for path, blob in listed.items() if path.endswith(tuple(suffixes))}
    found = contents(change, wanted.values())
    for path, blob in wanted.items():
        write_bytes(folder / path, found[blob])


def _listed(repository: Path, commit: str, prefixes: Collection[str]) -> Mapping[str, str]:
    """Return the files below some folders of a commit: path to id."""
    raw = _git(repository, "ls-tree", "-r", "-z", commit, "--", *prefixes)
    lines = (line.split("\t", 1) for line in raw.decode("utf-8", "surrogateescape").split("\0") if line)
    entries = ((said.split(" "), path) for said, path in lines)
    return {path: blob for (mode, _, blob), path in entries if mode not in (LINK, REPOSITORY)}


def _parts(raw: bytes) -> Iterator[tuple[str, bytes]]:
    at = 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        blob, _, size = raw[at:end].decode().split(" ")
        yield blob, raw[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)


def _sizes(repository: Path, blobs: Collection[str]) -> dict[str, int]:
    if not blobs:
        return {}
    told = "".join(f"{blob}\n" for blob in blobs).encode()
    raw = _git(repository, "cat-file", "--batch-check=%(objectname) %(objectsize)", stdin=told)
    lines = (line.split(" ") for line in raw.decode().splitlines())
    return {blob: int(size) for blob, size in lines}


def _commit(repository: Path, name: str) -> str:
    said = f"there is no commit {name[:80]!r} here; `git fetch` brings what is elsewhere"
    found = _git(
        repository, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", said=said
    )
    return found.decode().strip()


def _git(repository: Path, *words: str, stdin: bytes = b"", said: str = "") -> bytes:
    """Return what a command of git prints. `said` is what its failure means."""
    # A grafted history or the user's own settings of `diff` would show another change than the one that is there.
    command = ["git", "--no-replace-objects", "--no-pager", "-C", str(repository), *words]
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"}
        )
    except OSError as error:
        raise ChangeError(f"git cannot be run ({error.strerror}); install it") from error
    if done.returncode:
        told = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
        raise ChangeError(said or f"git {words[0]} failed: {told or f'exit code {done.returncode}'}")
    return done.stdout
