"""`hf:ORG/NAME` from a server on this machine that answers huggingface_hub as the Hub does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import huggingface_hub
import pytest
import torch
from huggingface_hub import constants
from safetensors.torch import save

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.hub import given_weights

ONE, TWO = "1" * 40, "2" * 40
CONFIG = json.dumps({"model_type": "dinov2"}).encode()


def weights(value: float) -> bytes:
    return save({"a": torch.full((300,), value)})


def digest_of(name: str, content: bytes) -> str:
    """Return what the Hub calls a file: SHA-256 of a large one, the name of git of others."""
    if name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def entry(name: str, content: bytes) -> dict[str, object]:
    listed: dict[str, object] = {
        "type": "file",
        "path": name,
        "size": len(content),
        "oid": digest_of("git", content),
    }
    if name.endswith(".safetensors"):
        listed["lfs"] = {"oid": digest_of(name, content), "size": len(content), "pointerSize": 130}
    return listed


@dataclass
class Hub:
    """Models as the Hub has them, and what it was asked."""

    commits: dict[str, dict[str, bytes]]
    branches: dict[str, str]
    sent: dict[str, bytes] = field(default_factory=dict)
    """What is sent instead of a file, of the same length."""
    asked: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body."""
        self.asked.append(path)
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            commit = self.branches.get(parts[-1], parts[-1])
            if commit not in self.commits:
                return 404, {"X-Error-Code": "RevisionNotFound"}, b""
            if parts[4] == "tree":
                tree = [entry(name, content) for name, content in self.commits[commit].items()]
                return 200, {}, json.dumps(tree).encode()
            return 200, {}, json.dumps({"id": "acme/rad", "sha": commit}).encode()
        commit, name = self.branches.get(parts[3], parts[3]), parts[4]
        content = self.commits.get(commit, {}).get(name)
        if content is None:
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b""
        digest = digest_of(name, content)
        headers = {"ETag": f'"{digest}"', "X-Linked-Etag": f'"{digest}"', "X-Repo-Commit": commit}
        return 200, headers, self.sent.get(name, content)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    files = {"config.json": CONFIG, "model.safetensors": weights(1), "modeling_rad.py": b"raise SystemExit"}
    served = Hub({ONE: files, TWO: {**files, "model.safetensors": weights(2)}}, {"main": ONE})

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = served.answer(self.path.split("?")[0])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    for name, value in {
        "HF_HUB_CACHE": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": False,
        "ENDPOINT": address,
        "HUGGINGFACE_CO_URL_TEMPLATE": address + "/{repo_id}/resolve/{revision}/{filename}",
    }.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    huggingface_hub.close_session()
    yield served
    server.shutdown()
    server.server_close()
    huggingface_hub.close_session()


def test_a_download_is_pinned_and_a_branch_that_moves_changes_nothing(hub: Hub) -> None:
    found = given_weights("hf:acme/rad")
    assert found.address == f"hf:acme/rad@{ONE}"
    assert (found.kind, found.files[0].read_bytes()) == ("transformers", weights(1))
    assert not [path for path in hub.asked if path.endswith(".py")]
    hub.branches["main"] = TWO
    hub.asked.clear()
    assert given_weights("hf:acme/rad").sha256() == found.sha256()
    assert given_weights(f"hf:acme/rad@{ONE}").sha256() == found.sha256()
    assert hub.asked == []
    other = given_weights(f"hf:acme/rad@{TWO}")
    assert (other.address, other.files[0].read_bytes()) == (f"hf:acme/rad@{TWO}", weights(2))


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_what_has_another_digest_than_the_hub_said_is_refused_each_time(
    hub: Hub, name: str, readable: bool
) -> None:
    content = hub.commits[ONE][name]
    changed = content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]
    hub.sent[name] = changed if readable else bytes(len(content))
    for _ in range(2):
        with pytest.raises(BackboneError, match="not what the Hub said: expected the digest") as error:
            given_weights("hf:acme/rad")
    hub.sent.clear()
    Path(str(error.value).rsplit("Delete ", 1)[1].removesuffix(" and call again")).unlink()
    assert given_weights("hf:acme/rad").files[0].read_bytes() == weights(1)


def test_a_revision_that_the_hub_does_not_have_is_named(hub: Hub) -> None:
    with pytest.raises(BackboneError, match=r"acme/rad has no revision v7; leave @REVISION out"):
        given_weights("hf:acme/rad@v7")
    assert hub.asked


def test_what_was_downloaded_is_read_without_a_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    found = given_weights("hf:acme/rad")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert given_weights("hf:acme/rad").sha256() == found.sha256()
    with pytest.raises(BackboneError, match=r"HF_HUB_OFFLINE is set.*hf download acme/rad --revision 2222"):
        given_weights(f"hf:acme/rad@{TWO}")


def test_a_cache_without_links_says_that_nothing_was_compared(hub: Hub) -> None:
    """As `cp -rL` or a disk without links leaves it."""
    found = given_weights("hf:acme/rad")
    assert found.notes == ()
    for path in (*found.files, *found.extras):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    (note,) = given_weights("hf:acme/rad").notes
    assert note.startswith("2 files in the Hub's cache are no links")
