"""Names that tables show, as a reader sees them: two that look alike would be taken for one another.

After Unicode's security mechanisms (UTS 39): which letters look alike, and the script of each, come from Unicode's
tables, as `confusable-homoglyphs` brings them. Marks, case, width, space, hyphens and brackets do not count. It takes
more names for equal than a careful reader would; the price is that somebody chooses another name.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

_HURRIED = str.maketrans(
    {
        look: letter
        for letter, looks in {
            "b": "8", "c": "匚ㄈ", "l": "1i|!Ꮖꮖ丨ㅣ工エ乚ㄥレ", "o": "0ㅇ〇口ロㅁ", "s": "5$", "t": "丅ㄒ十",
            "u": "凵ㄩ", "x": "乂メㄨ", "y": "丫ㄚ",
        }.items()
        for look in looks
    }
)  # fmt: skip
"""What a hurried eye takes for a letter, beyond Unicode's tables, which keep case and scripts apart."""

_LETTER = re.compile(r"LATIN .*\b([A-Z])\b(?: WITH .*)?")
"""Names of letters that are a Latin one with a stroke, a hook, in small capitals, turned, …"""

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters, marks and a symbol that show nothing."""

_ORDINALS = "ªº"
"""Signs in numbers (`nº 2`); after a name they would mark a note, and do not count."""

_EAST_ASIAN = frozenset({"HAN", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO"})
"""Scripts that stand in one word with each other and with Latin."""

_PUNCTUATION = frozenset("-.,:/()[]'%#_+=~!?@·・")
"""What may stand between letters. Stars, daggers, quotation marks and the like mark ranks and notes on a board."""

_MARKS_IN_A_ROW = 2
_LONGEST_PILE = 4
"""Marks in a row of an alphabet that spells with them."""
_OVERLOOKED = str.maketrans("", "", " .,:'·・-_~/()[]")
"""What is overlooked in a name."""


def alike(first: str, second: str) -> bool:
    """Return whether a reader could take one name for the other: no two such names should stand in one table."""
    return not looks(first).isdisjoint(looks(second))


def looks(text: str) -> frozenset[str]:
    """Return what is left of a name when it is glanced at: as it is written, in small letters, in capitals.

    There is more than one because a letter may look like one letter small and like another one large (ν, Ν).
    """
    plain = "".join(map(_plain, "".join(map(_without_disguise, unicodedata.normalize("NFD", text)))))
    shown = (
        ("".join(map(_fold, forms)) for forms in zip(*map(_forms, plain), strict=True)) if plain else ("",)
    )
    return frozenset(_glanced(form) for form in shown)


def name_problem(text: str) -> str | None:
    """Return what in a name can only mislead, in a sentence with what to do; None where nothing does."""
    if hidden := next((character for character in text if _is_invisible(character)), None):
        return f"it holds U+{ord(hidden):04X}, which shows nothing; leave it out"
    if text != " ".join(text.split(" ")).strip(" ") or "  " in text:
        return "it has blanks at an end, or two in a row; keep single ones between words"
    if odd := next((character for character in text if not _may_stand(character)), None):
        allowed = " ".join(sorted(_PUNCTUATION))
        return f"it holds {_called(odd)}; write plain letters, digits 0 to 9, blanks and {allowed}"
    if _has_odd_marks(text):
        return (
            "it has marks that belong to no letter or to another alphabet's, strike one out or are piled up; write "
            "plain letters"
        )
    if not any(character.isalnum() for character in text):
        return "it has no letter and no digit; write a name"
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text)):
        scripts = {script: letter for letter in word if (script := _script(letter))}
        others = scripts.keys() - {"LATIN"}
        if len(scripts) > 1 and not others <= _EAST_ASIAN:
            found = " and ".join(f"{letter} ({script.capitalize()})" for script, letter in scripts.items())
            return f"its word {word!r} mixes the alphabets of {found}; write it in one, or put a hyphen between them"
    return None


@lru_cache(maxsize=4096)
def _without_disguise(character: str) -> str:
    """Return what a letter in a circle, in full width, … stands for, unless the tables say what it looks like."""
    if character in _ORDINALS:
        return ""
    return character if character in _prototypes() else unicodedata.normalize("NFKD", character)


@lru_cache(maxsize=4096)
def _plain(character: str) -> str:
    """Return a character of a decomposed name without what does not count."""
    category = unicodedata.category(character)
    if _is_decoration(character) or character.isspace() or _is_invisible(character):
        return ""
    if category == "Pd" or character == "\u2212":
        return "-"
    if category == "Nd":
        return str(unicodedata.digit(character))
    return character


def _forms(character: str) -> tuple[str, str, str]:
    """Return the two cases of a character in three orders: as it is written, small, large."""
    lower, upper = character.lower(), character.upper()
    return character + lower + upper, lower + upper, upper + lower


@lru_cache(maxsize=4096)
def _fold(forms: str) -> str:
    """Return the Latin letters that a form looks like, the first that does; where none does, the first form."""
    seen = [_prototypes().get(form, form) for form in forms]
    if plain := next((form for form in seen if form.isascii()), None):
        return plain.casefold()
    named = (_LETTER.fullmatch(unicodedata.name(form, "")) for form in seen if len(form) == 1)
    latin = next(filter(None, named), None)
    return latin[1].lower() if latin else seen[0].casefold()


def _glanced(text: str) -> str:
    shown = text.translate(_OVERLOOKED).rstrip("!?#@%=").lstrip("?#@%=+") or text
    return shown.translate(_HURRIED).replace("rn", "m").replace("vv", "w")


@cache
def _prototypes() -> dict[str, str]:
    """Return the character or characters that each one looks like, after the tables of UTS 39.

    The library keeps each pair in both directions: the middle of a star is what all others look like.
    """
    from confusable_homoglyphs.confusables import confusables_data

    # Right-to-left characters lie between two marks of direction there.
    pairs = {
        key.strip("\u200e"): [found["c"].strip("\u200e") for found in like]
        for key, like in confusables_data.items()
    }
    found = {}
    for key, like in pairs.items():
        if len(key) == len(like) == 1 and len(pairs.get(like[0], ())) > 1:
            found[key] = "".join(map(_plain, unicodedata.normalize("NFKD", like[0])))
    return found


def _is_invisible(character: str) -> bool:
    is_selector = unicodedata.name(character, "").startswith(
        ("VARIATION SELECTOR", "MONGOLIAN FREE VARIATION")
    )
    return character in INVISIBLE or unicodedata.category(character)[0] == "C" or is_selector


def _may_stand(character: str) -> bool:
    category = unicodedata.category(character)
    if category[0] == "L":
        # Letters for mathematics, in circles, raised, in full width are other ones in disguise. Among the letters
        # without case, vowels of Thai and Lao and letters of Hangul have a decomposition and are none.
        decomposition = unicodedata.decomposition(character)
        in_disguise = decomposition.startswith("<") and not (
            category == "Lo" and (decomposition.startswith("<compat>") or character in _ORDINALS)
        )
        # Modifier letters that belong to no script are primes and apostrophes; only the Japanese long mark spells.
        spells = category != "Lm" or (_script(character) is not None and not _is_raised(character))
        return (spells or character == "ー") and not in_disguise
    is_plain = category in ("Mn", "Mc", "Pd") or "0" <= character <= "9" or character == " "
    return is_plain or character in _PUNCTUATION


def _is_raised(letter: str) -> bool:
    name = unicodedata.name(letter, "")
    return "MODIFIER LETTER" in name or "MINNAN" in name


def _called(character: str) -> str:
    name = unicodedata.name(character, "a character").lower()
    return f"{character!a} ({name})" if not character.isascii() else f"{character!r}"


def _has_odd_marks(text: str) -> bool:
    if any(unicodedata.combining(character) == 1 for character in text):
        return True
    letter, above = " ", 0
    for character in unicodedata.normalize("NFC", text):
        if unicodedata.category(character)[0] != "M":
            letter, above = character, 0
            continue
        own = _alphabet_of_mark(character)
        above += 1
        most = _MARKS_IN_A_ROW if own is None else _LONGEST_PILE
        if unicodedata.category(letter)[0] != "L" or above > most or own not in (None, _alphabet(letter)):
            return True
    return False


def _alphabet_of_mark(mark: str) -> str | None:
    """Return the script of a mark, after its name where several share it; None of an accent that goes on any letter."""
    first = unicodedata.name(mark, "UNKNOWN").split(maxsplit=1)[0]
    return _alphabet(mark) or (None if first == "COMBINING" and _is_decoration(mark) else first)


def _is_decoration(mark: str) -> bool:
    """Return whether a mark lies above, below or across a letter; those that spell (vowels, voicing) do not."""
    return unicodedata.category(mark) == "Mn" and unicodedata.combining(mark) in (1, *range(200, 241))


def _script(letter: str) -> str | None:
    """Return the script of a letter; None where it belongs to several, or is no letter."""
    return _alphabet(letter) if unicodedata.category(letter)[0] == "L" else None


def _alphabet(character: str) -> str | None:
    """Return the script of a letter or mark; None where it belongs to several."""
    from confusable_homoglyphs.categories import alias

    script: str = alias(character)
    return None if script in ("COMMON", "INHERITED", "UNKNOWN") else script
