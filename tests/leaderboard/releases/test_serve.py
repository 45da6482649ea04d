"""The local server gives out files of the folder by GET to this machine, and nothing else."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lovt_bench.leaderboard.releases.serve import ADDRESS, make_server


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """A running server of `versions/`, beside which lies a secret."""
    folder = tmp_path / "versions"
    (folder / "1.0.0").mkdir(parents=True)
    (folder / "1.0.0" / "index.html").write_text("<p>page</p>")
    (folder / "1.0.0" / "data.js").write_text("x")
    (folder / "1.0.0" / ".hidden").write_text("secret")
    (folder / "empty").mkdir()
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    with make_server(folder, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def ask(port: int, path: str, method: str = "GET", host: str | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=10)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host or f"{ADDRESS}:{port}")
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, content


def test_pages_and_their_files_are_served(port: int) -> None:
    assert ask(port, "/1.0.0/") == (200, b"<p>page</p>")
    assert ask(port, "/1.0.0/data.js?x=1") == (200, b"x")
    assert ask(port, "/1.0.0/index.html", host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/1.0.0/..%2f..%2fsecret",
        "//etc/passwd",
        "/link",
        "/folder/secret",
        "/1.0.0/.hidden",
        "/empty/",
        "/",
        "/1.0.0/data.js%00",
        "/nothing",
    ],
)
def test_what_is_no_file_of_the_folder_is_not_found(port: int, path: str) -> None:
    status, content = ask(port, path)
    assert status == 404
    assert b"secret" not in content.replace(path.encode(), b"")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_only_get_is_answered(port: int, method: str) -> None:
    assert ask(port, "/1.0.0/index.html", method)[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example:80", ":80"])
def test_a_foreign_name_of_this_machine_is_refused(port: int, host: str) -> None:
    """A web page may point a name of its own at 127.0.0.1 and read what is served there."""
    assert ask(port, "/1.0.0/index.html", host=host)[0] == 403
