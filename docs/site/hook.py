"""What the site shows beside docs/: pages and files of the repository that lie elsewhere, and its generated navigation.

Links are written so that they work in the repository; here they are turned to where their target lies in the site. A
link to nothing is left as it is, so that a strict build fails.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
OUTSIDE = {
    "CONTRIBUTING.md": "contributing.md",
    "docker/README.md": "containers.md",
    "submissions/TEMPLATE.md": "from-a-paper.md",
    "tests/parity/golden/README.md": "reference/golden.md",
}
"""Pages that lie outside docs/, and where the site has them."""
API = {
    "What lies on disk": ("lovt_bench.benchmark.contract",),
    "Backbones": ("lovt_bench.benchmark.backbone",),
    "Submissions": ("lovt_bench.benchmark.submission",),
    "Image stores and preparers": (
        "lovt_bench.benchmark.data.store",
        "lovt_bench.benchmark.data.preparers",
        "lovt_bench.benchmark.data.samples",
        "lovt_bench.benchmark.data.layout",
        "lovt_bench.benchmark.data.inventory",
        "lovt_bench.benchmark.data.person",
        "lovt_bench.benchmark.data.images",
        "lovt_bench.benchmark.data.splits",
    ),
    "Tasks, suites, heads, metrics": ("lovt_bench.tasks",),
    "Executors": ("lovt_bench.benchmark.executor",),
    "Analysis of embeddings": ("lovt_bench.benchmark.analysis",),
    "Runs of submissions": ("lovt_bench.benchmark.runtime",),
    "What methods share": ("lovt_bench.submissions.common",),
    "The board": ("lovt_bench.leaderboard.board",),
    "Statistics": ("lovt_bench.leaderboard.statistics",),
}
"""Pages of docstrings by title, and the packages and modules that each shows."""
LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)(?P<target>[^)#\s]+)(?=[)#])")


def outside_pages(repository: Path = REPOSITORY) -> dict[str, str]:
    """Return path in the repository and place in the site of each page outside docs/."""
    methods = sorted(path.parent.name for path in repository.glob("submissions/*/README.md"))
    return {**OUTSIDE, **{f"submissions/{name}/README.md": f"methods/{name}.md" for name in methods}}


def api_page(title: str) -> str:
    """Return where the site has the page of docstrings with a title."""
    return f"api/{re.sub(r'[^a-z]+', '-', title.lower())}.md"


def api_content(title: str, names: Sequence[str]) -> str:
    """Return the Markdown of a page of docstrings: one section a module, none where there is one alone."""
    if len(names) == 1:
        return f"# {title}\n\n`{names[0]}`\n\n::: {names[0]}\n"
    sections = (f"## `{name}`\n\n::: {name}\n    options:\n      heading_level: 3\n" for name in names)
    return "\n".join([f"# {title}\n", *sections])


def targets(text: str, origin: str) -> Iterator[str]:
    """Yield the paths in the repository that a page at `origin` links to."""
    for found in LINK.finditer(text):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(origin), found["target"]))


def place(path: str, pages: Mapping[str, str], repository: Path = REPOSITORY) -> str | None:
    """Return where a path of the repository lies in the site; None where it is no file."""
    if path in pages:
        return pages[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if (repository / path).is_dir():
        path = posixpath.join(path, "__init__.py")
    # A name with a dot in front would be left out.
    return f"source/{path.removeprefix('.')}.txt" if (repository / path).is_file() else None


def with_links_of_the_site(
    text: str, origin: str, here: str, pages: Mapping[str, str], repository: Path = REPOSITORY
) -> str:
    """Return a page with its links turned.

    Args:
        text: Markdown.
        origin: Path of the page in the repository.
        here: Its place in the site.
        pages: What `outside_pages` returns.
        repository: Where paths are looked up.
    """

    def turned(found: re.Match[str]) -> str:
        (path,) = targets(f"]({found['target']})", origin)
        there = place(path, pages, repository)
        return found["target"] if there is None else posixpath.relpath(there, posixpath.dirname(here) or ".")

    return LINK.sub(turned, text)


def on_config(config: Any) -> None:
    """Add the navigation that follows from files."""
    decisions = sorted((REPOSITORY / "docs" / "decisions").glob("*.md"))
    methods = [there for path, there in outside_pages().items() if path not in OUTSIDE]
    of = {next(iter(item)): next(iter(item.values())) for item in config.nav}
    of["I have a method"].append({"Methods": methods})
    of["Contribute"].append({"Decisions": [f"decisions/{path.name}" for path in decisions]})
    config.nav.append({"API": [{title: api_page(title)} for title in API]})


def on_files(files: Any, config: Any) -> Any:
    """Add pages from outside docs/, files that pages link to, and API pages."""
    from mkdocs.structure.files import File

    pages = outside_pages()
    texts = {path: (REPOSITORY / path).read_text(encoding="utf-8") for path in pages}
    for path, there in pages.items():
        files.append(File.generated(config, there, content=texts[path]))
    for file in files.documentation_pages():
        if file.abs_src_path is not None:
            texts[f"docs/{file.src_uri}"] = Path(file.abs_src_path).read_text(encoding="utf-8")
    linked = {path for origin, text in texts.items() for path in targets(text, origin)}
    for there, path in sorted((there, path) for path in linked if (there := place(path, pages))):
        if there.startswith("source/"):
            source = REPOSITORY / path
            source = source / "__init__.py" if source.is_dir() else source
            files.append(File.generated(config, there, content=source.read_text(encoding="utf-8")))
    for title, names in API.items():
        files.append(File.generated(config, api_page(title), content=api_content(title, names)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turn the links of a page."""
    pages = outside_pages()
    places = {there: path for path, there in pages.items()}
    here = page.file.src_uri
    return with_links_of_the_site(markdown, places.get(here, f"docs/{here}"), here, pages)


def on_pre_build(config: Any) -> None:
    """Keep times of a build out of it, so that equal sources give an equal site."""
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
