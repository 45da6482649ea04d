"""Reading YAML from outside: what JSON could say as well, bounded, and nothing that readers take in two ways.

YAML 1.1, YAML 1.2 and JSON disagree about `1e-4`, `017`, `0o17`, `1_000`, `1:30`, `2020-01-01`, `yes`. Here a plain
scalar is a number where JSON has that number; what one of them takes for something else than text must be quoted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from lovt_bench.benchmark.contract.plain_file import PlainFileError, read_plain
from lovt_bench.benchmark.contract.untrusted import clean_text

SIZE_LIMIT = 64 * 1024
"""Bytes. A task or protocol file has about one thousand."""
DEPTH_LIMIT = 32
"""Mappings and lists within each other; a submission has four."""
LARGEST_INTEGER = 2**53 - 1
"""JSON's readers keep no larger one exactly (RFC 8259, section 6)."""

_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_OTHERS_NUMBER = re.compile(
    r"""[-+]?(0[xX][0-9a-fA-F_]+ | 0[oO][0-7_]+ | 0[bB][01_]+ | [0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
    | [0-9][0-9_]*\.?[0-9_]*([eE][-+]?[0-9]+)? | \.[0-9][0-9_]*([eE][-+]?[0-9]+)? | \.(inf|Inf|INF))
    | \.(nan|NaN|NAN)""",
    re.VERBOSE,
)
"""What YAML 1.1 or 1.2 takes for a number."""
_OTHERS_TRUTH = re.compile(r"(?i:yes|no|on|off)")
_OTHER_BREAKS = frozenset("\x85\u2028\u2029")
"""Ends of a line to YAML, which would be read back as blanks."""
_PREFIX = "tag:yaml.org,2002:"


class StrictYamlError(ValueError):
    """A YAML file that is not plain, unambiguous data; the message names file, line and remedy."""


def _wrong(problem: str, mark: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


class _StrictLoader(yaml.SafeLoader):
    """A safe loader without tags, aliases (a few lines of them can stand for gigabytes) and repeated keys."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent):
            raise _wrong(
                f"alias *{event.anchor}: write the value out, aliases are not read", event.start_mark
            )
        if getattr(event, "tag", None) is not None:
            raise _wrong(f"tag {event.tag}: write the value plainly, tags are not read", event.start_mark)
        if self.depth > DEPTH_LIMIT:
            raise _wrong(f"more than {DEPTH_LIMIT} levels within each other", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        if isinstance(node, yaml.ScalarNode):
            _settle(node)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _wrong(f"key {key!r} is not text: quote it", key_node.start_mark)
            if key in seen:
                raise _wrong(f"key {key!r} is given twice: keep one", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def _settle(node: yaml.ScalarNode) -> None:
    """Give a scalar the one type that it has, or raise where it has two."""
    text = node.value
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise _wrong("half of a surrogate pair is no character: leave it out", node.start_mark)
    if node.style is not None:  # quoted, or a block of text
        return
    kind = node.tag.removeprefix(_PREFIX)
    if _JSON_NUMBER.fullmatch(text):
        whole = text.lstrip("-").isdigit()
        # A long text is none of Python's integers (its limit is 4,300 digits).
        if len(text) > 400 or (abs(int(text)) > LARGEST_INTEGER if whole else math.isinf(float(text))):
            raise _wrong(f"{text[:40]} is too large for a number: quote it, if it is text", node.start_mark)
        node.tag = _PREFIX + ("int" if whole else "float")
    elif kind in ("int", "float") or _OTHERS_NUMBER.fullmatch(text):
        raise _wrong(
            f"{text} is no number of JSON: write it as one, or quote it, if it is text", node.start_mark
        )
    elif kind == "timestamp":
        raise _wrong(f"{text} is a date to YAML: quote it", node.start_mark)
    elif _OTHERS_TRUTH.fullmatch(text):
        raise _wrong(
            f"{text} is true or false to some readers: write that, or quote it, if it is text",
            node.start_mark,
        )
    elif kind not in ("str", "bool", "null"):
        raise _wrong(f"{text} means something else to YAML: quote it", node.start_mark)


class _StrictDumper(yaml.SafeDumper):
    """Quotes texts that the loader above would not take for texts."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_odd = _JSON_NUMBER.fullmatch(text) or _OTHERS_NUMBER.fullmatch(text) or _OTHER_BREAKS & set(text)
    return dumper.represent_scalar(_PREFIX + "str", text, style='"' if is_odd else None)


_StrictDumper.add_representer(str, _represent_text)


def yaml_text(value: Any) -> str:
    """Return JSON-like data as YAML that `read_yaml` reads back: mappings keep their order, no line is folded short."""
    return yaml.dump(value, Dumper=_StrictDumper, sort_keys=False, allow_unicode=True, width=100)


def read_yaml(path: Path, limit: int = SIZE_LIMIT, *, follow: bool = True) -> dict[str, Any]:
    """Return the mapping that a YAML file holds; its values are those of JSON.

    Args:
        path: The file.
        limit: Bytes that it may have.
        follow: Whether a link is followed; not where a stranger has put the file there.

    Raises:
        StrictYamlError: No plain file, larger than `limit` bytes, not UTF-8, not YAML, tags, aliases, repeated keys,
            keys that are not text, values that JSON does not have, or not a mapping.
        OSError: There is no such file, or it cannot be read.
    """
    shown = clean_text(str(path))
    try:
        content = read_plain(path, limit, follow=follow)
    except PlainFileError as error:
        raise StrictYamlError(f"{shown}: {error}; expected a file of settings") from error
    try:
        value = yaml.load(content.decode("utf-8"), Loader=_StrictLoader)
    except UnicodeDecodeError as error:
        raise StrictYamlError(f"{shown}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f", line {mark.line + 1}" if mark else ""
        problem = ", ".join(filter(None, (error.context, error.problem)))
        raise StrictYamlError(f"{shown}{place}: not plain YAML: {clean_text(problem, 200)}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = clean_text(str(error), 200) or type(error).__name__
        raise StrictYamlError(f"{shown}: not plain YAML: {problem}") from error
    if not isinstance(value, dict):
        raise StrictYamlError(f"{shown}: expected a mapping of fields, found {type(value).__name__}")
    return value
