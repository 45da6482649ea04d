"""What a reader would take for the same name is the same look; what differs to the eye stays apart."""

from __future__ import annotations

import unicodedata
from itertools import combinations

import pytest
from confusable_homoglyphs.confusables import confusables_data
from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.contract.display_name import alike, looks, name_problem
from lovt_bench.benchmark.submission.read import read_submission, submission_names, submissions_root

OURS = [
    read_submission(submissions_root(), name).display_name for name in submission_names(submissions_root())
]
NAMES = st.sampled_from(OURS) | st.text("abcdefghijkLMNOPQRSTUVWXYZ0123456789-+. ", min_size=1, max_size=20)

TWINS = {
    "a": "аａ𝐚áɑ", "B": "ВΒ𝗕ʙ", "c": "сⅽϲ", "e": "еёé", "H": "НΗ", "i": "іıíⅰ", "k": "кκ", "L": "Ⅼʟ𝐋Ł",
    "o": "оοօ0ōø", "P": "РΡ", "s": "ѕꜱş", "T": "ТΤᴛ", "V": "Ⅴᴠ𝖵", "x": "хχⅹ", "y": "уүý", "-": "–‑−—", "1": "lI|１",
}  # fmt: skip
"""Characters, and others that look like them: Cyrillic, Greek, Armenian, Latin, for mathematics, in full width."""


UNSEEN = [" ", "\u00a0", "\u200b", "\u00ad", "\u2060", "\ufe0f", "\u0301"]
"""Spaces, characters that show nothing, and an accent."""

APART = [*OURS, "MoCo v2", "MoCo v3", "ViT-B", "ViT-L", "モデル", "モテル"]
HONEST = [
    *OURS,
    "β-VAE",
    "Modèle nº 2",
    "胸部CLIP",
    "ひらがなとカタカナ漢字",
    "Модель 2",
    "모델 A",
    "CLIP (ViT)",
    "Мой метод",
    "我的方法",
    "Größe-α",
    "Tiếng Việt 2",
    "पिक्सेल विधि",
    "SimCLR++ [r50], 30 %",
    "スーパー",
    "မော်ဒယ်",
    "عَرَبِيّ",
    "น้ำ",
    "שָׁלוֹם",
]
CYRILLIC = dict(zip("aceiopxAEMTCPBO", "асеіорхАЕМТСРВО", strict=True))


