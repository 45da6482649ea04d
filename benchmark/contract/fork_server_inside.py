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
from contextlib import ExitStack, suppress
from typing import Any, NoReturn

from lovt_bench.benchmark.contract import apart_inside
from lovt_bench.benchmark.contract.fork_server import REQUEST_LIMIT

IDLE_SECONDS = 60.0
"""After which a server without processes ends: with torch and torchvision it takes 700 MB of memory."""
FILES = 4
"""Of a request: the process's standard input, output and error, and a socket that is told how it is."""


def serve() -> None:
    """Do what is asked on the socket that is standard input, until whoever asks is gone."""
    requests = socket.socket(fileno=os.dup(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's, who ends this process
    signal.signal(
        signal.SIGCHLD, signal.SIG_DFL
    )  # where the caller ignores it, nobody would know how a process ended
    running: dict[int, tuple[int, socket.socket]] = {}
    events = select.poll()
    events.register(requests, select.POLLIN)
    listens, idle = True, False
    while listens or running:
        ready = events.poll(None if running or idle else IDLE_SECONDS * 1000)
        if not ready:
            requests.shutdown(socket.SHUT_RD)  # what was asked in this moment is still read
            idle = True
        for each, _ in ready:
            if each != requests.fileno():
                events.unregister(each)
                _tell_end(each, *running.pop(each))
                continue
            said, files, _, _ = socket.recv_fds(requests, REQUEST_LIMIT, FILES)
            if said:
                others = [requests, *(told for _, told in running.values())]
                for process, begun in _begin(json.loads(said), files, others).items():
                    running[process] = begun
                    events.register(process, select.POLLIN)
                continue
            listens = False
            events.unregister(requests)
            for process in () if idle else running:
                signal.pidfd_send_signal(process, signal.SIGKILL)


def _begin(
    request: Mapping[str, Any], files: Sequence[int], others: Sequence[socket.socket]
) -> dict[int, tuple[int, socket.socket]]:
    """Fork a process; return its file descriptor, its id, and who is told of its end.

    Nothing is returned where it cannot begin: whoever asked sees the end of the socket and was told nothing before.
    """
    with suppress(Exception):  # the process finds it, too, and says so
        importlib.import_module(request["module"])
    with ExitStack() as done:
        for file in files[:3]:
            done.callback(os.close, file)
        if len(files) < FILES:  # too many are open
            return {}
        told = socket.socket(fileno=files[3])
        try:
            pid = os.fork()
            if pid == 0:
                _work(request["environment"], files, others)
            return {_tell_begin(pid, told): (pid, told)}
        except OSError:
            told.close()
            return {}


def _tell_begin(pid: int, told: socket.socket) -> int:
    """Return the file descriptor of a process; one that nobody else could end is ended.

    Raises:
        OSError: There is none, or nobody waits for it.
    """
    process = -1
    try:
        process = os.pidfd_open(pid)
        socket.send_fds(told, [b"."], [process])
    except OSError:
        if process >= 0:
            os.close(process)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise
    return process


def _work(environment: Mapping[str, str], files: Sequence[int], others: Sequence[socket.socket]) -> NoReturn:
    code = 1
    try:
        for other in others:
            other.close()
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
