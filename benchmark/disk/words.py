"""What a failure of a disk means for whoever sees it: one sentence with the path, and what to do."""

from __future__ import annotations

import errno
import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lovt_bench.benchmark.printable import printable

_ELSEWHERE = "choose another folder (--workspace or LOVT_BENCH_WORKSPACE for what lovt-bench writes itself)"
_KEPT = "What was finished before is kept."

_WORDS = {
    errno.ENOSPC: f"the disk is full. {_KEPT} Make room and give the same command again",
    errno.EDQUOT: f"your disk quota is used up. {_KEPT} Make room and give the same command again",
    errno.EFBIG: f"the file would be larger than is allowed here (ulimit -f). {_KEPT} Raise the limit",
    errno.EROFS: f"the file system is read-only; {_ELSEWHERE}",
    errno.ENOENT: "there is no such file or folder; check the path",
    errno.ENOTDIR: "a folder was expected, and a file is in its place; move that file away, or check the path",
    errno.EISDIR: "a file was expected, and a folder is in its place; move that folder away, or check the path",
    errno.EEXIST: "something is in the way; move it away and give the same command again",
    errno.ENOTEMPTY: "a folder that should be empty is not; another process may be writing there: wait for it",
    errno.ENAMETOOLONG: f"the name is too long for the file system; {_ELSEWHERE}",
    errno.ELOOP: "symbolic links lead in a circle; check the path",
    errno.EIO: f"the disk failed to read or write (I/O error). {_KEPT} Check the disk",
    errno.ESTALE: f"the network file system lost the file (stale handle). {_KEPT} Give the same command again",
    errno.EMFILE: "too many files are open at once; raise `ulimit -n`, or use fewer --workers",
    errno.ENFILE: "too many files are open on this machine; close other programs, or use fewer --workers",
    errno.EXDEV: "a file would have to move to another file system; keep the workspace on one file system",
}

_NO_LOCKS = (
    "the file system has no file locks (flock), which keep two calls from writing the same thing; put the workspace on "
    "one that has them, for example a local disk, with --workspace or LOVT_BENCH_WORKSPACE"
)
_LOCK_ERRORS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


def explain(error: OSError) -> str:
    """Return one sentence or two for a failure: the path, what happened, what to do."""
    path = _path(error)
    where = f"{printable(path)}: " if path else ""
    if error.errno in (errno.EEXIST, errno.ENOENT) and (link := _dangling(path)):
        return (
            f"{printable(link)} is a link to {printable(link.readlink())}, which is not there; mend the link."
        )
    if error.errno in _LOCK_ERRORS:
        return f"{where}{_NO_LOCKS}."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{where}{_user()} has no permission for it; ask its owner, or {_ELSEWHERE}."
    if error.errno in _WORDS:
        return f"{where}{_WORDS[error.errno]}."
    return f"{where}{error.strerror or error or error.__class__.__name__}"


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Give errors of the block the path, where they have none: failed writes do not say what was written."""
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise


def _path(error: OSError) -> str:
    for name in (error.filename2, error.filename):
        if isinstance(name, str | bytes | os.PathLike):
            return os.fsdecode(name)
    return ""


def _dangling(path: str) -> Path | None:
    """Return the link on the way to a path that leads to nothing."""
    with suppress(OSError):
        for place in (Path(path), *Path(path).parents):
            if place.is_symlink() and not place.exists():
                return place
    return None


def _user() -> str:
    try:
        return f"user {getpass.getuser()}"
    except (OSError, KeyError):  # a user id without a name
        return f"user id {os.getuid()}"
