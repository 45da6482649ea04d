"""A report says what its labels say: an independent reading of the sentences gives the same labels."""

from __future__ import annotations

import re

import numpy as np
import pytest

from lovt_bench.benchmark.data.phantom.findings import Drawn, Place, finding_kinds
from lovt_bench.benchmark.data.phantom.patient import draw_patient
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.reports.compose import Report, compose
from lovt_bench.benchmark.data.phantom.reports.sentences import ABSENT, CONCLUDED, LABELS, PRESENT

WORDS = {
    "Atelectasis": r"atelectasis",
    "Cardiomegaly": r"cardiomegaly|heart|cardiac silhouette",
    "Consolidation": r"consolidation",
    "Edema": r"edema",
    "Enlarged Cardiomediastinum": r"mediastinum",
    "Fracture": r"fracture",
    "Lung Lesion": r"nodule|mass",
    "Lung Opacity": r"opacit|infiltrate",
    "Pleural Effusion": r"effusion",
    "Pneumonia": r"pneumonia",
    "Pneumothorax": r"pneumothorax",
    "Support Devices": r"pacemaker|tube|venous line",
}
NEGATED = r"\b(no|not|without|normal)\b"
UNSURE = r"\b(may|could|possible|question)\b"
ANATOMY = np.zeros((2, 2), np.float32)


def read(report: Report) -> dict[str, int]:
    """A labeler in ten lines: keyword, negation and hedge in one sentence."""
    labels: dict[str, int] = {}
    for sentence in (*report.findings, *report.impression):
        text = sentence.lower()
        for name, words in WORDS.items():
            if re.search(words, text):
                value = 0 if re.search(NEGATED, text) else 1
                if value and name == "Pneumonia" and re.search(UNSURE, text):
                    value = -1
                labels[name] = value if labels.get(name, value) == value else 99
    if not any(value for name, value in labels.items() if name != "Support Devices"):
        labels["No Finding"] = 1
    return labels


def report_of(number: int, *kinds: str) -> tuple[Report, list[Place]]:
    rng = stream(1, "test", number)
    places = [
        Place(
            kind,
            "left" if rng.random() < 0.5 else "right",
            finding_kinds()[kind].zones[0],
            float(rng.random()),
            float(rng.random()),
        )
        for kind in kinds
    ]
    drawn = [Drawn(place, ANATOMY, ANATOMY > 0, size_cm=2.5) for place in places]
    return compose(drawn, draw_patient(rng), "CHEST (PA)", rng), places


CASES = [
    (),
    *((kind,) for kind in sorted(finding_kinds())),
    ("pneumonia", "effusion"),
    ("device", "edema", "mass"),
]


@pytest.mark.parametrize("kinds", CASES, ids="+".join)
def test_an_independent_reading_finds_the_labels(kinds: tuple[str, ...]) -> None:
    for number in range(40):
        report, _ = report_of(number, *kinds)
        assert read(report) == report.labels, report.text


@pytest.mark.parametrize("kind", sorted(finding_kinds()))
def test_each_finding_is_named_with_its_side(kind: str) -> None:
    for number in range(20):
        report, (place,) = report_of(number, kind)
        assert any(value == 1 or value == -1 for value in report.labels.values())
        if kind not in {"cardiomegaly", "edema", "device"}:
            other = {"left": "right", "right": "left"}[place.side]
            body = " ".join((*report.findings, *report.impression)).lower()
            assert re.search(rf"\b{place.side}\b", body)
            assert not re.search(rf"\b{other}\b", body)


def test_a_study_without_findings_is_normal_and_denies_something() -> None:
    for number in range(20):
        report, _ = report_of(number)
        assert report.labels["No Finding"] == 1
        assert 0 in report.labels.values()
        assert -1 not in report.labels.values()
        assert "clear" in report.text


def test_reports_vary_and_follow_the_form_of_mimic() -> None:
    texts = [report_of(number, "pneumonia")[0].text for number in range(60)]
    assert len(set(texts)) > 50
    header = re.compile(r"\n ([A-Z ()/,-]+):\s")  # the section parser's header, datasets.md section 7.3
    names = [tuple(header.findall(text)) for text in texts]
    assert {"FINDINGS", "IMPRESSION"} <= set(names[0]) | set(names[1]) | set(names[2])
    assert all("FINDINGS" in found or "IMPRESSION" in found for found in names)
    assert any("FINDINGS" not in found for found in names)
    assert any("IMPRESSION" not in found for found in names)
    assert {report_of(number, "pneumonia")[0].labels["Pneumonia"] for number in range(30)} == {1, -1}


def test_every_kind_has_sentences_and_every_label_is_one_of_the_fourteen() -> None:
    assert set(PRESENT) == set(CONCLUDED) == set(finding_kinds())
    assert len(LABELS) == 14
    everything = [*ABSENT, *(s for group in (*PRESENT.values(), *CONCLUDED.values()) for s in group)]
    assert all(sentence.labels.keys() <= set(LABELS) for sentence in everything)
    assert all(value == 0 for sentence in ABSENT for value in sentence.labels.values())
