"""The pool returns every result once and in order, says so when a worker dies, and leaves no worker behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.pool import CHUNK, INLINE, map_chunks, workers_for


def slow_first(chunk: Sequence[int]) -> list[int]:
    time.sleep(0.3 if 0 in chunk else 0)
    return [2 * item for item in chunk]


def die(chunk: Sequence[int]) -> None:
    os._exit(9)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_results_come_in_order(workers: int) -> None:
    with workers_for(None, workers) as pool:
        assert (pool is None) == (workers == 1)
        chunks = list(map_chunks(slow_first, iter(range(50)), pool))
    assert [len(chunk) for chunk in chunks] == [CHUNK] * (50 // CHUNK) + [50 % CHUNK]
    assert list(chain.from_iterable(chunks)) == list(range(0, 100, 2))


def test_items_are_taken_as_they_are_needed() -> None:
    source = iter(range(1000))
    next(map_chunks(list, source))
    assert next(source) < 100


def test_few_items_start_no_process() -> None:
    with workers_for(INLINE, 4) as few, workers_for(INLINE + 1, 4) as many:
        assert few is None
        assert many is not None


@pytest.mark.slow
def test_a_dead_worker_is_an_error_with_advice() -> None:
    with workers_for(None, 2) as pool, pytest.raises(DataError, match="fewer --workers"):
        list(map_chunks(die, range(100), pool))


def note_and_wait(folder: str, chunk: Sequence[int]) -> int:
    """Write a file at the begin and one at the end."""
    (Path(folder) / f"begun-{chunk[0]}").touch()
    time.sleep(1 if chunk[0] == 0 else 0.2)
    (Path(folder) / f"ended-{chunk[0]}").touch()
    return len(chunk)


@pytest.mark.slow
def test_closing_waits_for_what_has_begun_and_begins_nothing_more(tmp_path: Path) -> None:
    with workers_for(None, 2) as pool:
        results = map_chunks(partial(note_and_wait, str(tmp_path)), range(100_000), pool)
        next(results)
        results.close()
        names = {path.name for path in tmp_path.iterdir()}
    assert {name.replace("begun", "ended") for name in names} <= names
    assert {path.name for path in tmp_path.iterdir()} == names


@pytest.mark.slow
def test_ctrl_c_waits_for_what_has_begun_the_awaited_chunk_included(tmp_path: Path) -> None:
    def interrupt() -> None:
        while not (tmp_path / "begun-0").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    with workers_for(None, 2) as pool:
        waiting = threading.Thread(target=interrupt)
        waiting.start()
        with pytest.raises(KeyboardInterrupt):
            next(map_chunks(partial(note_and_wait, str(tmp_path)), range(100_000), pool))
        waiting.join()
        names = {path.name for path in tmp_path.iterdir()}
    assert "begun-0" in names
    assert {name.replace("begun", "ended") for name in names} <= names


def say_and_wait(folder: str, chunk: Sequence[int]) -> int:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(0.05)
    return len(chunk)


def alive(process: int) -> bool:
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.slow
def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    code = (
        "from functools import partial\n"
        "from lovt_bench.benchmark.data.pool import map_chunks, workers_for\n"
        "from tests.benchmark.data.test_pool import say_and_wait\n"
        "if __name__ == '__main__':\n"
        "    with workers_for(None, 2) as pool:\n"
        f"        list(map_chunks(partial(say_and_wait, {str(tmp_path)!r}), range(100_000), pool))\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, script], env={**os.environ, "PYTHONPATH": "."})
    workers: list[int] = []
    while len(workers) < 2 and parent.poll() is None:
        time.sleep(0.1)
        workers = [int(path.name) for path in tmp_path.iterdir() if path.name.isdigit()]
    parent.kill()
    parent.wait()
    assert len(workers) == 2
    for _ in range(300):
        if not any(map(alive, workers)):
            return
        time.sleep(0.1)
    pytest.fail(f"workers {workers} outlive their parent")
