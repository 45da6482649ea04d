"""From what was drawn to the text of a report and its labels.

Every label follows from a sentence of the report; a label that no sentence mentions is blank.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.files import NOTICE
from lovt_bench.benchmark.data.phantom.findings import Drawn, Place
from lovt_bench.benchmark.data.phantom.findings.device import device_of
from lovt_bench.benchmark.data.phantom.patient import Patient
from lovt_bench.benchmark.data.phantom.reports.sentences import (
    ABSENT,
    CLEAR,
    CONCLUDED,
    INDICATIONS,
    NORMAL,
    PRESENT,
    Sentence,
    Value,
)

ZONE_WORDS = {
    "upper": ("upper lobe", "upper lung", "upper lung zone"),
    "mid": ("mid lung", "mid lung zone"),
    "lower": ("lower lobe", "lower lung", "lung base"),
}
CLEAR_KINDS = {"cardiomegaly", "device", "pneumothorax"}
"""Findings beside which the lungs may be called clear."""


@dataclass(frozen=True)
class Report:
    """A report; labels by name, 1, 0 or -1; a label that is not in it is blank."""

    text: str
    findings: tuple[str, ...]
    impression: tuple[str, ...]
    labels: dict[str, Value]


def _grade(severity: float, words: tuple[str, str, str]) -> str:
    return words[min(2, int(severity * 3))]


def fields_of(place: Place, size_cm: float | None, rng: np.random.Generator) -> dict[str, str]:
    """Return the words that fill a sentence's braces; each also with a capital first letter."""
    words = {
        "side": place.side,
        "zone": str(rng.choice(ZONE_WORDS[place.zone])),
        "degree": _grade(place.severity, ("subtle", "moderate", "large")),
        "amount": _grade(place.severity, ("small", "moderate", "large")),
        "grade": _grade(place.severity, ("mildly", "moderately", "severely")),
        "grade_adjective": _grade(place.severity, ("mild", "moderate", "severe")),
        "size": f"{size_cm:.1f}" if size_cm else "",
    }
    if place.kind == "device":
        device = device_of(place)
        words["a_device"] = f"an {device}" if device[0] in "aeiou" else f"a {device}"
        if device == "pacemaker":
            words["a_device"] = f"a {place.side} pacemaker"
    return words | {key.capitalize(): _capital(word) for key, word in words.items()}


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]


def _pick(rng: np.random.Generator, sentences: Sequence[Sentence]) -> Sentence:
    return sentences[int(rng.integers(len(sentences)))]


def compose(drawn: Sequence[Drawn], patient: Patient, technique: str, rng: np.random.Generator) -> Report:
    """Write the report of one study."""
    labels: dict[str, Value] = {}
    findings: list[str] = []
    impression: list[str] = []
    for found in drawn:
        words = fields_of(found.place, found.size_cm, rng)
        stated = _pick(rng, PRESENT[found.place.kind])
        # The impression is as sure as the findings section.
        agreeing = [s for s in CONCLUDED[found.place.kind] if _agrees(s.labels, stated.labels)]
        concluded = _pick(rng, agreeing)
        findings.append(_capital(stated.text.format(**words)))
        impression.append(_capital(concluded.text.format(**words)))
        for label, value in (stated.labels | concluded.labels).items():
            labels[label] = 1 if labels.get(label) == 1 else value
    if all(found.place.kind in CLEAR_KINDS for found in drawn):
        findings.append(str(rng.choice(CLEAR)))
    findings += _negations(labels, rng)
    if not any(value for label, value in labels.items() if label != "Support Devices"):
        labels["No Finding"] = 1
        impression.append(str(rng.choice(NORMAL if not drawn else NORMAL[:2])))
    text = _lay_out(findings, impression, patient, technique, rng)
    return Report(text, tuple(findings), tuple(impression), labels)


def _agrees(labels: dict[str, Value], others: dict[str, Value]) -> bool:
    return all(others.get(label, value) == value for label, value in labels.items())


def _negations(labels: dict[str, Value], rng: np.random.Generator) -> list[str]:
    """Return sentences on what is absent and add what they state to `labels`, nothing twice."""
    said = []
    for number in rng.permutation(len(ABSENT)):
        sentence = ABSENT[int(number)]
        if not labels.keys() & sentence.labels.keys() and rng.random() < 0.75:
            said.append(sentence.text)
            labels |= sentence.labels
        if len(said) == 5:
            break
    return said


def _paragraph(sentences: Sequence[str]) -> str:
    return "\n".join(f" {line}" for line in textwrap.wrap("  ".join(sentences), 78))


def _numbered(sentences: Sequence[str], rng: np.random.Generator) -> Sequence[str]:
    if len(sentences) > 1 and rng.random() < 0.5:
        return [f"{number}. {sentence}" for number, sentence in enumerate(sentences, 1)]
    return sentences


def _lay_out(
    findings: Sequence[str],
    impression: Sequence[str],
    patient: Patient,
    technique: str,
    rng: np.random.Generator,
) -> str:
    """Return the text in one of the forms of MIMIC-CXR: both sections, one of them, headers inline."""
    person, letter = ("woman", "F") if patient.sex == "F" else ("man", "M")
    reason = str(rng.choice(INDICATIONS)).format(person=person, letter=letter)
    head = f"{NOTICE:^60}".rstrip() + f"\n{'FINAL REPORT':^60}".rstrip() + "\n"
    head += f" EXAMINATION:  {technique}\n \n INDICATION:  {reason}\n \n"
    if rng.random() < 0.6:
        head += " COMPARISON:  ___.\n \n"
    form = rng.random()
    body = _paragraph(findings)
    end = _paragraph(_numbered(impression, rng))
    if form < 0.12:
        return f"{head} IMPRESSION: \n \n{_paragraph([*findings, *impression])}\n"
    if form < 0.22:
        return f"{head} FINDINGS: \n \n{_paragraph([*findings, *impression])}\n"
    if form < 0.5:
        return f"{head} FINDINGS:  {body.lstrip()}\n \n IMPRESSION:  {end.lstrip()}\n"
    return f"{head} FINDINGS: \n \n{body}\n \n IMPRESSION: \n \n{end}\n"
