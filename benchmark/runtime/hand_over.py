"""What lies on this machine, made ready for whoever a container is there: it can write one folder and read two."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.runs import Run
from lovt_bench.benchmark.submission.read import SubmissionError

FILES_LOOKED_AT = 10_000
"""Files that are looked at before a folder that a container is given counts as readable."""


def hand_over(run: Run, user: int, group: int) -> None:
    """Make the output the container's and closed to others on this machine; see that it can read what it is given.

    Args:
        run: What is about to run.
        user: Who the container is on this machine.
        group: Its group there.

    Raises:
        SubmissionError: It cannot read what it is given: that would look like a fault of the submission.
    """
    give(run.output, user, group)
    if user == os.getuid():
        return
    for folder in (run.input, run.assets, run.initial):
        if folder is not None and (path := unreadable(folder, user, group)) is not None:
            raise SubmissionError(
                f"{path} cannot be read by user {user}, as whom the container runs on this machine; "
                f"`chmod -R go+rX {folder}` lets it"
            )


def give(output: Path, user: int, group: int) -> None:
    """Make a folder and all in it a user's, and closed to others on this machine.

    Raises:
        SubmissionError: That is not possible.
    """
    if os.getuid() == 0:
        # GNU and BSD chown walk a tree by themselves, follow no link (-h, -P) and do not mind its depth.
        command = ["chown", "-R", "-h", "-P", f"{user}:{group}", "--", str(output)]
        done = subprocess.run(command, check=False, capture_output=True)
        if done.returncode:
            why = clean_text(done.stderr.decode("utf-8", errors="replace"), 300).strip()
            raise SubmissionError(f"{output} cannot be given to the container's user {user}: {why}")
    output.chmod(0o700)


def unreadable(folder: Path, user: int, group: int) -> Path | None:
    """Return a file or folder below `folder` that somebody cannot read by its permissions; None where there is none.

    Access control lists are not looked at: a file that has one counts as readable. Links are not followed, hidden
    files not looked at.
    """
    wanted = [folder]
    for above, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        wanted += [Path(above, name) for name in (*folders, *files) if not name.startswith(".")]
        if len(wanted) > FILES_LOOKED_AT:
            break
    return next((path for path in wanted if not _readable(path, user, group)), None)


def _readable(path: Path, user: int, group: int) -> bool:
    try:
        found = path.lstat()
        needed = 0o5 if stat.S_ISDIR(found.st_mode) else 0o4
        shift = 6 if found.st_uid == user else 3 if found.st_gid == group else 0
        if stat.S_ISLNK(found.st_mode) or (found.st_mode >> shift) & needed == needed:
            return True
        return "system.posix_acl_access" in os.listxattr(path)
    except OSError:  # the harness itself cannot look; what it means for the container is not known
        return True
