"""The system's Chromium by Playwright, and a page's files on disk and behind a web server."""

from __future__ import annotations

import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EXECUTABLE = Path(os.environ.get("LOVT_BENCH_CHROMIUM", "/usr/bin/chromium"))

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

VERSIONS = [
    {
        "version": "1.1.0",
        "date": "2026-02-01",
        "bump": "minor",
        "previous": "1.0.0",
        "note": "",
        "summary": "3 rows added.",
    },
    {
        "version": "1.0.0",
        "date": "2026-01-01",
        "bump": "major",
        "previous": None,
        "note": "",
        "summary": "The first.",
    },
]


@contextmanager
def chromium() -> Iterator[Any]:
    """Give a browser. Raises FileNotFoundError where there is none."""
    if not EXECUTABLE.is_file():
        raise FileNotFoundError(f"no Chromium at {EXECUTABLE}; LOVT_BENCH_CHROMIUM names another place")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(EXECUTABLE), args=ARGUMENTS)
        yield browser
        browser.close()


def write_page(versions: Path, version: str, files: Mapping[str, bytes]) -> Path:
    """Write a page below a folder of versions, with the list of versions beside, and return its `index.html`."""
    for name, content in files.items():
        path = versions / version / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    script = f"window.LOVT_BENCH_VERSIONS = {json.dumps(VERSIONS)};\n"
    (versions / "versions.js").write_text(script, encoding="utf-8")
    return versions / version / "index.html"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine and give its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
