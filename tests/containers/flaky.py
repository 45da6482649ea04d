"""A socket in front of a real engine that fails when it is told to."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path

BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n"


class FlakyEngine:
    """Passes bytes on in both directions; a request that holds `pattern` fails, `failures` times.

    Args:
        path: Socket to open.
        engine: Socket of the real engine.
    """

    def __init__(self, path: Path, engine: str) -> None:
        self.url = f"unix://{path}"
        self.pattern = b""
        self.failures = 0
        self.drop = False
        """Whether a failure is a closed connection instead of an answer with status 500."""
        self.failed = 0
        self._engine = engine
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def fail(self, pattern: bytes, failures: int, *, drop: bool = False) -> None:
        """Let the next requests fail that hold a pattern, for example `/containers/create`."""
        self.pattern, self.failures, self.drop = pattern, failures, drop

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                engine = socket.socket(socket.AF_UNIX)
                engine.connect(self._engine)
                threading.Thread(target=self._ask, args=(client, engine), daemon=True).start()
                threading.Thread(target=self._answer, args=(engine, client), daemon=True).start()

    def _ask(self, client: socket.socket, engine: socket.socket) -> None:
        with suppress(OSError):
            while chunk := client.recv(1 << 16):
                if self.failures > 0 and self.pattern in chunk.split(b"\r\n")[0]:
                    self.failures -= 1
                    self.failed += 1
                    if not self.drop:
                        text = b'{"message": "no space left on device"}'
                        client.sendall(BROKEN + b"Content-Length: %d\r\n\r\n" % len(text) + text)
                        continue
                    break
                engine.sendall(chunk)
        for each in (client, engine):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _answer(engine: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while chunk := engine.recv(1 << 16):
                client.sendall(chunk)
        with suppress(OSError):
            client.shutdown(socket.SHUT_WR)
