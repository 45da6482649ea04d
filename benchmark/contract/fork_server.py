"""Processes apart are forked by a process that has imported what they need: seconds of imports are spent once.

The server imports modules of this project and looks at nothing from outside. What it forks is a process of its own,
with files, environment and limits of its own, and waits for its first message until its caller can end it. The server
ends with the process that began it, and kills what it forked then; it ends, too, where nothing was asked of it for a
minute. Whatever keeps a process from beginning is an `OSError` here: the caller begins it as a new Python.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import IO

REQUEST_LIMIT = 1 << 18
"""Bytes of a request; most of them are an environment."""
_INSIDE = "from lovt_bench.benchmark.contract.fork_server_inside import serve; serve()"
_END_SECONDS = 5.0
"""How long a server may take to say how a process ended that was killed: it may be importing for another."""
_lock = threading.Lock()
_servers: dict[tuple[int, str], ForkServer] = {}
"""By who began them (what was forked has none), and where they find modules."""


class Forked:
    """A process of the server; what `subprocess.Popen` offers, as far as it is needed.

    Args:
        process: Its file descriptor.
        status: Where the server says how it ended.
        stdin: Of the process.
        stdout: Of the process.
    """

    def __init__(self, process: int, status: socket.socket, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.stdin, self.stdout = stdin, stdout
        self._process, self._status = process, status
        self._ended = False
        self._code: int | None = None
        self._lock = threading.Lock()

    def kill(self) -> None:
        """End it."""
        with self._lock:
            if not self._ended:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def wait(self) -> int | None:
        """Return how it ended, once it was killed: exit code, minus a signal, or None where its server did not say."""
        with self._lock:
            if not self._ended:
                self._ended = True
                with self._status, suppress(OSError):
                    self._status.settimeout(_END_SECONDS)
                    said = self._status.recv(16)
                    self._code = int(said) if said else None
                os.close(self._process)
            return self._code


class ForkServer:
    """The server, seen by the process that begins it.

    Args:
        environment: Of the server; its PYTHONPATH is where modules are found.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        places = map(os.path.abspath, environment["PYTHONPATH"].split(os.pathsep))
        with other:
            # -P: the folder that the caller is in may hold anything, it is no place to import from.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _INSIDE],
                cwd="/",
                env={**environment, "PYTHONPATH": os.pathsep.join(places)},
                stdin=other.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def fork(self, request: bytes, log: IO[bytes], seconds: float) -> Forked:
        """Begin a process; nobody else may ask meanwhile.

        Raises:
            ConnectionError: The server has ended.
            TimeoutError: It did not begin within so many seconds.
            OSError: It could not begin.
        """
        with ExitStack() as ours, ExitStack() as theirs:
            status, told = socket.socketpair()
            ours.enter_context(status)
            theirs.enter_context(told)
            inside, stdin = _pipe(theirs, ours)
            stdout, outside = _pipe(ours, theirs)
            self._socket.settimeout(seconds)
            files = [each.fileno() for each in (inside, outside, log, told)]
            socket.send_fds(self._socket, [request], files)
            theirs.close()
            status.settimeout(seconds)
            _, begun, _, _ = socket.recv_fds(status, 1, 1)
            if not begun:
                raise OSError(errno.ECHILD, "the server could not begin a process")
            ours.pop_all()
            return Forked(begun[0], status, stdin, stdout)

    def end(self) -> None:
        """End the server."""
        self._socket.close()
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):  # a disk hangs
            self._process.wait(_END_SECONDS)


def fork(module: str, environment: Mapping[str, str], log: IO[bytes], seconds: float) -> Forked:
    """Return a process of this process's server, which serves as `apart_inside.serve`.

    Args:
        module: What is imported before.
        environment: Of the process.
        log: Its standard error.
        seconds: How long it may take to begin; imports that hang or are slow are the server's end.

    Raises:
        OSError: It could not begin, the system lacks what it needs, the environment is too large, or another thread is
            waiting for the server.
    """
    request = json.dumps({"module": module, "environment": dict(environment)}).encode()
    if len(request) > REQUEST_LIMIT:
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    _need_process_files()
    if not _lock.acquire(blocking=False):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
    key = os.getpid(), environment["PYTHONPATH"]
    try:
        if key in _servers:
            with suppress(ConnectionError):  # it was idle for long
                return _servers[key].fork(request, log, seconds)
            _servers.pop(key).end()
        _servers[key] = ForkServer(environment)
        return _servers[key].fork(request, log, seconds)
    except TimeoutError:
        if key in _servers:
            _servers.pop(key).end()
        raise
    finally:
        _lock.release()


def _need_process_files() -> None:
    """Raise OSError where a process cannot be ended by a file descriptor: old kernels, filters of system calls."""
    if not hasattr(os, "pidfd_open"):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    own = os.pidfd_open(os.getpid())
    try:
        signal.pidfd_send_signal(own, 0)
    finally:
        os.close(own)


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    """Return the ends of a pipe; each is closed with its stack."""
    reads, writes = os.pipe()
    return reader.enter_context(os.fdopen(reads, "rb")), writer.enter_context(os.fdopen(writes, "wb"))
