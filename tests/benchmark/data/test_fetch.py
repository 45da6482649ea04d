"""Downloads from a server that cuts connections, ignores ranges, sends other sizes and changed files."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.contract.data_source import Archive, DataSource
from lovt_bench.benchmark.data.errors import DataError
from lovt_bench.benchmark.data.fetch import PARTIAL, fetch
from lovt_bench.benchmark.data.sources import described, source_of

PIXELS = np.random.default_rng(0).bytes(200_000)


def packed(names: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, data in names.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return content.getvalue()


class Server(ThreadingHTTPServer):
    """Serves one file; `cuts` connections break after so many bytes of the answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = packed({"images/a.png": PIXELS, "images/b.png": b"b"})
        self.published = self.content
        self.cuts: list[int] = []
        self.ranges = True
        self.asked: list[int] = []
        """First byte of each request."""
        self.moved = False
        """Whether the address answers with another one, as that of a file host does."""
        self.status = 0
        """What every request is refused with."""

    @property
    def source(self) -> DataSource:
        """A dataset whose only archive is published as `published`."""
        archive = Archive(
            url=f"http://127.0.0.1:{self.server_port}/images_001.tar.gz",
            name="images_001.tar.gz",
            size=len(self.published),
            md5=hashlib.md5(self.published).hexdigest(),
            folder="images_001",
        )
        return source_of("nih-cxr").model_copy(update={"archives": [archive]})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        said = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if self.server.moved and self.path != "/there":
            self.answer(302, Location="/there")
            return
        first = int(said[1]) if said and self.server.ranges else 0
        self.server.asked.append(first)
        body = self.server.content[first:]
        if self.server.status or (first and not body):
            self.answer(self.server.status or 416)
            return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(body)))
        if first:
            total = len(self.server.content)
            self.send_header("Content-Range", f"bytes {first}-{total - 1}/{total}")
        self.end_headers()
        cut = self.server.cuts.pop(0) if self.server.cuts else len(body)
        self.wfile.write(body[:cut])
        self.close_connection = cut < len(body)

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("huggingface_hub.constants.DOWNLOAD_CHUNK_SIZE", 10_000)  # 10 MB
    with Server() as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def check(target: Path) -> None:
    assert (target / "images_001/images/a.png").read_bytes() == PIXELS
    assert [path.name for path in target.iterdir()] == ["images_001"], "archive, part and lock are gone"


@pytest.mark.parametrize("moved", [False, True])
def test_an_archive_is_loaded_compared_and_unpacked_once(
    moved: bool, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.moved = moved
    assert fetch(server.source, tmp_path / "new") == [tmp_path / "new/images_001"]
    check(tmp_path / "new")
    fetch(server.source, tmp_path / "new")
    assert server.asked == [0]
    assert "were not compared" not in caplog.text


@pytest.mark.parametrize("moved", [False, True])
def test_a_cut_connection_goes_on_where_it_was_cut(moved: bool, server: Server, tmp_path: Path) -> None:
    server.moved = moved
    server.cuts = [70_000]
    fetch(server.source, tmp_path)
    check(tmp_path)
    assert len(server.asked) == 2
    assert 0 < server.asked[1] <= 70_000


def test_the_next_call_goes_on_with_what_an_earlier_one_left(server: Server, tmp_path: Path) -> None:
    (tmp_path / f"images_001.tar.gz{PARTIAL}").write_bytes(server.content[:50_000])
    fetch(server.source, tmp_path)
    check(tmp_path)
    assert server.asked == [50_000]


def test_a_server_without_ranges_sends_the_whole_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / f"images_001.tar.gz{PARTIAL}").write_bytes(server.content[:50_000])
    fetch(server.source, tmp_path)
    check(tmp_path)


@pytest.mark.parametrize("length", [50_000, 10**6])
def test_a_part_of_another_file_is_loaded_anew(length: int, server: Server, tmp_path: Path) -> None:
    (tmp_path / f"images_001.tar.gz{PARTIAL}").write_bytes(b"x" * length)
    fetch(server.source, tmp_path)
    check(tmp_path)
    assert server.asked[-1] == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [("longer", "bytes came"), ("shorter", "bytes came"), ("other bytes", "its MD5 is")],
)
def test_what_is_not_as_published_is_refused(changed: str, said: str, server: Server, tmp_path: Path) -> None:
    content = server.published
    other = {"longer": content + b"x", "shorter": content[:-1], "other bytes": content[:-1] + b"x"}
    server.content = other[changed]
    with pytest.raises(DataError, match=said) as caught:
        fetch(server.source, tmp_path)
    assert "the publisher changed the file" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_it_says_how_much_came_and_goes_on_later(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = tmp_path / f"images_001.tar.gz{PARTIAL}"
    part.write_bytes(server.content[:50_000])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match=r"50000 of \d+ bytes came \(HF_HUB_OFFLINE is set\); call again"):
        fetch(server.source, tmp_path)
    assert part.read_bytes() == server.content[:50_000]


