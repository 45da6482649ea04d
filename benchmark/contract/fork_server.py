"""Processes apart are forked by a process that has imported what they need: seconds of imports are spent once.

The server imports modules of this project and looks at nothing from outside. What it forks is a process of its own,
with files, environment and limits of its own. The server ends with the process that began it, and kills what it forked
then; it ends, too, where nothing was asked of it for a minute.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

_INSIDE = "from lovt_bench.benchmark.contract.fork_server_inside import serve; serve()"
_BEGIN_SECONDS = 5.0
"""How long a process that is to end may take to begin, before its server ends, too: an import hangs."""
_lock = threading.Lock()
_servers: dict[tuple[int, str], ForkServer] = {}
"""By who began them (what was forked has none), and where they find modules."""


class Forked:
    """A process of the server; what `subprocess.Popen` offers, as far as it is needed."""

    def __init__(self, server: ForkServer, status: socket.socket, stdin: int, stdout: int) -> None:
        self.stdin: IO[bytes] = os.fdopen(stdin, "wb")
        self.stdout: IO[bytes] = os.fdopen(stdout, "rb")
        self._server, self._status = server, status
        self._process: int | None = None
        self._code: int | None = None
        self._lock = threading.Lock()

    def kill(self) -> None:
        """End it, wherever it is."""
        with self._lock:
            if self._code is not None:
                return
            if self._process is None:
                self._process = self._begun()
            if self._process is not None:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def _begun(self) -> int | None:
        """Return its file descriptor; where it does not begin, the server ends."""
        ready, _, _ = select.select([self._status], [], [], _BEGIN_SECONDS)
        if not ready:
            self._server.end()
        files: list[int] = []
        with suppress(OSError):
            _, files, _, _ = socket.recv_fds(self._status, 1, 1)
        return files[0] if files else None

    def wait(self) -> int:
        """Return how it ended, once it was killed: its exit code, or minus the number of a signal."""
        with self._lock:
            if self._code is None:
                said = b""
                if self._process is not None:
                    with suppress(OSError):
                        said = self._status.recv(16)
                    os.close(self._process)
                self._status.close()
                self._code = int(said or -signal.SIGKILL)
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

    def fork(self, module: str, environment: Mapping[str, str], log: IO[bytes]) -> Forked:
        """Begin a process that serves as `apart_inside.serve`.

        Args:
            module: What is imported before.
            environment: Of the process.
            log: Its standard error.

        Raises:
            OSError: The server has ended, or the environment is too large.
        """
        request = json.dumps({"module": module, "environment": json.dumps(dict(environment))}).encode()
        status, told = socket.socketpair()
        inside, stdin = os.pipe()
        stdout, outside = os.pipe()
        try:
            with told:
                socket.send_fds(self._socket, [request], [inside, outside, log.fileno(), told.fileno()])
        except OSError:
            status.close()
            os.close(stdin)
            os.close(stdout)
            raise
        finally:
            os.close(inside)
            os.close(outside)
        return Forked(self, status, stdin, stdout)

    def end(self) -> None:
        """End the server."""
        self._socket.close()
        self._process.kill()
        self._process.wait()


def fork(module: str, environment: Mapping[str, str], log: IO[bytes]) -> Forked:
    """Return a process of this process's server; see `ForkServer.fork`.

    Raises:
        OSError: No server could be begun, or the environment is too large.
    """
    key = os.getpid(), environment["PYTHONPATH"]
    with _lock:
        if key in _servers:
            try:
                return _servers[key].fork(module, environment, log)
            except OSError:  # it was idle for long
                _servers.pop(key).end()
        _servers[key] = ForkServer(environment)
        return _servers[key].fork(module, environment, log)
