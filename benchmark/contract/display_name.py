"""Names that tables show, as a reader sees them: two that look alike would be taken for one another.

After Unicode's security mechanisms (UTS 39), made small: marks, case, width and space do not count, letters of other
alphabets count as the Latin ones that they look like, and a word has one alphabet. It takes more names for equal
than a careful reader would; the price is that somebody chooses another name.
"""

from __future__ import annotations

import re
import unicodedata

_LOOKALIKES = str.maketrans(
    # Cyrillic, Greek, Armenian by what either case looks like; then Latin, and what a hurried eye takes for a letter.
    "авекмнорстухѕіјӏһԁԛԝѵүг" + "αβγεζηικμνορστυχωϳ" + "օոսհցզ" + "ɑı" + "01i|!$",
    "abekmhopctyxsljlhdqwvyr" + "abyezhlkmnopctyxwj" + "onuhgq" + "al" + "olllls",
)
_LETTER = re.compile(r"LATIN .*\b([A-Z])\b(?: WITH .*)?")
"""Names of letters that are a Latin one with a stroke, a hook, in small capitals, turned, …"""

_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and a symbol that show nothing."""

_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that stand in one word with each other and with Latin, and resemble none of its letters."""


def look(text: str) -> str:
    """Return what is left of a name when it is glanced at; names of equal looks should not stand in one table."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(map(_plain, folded)).translate(_LOOKALIKES)
    return seen.replace("rn", "m").replace("vv", "w")


def name_problem(text: str) -> str | None:
    """Return what in a name can only mislead, in a sentence with what to do; None where nothing does."""
    if hidden := next((character for character in text if _is_invisible(character)), None):
        return f"it holds U+{ord(hidden):04X}, which shows nothing; leave it out"
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text)):
        scripts = {script: letter for letter in word if (script := _script(letter))}
        if len(scripts) > 1:
            found = " and ".join(f"{letter} ({script.capitalize()})" for script, letter in scripts.items())
            return f"its word {word!r} mixes the alphabets of {found}; write it in one, or put a hyphen between them"
    return None


def _plain(character: str) -> str:
    """Return a letter of a folded name without what does not count, Latin where its name says so."""
    category = unicodedata.category(character)
    # Marks above, below and through a letter; those that spell (vowels, voicing) have other classes.
    is_decoration = category == "Mn" and (unicodedata.combining(character) in (1, *range(200, 241)))
    if is_decoration or character.isspace() or _is_invisible(character):
        return ""
    if category == "Pd" or character == "\u2212":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(character))
    latin = None if character.isascii() else _LETTER.fullmatch(unicodedata.name(character, ""))
    return latin[1].lower() if latin else character


def _is_invisible(character: str) -> bool:
    is_selector = unicodedata.name(character, "").startswith(
        ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION")
    )
    return character in _INVISIBLE or unicodedata.category(character)[0] == "C" or is_selector


def _script(letter: str) -> str | None:
    """Return the script of a letter that has lookalikes in others, None where it has none or is no letter."""
    if unicodedata.category(letter) not in ("Lu", "Ll", "Lt", "Lo"):
        return None
    script = unicodedata.name(letter, "").partition(" ")[0]
    return None if script in _EAST_ASIAN else script or None
