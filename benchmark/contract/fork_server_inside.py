"""The inside of the server of `benchmark.contract.fork_server`: it imports, forks, and says how a process ended."""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import socket
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

from lovt_bench.benchmark.contract import apart_inside

IDLE_SECONDS = 60.0
"""After which a server without processes ends: torch alone takes 300 MB of memory."""
REQUEST_LIMIT = 1 << 18
"""Bytes of a request; most of them are an environment."""
FILES = 4
"""Of a request: the process's standard input, output and error, and a socket that is told how it is."""


def serve() -> None:
    """Do what is asked on the socket that is standard input, until whoever asks is gone."""
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's, who ends this process
    running: dict[int, tuple[int, socket.socket]] = {}
    listens, idle = True, False
    while listens or running:
        asking = [requests.fileno()] if listens else []
        ready, _, _ = select.select([*asking, *running], [], [], None if running or idle else IDLE_SECONDS)
        if not ready:
            requests.shutdown(socket.SHUT_RD)  # what was asked in this moment is still read
            idle = True
        for each in ready:
            if each != requests.fileno():
                _tell_end(each, *running.pop(each))
                continue
            said, files, _, _ = socket.recv_fds(requests, REQUEST_LIMIT, FILES)
            if said:
                running |= _begin(
                    json.loads(said), files, [requests, *(told for _, told in running.values())]
                )
                continue
            listens = False
            for process in () if idle else running:
                signal.pidfd_send_signal(process, signal.SIGKILL)


def _begin(
    request: Mapping[str, str], files: Sequence[int], others: Sequence[socket.socket]
) -> dict[int, tuple[int, socket.socket]]:
    """Fork a process; return its file descriptor, its id, and who is told of its end."""
    with suppress(Exception):  # the process finds it, too, and says so
        importlib.import_module(request["module"])
    pid = os.fork()
    if pid == 0:
        for other in others:
            other.close()
        _work(json.loads(request["environment"]), files)
    *standard, status = files
    for file in standard:
        os.close(file)
    told, process = socket.socket(fileno=status), os.pidfd_open(pid)
    with suppress(OSError):
        socket.send_fds(told, [b"."], [process])
    return {process: (pid, told)}


def _work(environment: Mapping[str, str], files: Sequence[int]) -> NoReturn:
    code = 1
    try:
        for number, file in enumerate(files[:3]):
            os.dup2(file, number)
        for file in files:
            os.close(file)
        os.environ.clear()
        os.environ.update(environment)
        apart_inside.serve()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _tell_end(process: int, pid: int, told: socket.socket) -> None:
    _, status = os.waitpid(pid, 0)
    with told, suppress(OSError):
        told.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os.close(process)