def test_an_archive_from_a_browser_is_taken_if_it_is_the_published_one(
    server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "images_001.tar.gz"
    file.write_bytes(server.content)
    fetch(server.source, tmp_path)
    check(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/images_001.tar.gz").write_bytes(b"half")
    with pytest.raises(DataError, match=r"it has 4 bytes, \d+ are published; remove it"):
        fetch(server.source, tmp_path / "other")
    assert server.asked == []


@pytest.mark.parametrize("name", ["../out.png", "/tmp/out.png"])
def test_an_archive_writes_nowhere_else(name: str, server: Server, tmp_path: Path) -> None:
    server.content = server.published = packed({name: b"x"})
    target = tmp_path / "deep" / "target"
    if name.startswith("/"):  # The leading slash is dropped.
        fetch(server.source, target)
        assert (target / "images_001/tmp/out.png").is_file()
    else:
        with pytest.raises(DataError, match="cannot be unpacked"):
            fetch(server.source, target)
        assert [path.name for path in target.iterdir()] == ["images_001.tar.gz"]
    assert not list(tmp_path.glob("*.png"))


def test_a_full_disk_is_told_before_the_download(server: Server, tmp_path: Path) -> None:
    small = server.source.archives[0]
    large = small.model_copy(update={"size": 10**18, "name": "images_002.tar.gz", "folder": "images_002"})
    with pytest.raises(DataError, match=r"2 archives need 2000000000\.0 GB more with their content"):
        fetch(server.source.model_copy(update={"archives": [small, large]}), tmp_path)
    assert server.asked == []


def test_what_is_there_of_an_archive_needs_no_room(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(server.content)
    usage = shutil.disk_usage(tmp_path)._replace(free=size + 1_000)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    part = tmp_path / f"images_001.tar.gz{PARTIAL}"
    part.write_bytes(server.content[: size - 1_001])
    with pytest.raises(DataError, match="free some"):
        fetch(server.source, tmp_path)
    part.write_bytes(server.content[: size - 1_000])
    fetch(server.source, tmp_path)
    check(tmp_path)


def test_a_python_that_cannot_unpack_safely_is_told_before_the_download(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11.0 to 3.11.3, Debian 12's among them."""
    monkeypatch.delattr("tarfile.data_filter")
    with pytest.raises(DataError, match=r"take Python 3\.11\.4 or later"):
        fetch(server.source, tmp_path)
    assert server.asked == []


@pytest.mark.parametrize("status", [404, 410])
def test_an_address_that_is_gone_says_what_to_do(status: int, server: Server, tmp_path: Path) -> None:
    server.status = status
    with pytest.raises(DataError, match=rf"answers {status}; .* browser as {tmp_path}/images_001\.tar\.gz"):
        fetch(server.source, tmp_path)
    (tmp_path / "images_001.tar.gz").write_bytes(server.content)
    fetch(server.source, tmp_path)
    check(tmp_path)


def test_a_part_that_the_server_has_no_rest_of_is_begun_anew(server: Server, tmp_path: Path) -> None:
    server.content = server.content[:40_000]
    (tmp_path / f"images_001.tar.gz{PARTIAL}").write_bytes(server.published[:50_000])
    with pytest.raises(DataError, match="the publisher changed the file"):
        fetch(server.source, tmp_path)
    assert server.asked == [50_000, 0]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_somebody_else_is_not_called_compared(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "images_001").mkdir()
    fetch(server.source, tmp_path)
    assert "images_001 was not unpacked by this command" in caplog.text


def test_something_else_at_the_folders_place_is_told_before_the_download(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "images_001").touch()
    with pytest.raises(DataError, match=r"images_001: expected a folder or nothing.*move it away"):
        fetch(server.source, tmp_path)
    assert server.asked == []


@pytest.mark.parametrize("name", [name for name in described() if not source_of(name).archives])
def test_a_set_whose_terms_or_means_do_not_allow_it_is_refused_with_the_place(
    name: str, tmp_path: Path
) -> None:
    done = CliRunner().invoke(main, ["data", "fetch", name, "--to", str(tmp_path / "new")])
    assert done.exit_code == 1
    assert f"{name} is not fetched: " in done.output
    assert source_of(name).pages[-1] in done.output
    assert not (tmp_path / "new").exists()
