"""PDF files with everything in one order: vl-convert writes fonts and groups in any."""

from __future__ import annotations

import re

_NAMED = re.compile(rb"(?:^ +/[a-z]+\d+ \d+ 0 R\n)+", re.MULTILINE)
_ENTRY = re.compile(rb"(\d{10})( \d{5} n)")


def settled(pdf: bytes) -> bytes:
    """Return a PDF with its objects in the order of their numbers and names of resources sorted."""
    start = int(pdf[pdf.rindex(b"startxref") :].split()[1])
    entries = [int(entry[1]) for entry in _ENTRY.finditer(pdf, start)]
    ends = dict(zip(sorted(entries), [*sorted(entries)[1:], start], strict=True))
    content = pdf[: min(entries)]
    places = []
    for entry in entries:
        places.append(len(content))
        content += _NAMED.sub(_sorted_lines, pdf[entry : ends[entry]])
    moved = iter(places)
    return content + _ENTRY.sub(lambda entry: b"%010d%s" % (next(moved), entry[2]), pdf[start:])


def _sorted_lines(found: re.Match[bytes]) -> bytes:
    return b"".join(sorted(found[0].splitlines(keepends=True)))
