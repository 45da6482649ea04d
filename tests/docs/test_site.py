"""Links that work in the repository work in the site. `make docs` checks all; here is how they are turned."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY


def load_hook() -> Any:
    spec = importlib.util.spec_from_file_location("site_hook", REPOSITORY / "docs" / "site" / "hook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HOOK = load_hook()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("docs/a.md", "docs/more/b.md", "CONTRIBUTING.md", "submissions/x/README.md", "room/code.py",
                 "room/__init__.py", ".github/w.yml"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("origin", "here", "link", "turned"),
    [
        ("docs/a.md", "a.md", "more/b.md#part", "more/b.md#part"),
        ("docs/more/b.md", "more/b.md", "../a.md", "../a.md"),
        ("docs/more/b.md", "more/b.md", "../../CONTRIBUTING.md", "../contributing.md"),
        ("submissions/x/README.md", "methods/x.md", "../../docs/a.md", "../a.md"),
        ("CONTRIBUTING.md", "contributing.md", "submissions/x/README.md", "methods/x.md"),
        ("docs/a.md", "a.md", "../room/code.py", "source/room/code.py.txt"),
        ("docs/more/b.md", "more/b.md", "../../room/", "../source/room/__init__.py.txt"),
        ("docs/a.md", "a.md", "../.github/w.yml", "source/github/w.yml.txt"),
        ("docs/a.md", "a.md", "https://example.org/x", "https://example.org/x"),
        ("docs/a.md", "a.md", "#part", "#part"),
        ("docs/a.md", "a.md", "../none.md", "../none.md"),
    ],
)
def test_a_link_leads_to_the_place_of_its_target(
    repository: Path, origin: str, here: str, link: str, turned: str
):
    pages = HOOK.outside_pages(repository)
    text = f"see [this]({link}) and ![that]({link})."
    expected = f"see [this]({turned}) and ![that]({turned})."
    assert HOOK.with_links_of_the_site(text, origin, here, pages, repository) == expected


def test_every_method_has_a_page():
    methods = {path.parent.name for path in (REPOSITORY / "submissions").glob("*/pretrain.py")}
    assert {f"methods/{name}.md" for name in methods} <= set(HOOK.outside_pages().values())


def test_what_examples_of_pages_import_stands_in_the_api():
    shown = [name for names in HOOK.API.values() for name in names]
    ours = {name.partition(".")[0] for name in shown}
    pages = [path.read_text(encoding="utf-8") for path in (REPOSITORY / "docs").glob("*.md")]
    blocks = [block for page in pages for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
    imported = {
        name for block in blocks for name in re.findall(r"^from ([\w.]+) import", block, re.MULTILINE)
    }
    needed = {name for name in imported if name.partition(".")[0] in ours}
    assert len(needed) > 5
    assert {name for name in needed if not f"{name}.".startswith(tuple(f"{one}." for one in shown))} == set()
