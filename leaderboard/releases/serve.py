"""The folder of versions on this machine's own address: GET only, plain files below the folder, nothing else."""

from __future__ import annotations

import io
import stat
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO

ADDRESS = "127.0.0.1"

_HOSTS = frozenset({"127.0.0.1", "localhost"})


def make_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of a folder, bound and not yet serving.

    Args:
        folder: What to serve.
        port: 0 takes a free one (`server.server_port`).

    Raises:
        OSError: The port is taken.
    """
    handler: Callable[..., _Handler] = partial(_Handler, directory=str(folder.resolve()))
    return ThreadingHTTPServer((ADDRESS, port), handler)


class _Handler(SimpleHTTPRequestHandler):
    server_version = "lovt-bench"
    sys_version = ""

    def do_HEAD(self) -> None:
        self.send_error(HTTPStatus.NOT_IMPLEMENTED)

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        # A page of another origin could reach this server by a name that it points at 127.0.0.1.
        if (self.headers.get("Host") or "").rpartition(":")[0] not in _HOSTS:
            self.send_error(HTTPStatus.FORBIDDEN)
            return None
        if not self._is_public():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()

    def end_headers(self) -> None:
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def list_directory(self, path: object) -> None:
        self.send_error(HTTPStatus.NOT_FOUND)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: what is asked for may hold terminal sequences."""

    def _is_public(self) -> bool:
        """Return whether the path is a file or folder below the root, reached through no link and nothing hidden."""
        root = Path(self.directory)
        path = Path(self.translate_path(self.path))
        if path != root and root not in path.parents:
            return False
        place = root
        for part in path.relative_to(root).parts:
            place = place / part
            try:
                mode = place.lstat().st_mode
            except (OSError, ValueError):
                return False
            if part.startswith(".") or not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
                return False
        return True
