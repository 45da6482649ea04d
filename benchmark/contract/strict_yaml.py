"""Reading YAML from outside: plain data only, bounded in size, no aliases, no key given twice."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

SIZE_LIMIT = 64 * 1024
"""Bytes. A task or protocol file has about one thousand."""


class StrictYamlError(ValueError):
    """A YAML file that is not plain, unambiguous data; the message names file, place and remedy."""


class _StrictLoader(yaml.SafeLoader):
    """A safe loader that refuses aliases (a few lines of them can stand for gigabytes) and repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.constructor.ConstructorError(
                None,
                None,
                f"alias *{event.anchor}: write the value out, aliases are not read",
                event.start_mark,
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is not text: quote it", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key!r} is given twice: keep one", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path, limit: int = SIZE_LIMIT) -> dict[str, Any]:
    """Return the mapping that a YAML file holds.

    Raises:
        StrictYamlError: larger than `limit` bytes, not UTF-8, not YAML, tags of Python objects, aliases,
            repeated keys, keys that are not text, or not a mapping.
        FileNotFoundError: there is no such file.
    """
    with path.open("rb") as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise StrictYamlError(f"{path}: larger than {limit} bytes; this is not a file of settings")
    try:
        value = yaml.load(content.decode("utf-8"), Loader=_StrictLoader)
    except UnicodeDecodeError as error:
        raise StrictYamlError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise StrictYamlError(f"{path}: not plain YAML: {error or type(error).__name__}") from error
    if not isinstance(value, dict):
        raise StrictYamlError(f"{path}: expected a mapping of fields, found {type(value).__name__}")
    return value