@st.composite
def disguised(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a name and what somebody makes of it who wants to be taken for it."""
    name = draw(NAMES)
    pieces = []
    for character in name:
        twins = TWINS.get(character, "") + character.swapcase()
        pieces.append(draw(st.sampled_from([character, *twins])))
        pieces.append(draw(st.sampled_from(["", "", "", *UNSEEN])))
    return name, "".join(pieces)


@given(disguised())
def test_a_disguise_has_the_look_of_the_name(pair: tuple[str, str]) -> None:
    name, other = pair
    assert alike(other, name)


@given(
    NAMES, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]), st.sampled_from([str.upper, str.lower, str.title])
)
def test_case_and_form_do_not_count(name: str, form, case) -> None:
    assert alike(unicodedata.normalize(form, case(name)), name)


@given(st.text())
def test_any_text_has_a_look(text: str) -> None:
    assert not any(character.isspace() for shown in looks(text) for character in shown)
    assert alike(text, text)
    problem = name_problem(text)
    assert problem is None or problem.startswith("it")


@pytest.mark.parametrize(("first", "second"), combinations(APART, 2))
def test_names_that_differ_to_the_eye_stay_apart(first: str, second: str) -> None:
    assert not alike(first, second)


@pytest.mark.parametrize("name", HONEST)
def test_honest_names_have_no_problem(name: str) -> None:
    assert name_problem(name) is None


WHOLE = {
    "LoVT": ["ꓡꓳꓦꓔ", "ᏞᎾᏙᎢ", "𝐋𝐨𝐕𝐓", "Ⓛⓞⓥⓣ", "ＬｏＶＴ", "ⅬoⅤT", "ℒℴ𝒱𝒯", "L0VT", "LoVT.", "'LoVT'"],
    "PixPro": ["ꓑіхРго", "ΡΙΧΡro", "РіхРго", "PixPrο"],
    "CLIP": ["ꓚꓡꓲꓑ", "СⅬІР", "ⲤLIⲢ", "c1ip", "CL|P", "ⅭLIP"],
    "Random": ["Rаndοm", "Ꭱandom", "Randorn", "ꓣаndom"],
    "ImageNet": ["ІmаgеΝеt", "1mageNet", "ImageNеt", "lmageNet"],
    "ConVIRT": ["Con-VIRT", "(ConVIRT)", "[ConVIRT]", "ConVIRT!", "ConVIRT?", "Con.VIRT", "ConVIRTº", "#ConVIRT"],
    "BYOL": ["8YOL", "BYOㄥ", "B丫OL", "BYロL"],
    "νοχ": ["vox"],
    "ΝΟΧ": ["nox"],
}  # fmt: skip
"""By name, what could stand for it in Lisu, Cherokee, Coptic, Greek, Cyrillic, in circles, for mathematics."""


@pytest.mark.parametrize(
    ("name", "other"), [(name, other) for name, others in WHOLE.items() for other in others]
)
def test_other_alphabets_and_letters_in_disguise_look_the_same(name: str, other: str) -> None:
    assert alike(name, other)


def test_the_tables_of_unicode_are_those_of_the_library() -> None:
    """Each letter that Unicode calls confusable with a Latin one is read as that one."""
    for latin in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for other in confusables_data[latin]:
            twin = other["c"].strip("\u200e")
            # Digits and what stands for several letters have readings of their own.
            if len(twin) == 1 and twin.isalpha():
                assert alike(twin, latin) or unicodedata.category(twin) == "Nl", (latin, twin)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *((f"LoVT{mark}", "it holds") for mark in '*†‡★☆✓²³¹ⁿ₂①ʰ™®°§¶“”‘’"`´″ʹʼ🙂🏆👍♠→€$^|{}\\;，'),
        *(
            (f"LoVT{mark}", "it holds")
            for mark in ("\u20dd", "\u00a0", "\u3000", "\u2003", "٥", "５", "Ⅴ", "½", "𝟓")
        ),
        *((f"{letter}LoVT", "it holds") for letter in "𝐀Ⓐ🄰🅐Ａﬁ"),
        *(
            (f"Lo{hidden}VT", "shows nothing")
            for hidden in "\u202e\u2066\u200d\ue000\u0378\U000e0041\ufffe\x1b"
        ),
        (" LoVT", "blanks"),
        ("LoVT ", "blanks"),
        ("Lo  VT", "blanks"),
        ("L\u0336oVT", "strike one out"),
        ("\u0301LoVT", "belong to no letter"),
        ("L\u0323\u0301\u0308\u0304oVT", "piled up"),
        *(
            (f"Lo{mark}VT", "another alphabet's")
            for mark in "\u05bc\u064b\u0941\u0e38\u0fad\u3099\u1cd0\U0001d165"
        ),
        ("ก" + "็" * 5, "piled up"),
        *((f"LoVT{raised}", "it holds") for raised in "ᴯﷺﮐ\U0001ee00\U0001aff0"),
        ("()", "no letter and no digit"),
        ("ꓡoVT", "mixes the alphabets"),
        ("LoVꭲ", "mixes the alphabets"),
        ("Ⲗoβ", "mixes the alphabets"),
    ],
)
def test_marks_and_disguises_are_named(text: str, message: str) -> None:
    problem = name_problem(text)
    assert problem is not None
    assert message in problem
    assert problem.isprintable()


@given(st.sampled_from(OURS), st.data())
def test_a_letter_of_another_alphabet_within_a_word_is_named(name: str, data: st.DataObject) -> None:
    places = [place for place, letter in enumerate(name) if letter in CYRILLIC]
    place = data.draw(st.sampled_from(places))
    problem = name_problem(name[:place] + CYRILLIC[name[place]] + name[place + 1 :])
    assert problem is not None
    assert "Cyrillic" in problem


@pytest.mark.parametrize("hidden", ["\u200b", "\u3164", "\u034f", "\ufe0f", "\u2800", "\u202e", "\U000e0041"])
def test_what_shows_nothing_is_named_by_its_number(hidden: str) -> None:
    assert f"U+{ord(hidden):04X}" in str(name_problem(f"Lo{hidden}VT"))
