"""Pages that code, templates and messages name exist, and what the README links to; `make docs` has the rest."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from markdown.extensions.toc import slugify

from tests.conftest import REPOSITORY
from tests.test_rooms import ARROWS

MENTION = re.compile(r"(?<![\w/.-])(?:\.\./)*docs/(?:[\w-]+/)*[\w-]+\.md(?:#[\w-]+)?")
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")
OF_OTHER_TIMES = ("CHANGELOG.md", "tests/leaderboard/historic/")
"""What was true when it was written."""
EXAMPLES = ("tests/docs/test_site.py", "tests/docs/test_citations.py", "tests/docs/test_links.py")


def missing(target: str, folder: Path = REPOSITORY) -> str | None:
    """Return what a link with or without an anchor lacks."""
    name, _, anchor = target.partition("#")
    path = folder / name
    if not path.exists():
        return f"{target}: there is no {name}"
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
    found = {slugify(heading.replace("`", ""), "-") for heading in headings}
    return f"{target}: no heading of {name} has this anchor" if anchor and anchor not in found else None


def test_every_page_that_a_file_names_exists() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    problems, seen = [], 0
    for name in filter(None, listed.stdout.split("\0")):
        path = REPOSITORY / name
        if name.startswith((*OF_OTHER_TIMES, *EXAMPLES)) or not path.is_file():
            continue
        for found in MENTION.finditer(path.read_bytes().decode("utf-8", "ignore")):
            seen += 1
            if problem := missing(found.group().lstrip("./")):
                problems.append(f"{name}: {problem}")
    assert problems == []
    assert seen > 100


def test_the_links_of_the_readme_lead_somewhere() -> None:
    links = LINK.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))
    assert [problem for link in links if (problem := missing(link))] == []
    assert len(links) > 20


def test_the_picture_of_the_house_shows_each_room_above_those_that_it_imports() -> None:
    text = (REPOSITORY / "docs" / "images" / "house.svg").read_text(encoding="utf-8")
    found = re.findall(r'y="([\d.]+)"[^>]*>((?:\w+/)?\w+)(?:: [^<]*)?</text>', text)
    height = {room: float(y) for y, room in found if (REPOSITORY / room).is_dir()}
    rooms = {
        name: room for name in ARROWS for room in height if f"/{name.replace('.', '/')}".endswith(f"/{room}")
    }
    assert len(set(rooms.values())) > 10
    for name, room in rooms.items():
        below = {rooms[each] for each in ARROWS[name] & rooms.keys()} - {room}
        assert all(height[room] < height[each] for each in below), room


def test_a_dead_link_is_found() -> None:
    assert missing("docs/none.md") == "docs/none.md: there is no docs/none.md"
    assert missing("docs/tasks.md#none") == "docs/tasks.md#none: no heading of docs/tasks.md has this anchor"
    assert missing("docs/tasks.md#add-a-task") is None
