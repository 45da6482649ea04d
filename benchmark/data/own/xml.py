"""XML of strangers: elements with text and nothing that is defined elsewhere."""

from __future__ import annotations

from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

DEEPEST = 16
"""Elements within each other; an annotation has four."""


def parse_xml(content: bytes) -> Element:
    """Return the root element.

    A document type is refused where it begins, so that no entity is ever defined, expanded or fetched.

    Raises:
        ValueError: No XML, elements too deep, or a document type.
    """
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(), 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} elements within each other")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: object) -> None:
        raise ValueError("a document type (<!DOCTYPE …>) is not read; take it out")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)
        return builder.close()
    except expat.ExpatError as error:
        raise ValueError(f"not XML: {error}") from error
    except LookupError as error:
        raise ValueError(f"{error}; save it in UTF-8") from error
