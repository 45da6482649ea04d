"""An address at which no Ray cluster is ends in a sentence, and the process that looked is gone."""

import signal
import socket

import pytest

from lovt_bench.benchmark.executor.job import Work
from lovt_bench.benchmark.executor.ray_cluster import RayExecutor
from lovt_bench.benchmark.executor.ray_connection import ANSWER_LIMIT, check_answers, kept_handlers
from tests.benchmark.executor.log import Log
from tests.benchmark.executor.toys import ENTRY, toy, work

WHAT_TO_DO = r"Start one with `ray start --head`, check --address, or leave it out"


@pytest.fixture
def mute():
    """A socket that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed():
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        yield free.getsockname()[1]


def test_the_limit_is_within_a_minute():
    assert ANSWER_LIMIT < 60


@pytest.mark.parametrize("kind", ["mute", "closed"])
def test_an_address_without_a_cluster_is_given_up(request, kind, capfd):
    address = f"127.0.0.1:{request.getfixturevalue(kind)}"
    with pytest.raises(ValueError, match=rf"answers at {address} \(nothing came within 2 s\). {WHAT_TO_DO}"):
        check_answers(address, limit=2.0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("address", "reason"),
    [("here", "Invalid address format: here"), ("auto", "Could not find any running Ray instance")],
)
def test_an_answer_that_is_none_is_said(address, reason, tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    with pytest.raises(
        ValueError, match=rf"no Ray cluster answers at {address} \({reason}.*\). {WHAT_TO_DO}"
    ):
        RayExecutor(address).run([toy(tmp_path, "a")], Work(work, ENTRY), tmp_path / "claims", Log())


def test_the_handler_of_sigterm_stays(monkeypatch):
    before = signal.getsignal(signal.SIGTERM)
    with kept_handlers():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == before != signal.SIG_IGN
