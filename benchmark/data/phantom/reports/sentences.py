"""The sentences. Each one carries the CheXpert labels that it states: 1 present, 0 absent, -1 uncertain.

Text and labels can therefore not drift apart. Every kind of finding has one list for the findings section
and one for the impression; fields in braces are filled from what was drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Value = int
"""1 present, 0 absent, -1 uncertain."""

LABELS = (
    *("Atelectasis", "Cardiomegaly", "Consolidation", "Edema", "Enlarged Cardiomediastinum", "Fracture"),
    *("Lung Lesion", "Lung Opacity", "No Finding", "Pleural Effusion", "Pleural Other", "Pneumonia"),
    *("Pneumothorax", "Support Devices"),
)
"""The 14 labels in the order of the table's columns."""


@dataclass(frozen=True)
class Sentence:
    """A sentence with fields, and what it states."""

    text: str
    labels: dict[str, Value] = field(default_factory=dict)


def _all(labels: dict[str, Value], *texts: str) -> tuple[Sentence, ...]:
    return tuple(Sentence(text, labels) for text in texts)


PRESENT: dict[str, tuple[Sentence, ...]] = {
    "pneumonia": (
        *_all(
            {"Lung Opacity": 1, "Pneumonia": 1},
            "There is a hazy opacity in the {side} {zone}, consistent with pneumonia.",
            "Ill-defined opacity projects over the {side} {zone} and represents pneumonia.",
        ),
        *_all(
            {"Lung Opacity": 1, "Pneumonia": -1},
            "A {degree} patchy opacity in the {side} {zone} may represent pneumonia.",
            "Increased opacity in the {side} {zone} could reflect pneumonia.",
        ),
    ),
    "consolidation": _all(
        {"Consolidation": 1},
        "There is dense consolidation in the {side} {zone}.",
        "A {degree} area of consolidation is seen in the {side} {zone}.",
        "Focal consolidation in the {side} {zone} is sharply bordered by the fissure.",
    ),
    "infiltrate": _all(
        {"Lung Opacity": 1},
        "Patchy infiltrate is present in the {side} {zone}.",
        "{Degree} patchy opacities are seen in the {side} {zone}.",
        "Heterogeneous opacity is noted in the {side} {zone}.",
    ),
    "atelectasis": (
        *_all(
            {"Atelectasis": 1},
            "Linear atelectasis is seen at the {side} lung base.",
            "There is {degree} {side} basilar atelectasis.",
        ),
        *_all(
            {"Atelectasis": 1, "Lung Opacity": 1},
            "Band-like opacities at the {side} base represent atelectasis.",
        ),
    ),
    "effusion": _all(
        {"Pleural Effusion": 1},
        "There is a {amount} {side} pleural effusion.",
        "A {amount} {side} pleural effusion blunts the costophrenic angle.",
        "Fluid layers in the {side} costophrenic angle, consistent with a {amount} pleural effusion.",
    ),
    "pneumothorax": _all(
        {"Pneumothorax": 1},
        "There is a {amount} {side} apical pneumothorax.",
        "A {amount} {side} pneumothorax is present, {size} cm from pleural line to chest wall.",
        "A thin pleural line at the {side} apex indicates a {amount} pneumothorax.",
    ),
    "cardiomegaly": _all(
        {"Cardiomegaly": 1},
        "The heart is {grade} enlarged.",
        "There is {grade_adjective} cardiomegaly.",
        "The cardiac silhouette is {grade} enlarged.",
    ),
    "edema": (
        *_all(
            {"Edema": 1},
            "There is {grade_adjective} pulmonary edema.",
            "Bilateral perihilar haze is consistent with {grade_adjective} pulmonary edema.",
        ),
        *_all(
            {"Edema": 1, "Lung Opacity": 1},
            "Indistinct vessels and perihilar opacities indicate {grade_adjective} interstitial edema.",
        ),
    ),
    "mass": _all(
        {"Lung Lesion": 1},
        "A {size} cm mass is seen in the {side} {zone}.",
        "There is a rounded mass in the {side} {zone} measuring {size} cm.",
    ),
    "nodule": _all(
        {"Lung Lesion": 1},
        "A {size} cm nodule projects over the {side} {zone}.",
        "There is a pulmonary nodule in the {side} {zone} measuring {size} cm.",
    ),
    "device": _all(
        {"Support Devices": 1},
        "{A_device} is in place.",
        "{A_device} is seen in standard position.",
    ),
}
"""Sentences of the findings section by kind of finding."""

CONCLUDED: dict[str, tuple[Sentence, ...]] = {
    "pneumonia": (
        *_all(
            {"Pneumonia": 1}, "{Side} {zone} pneumonia.", "Findings consistent with {side} {zone} pneumonia."
        ),
        *_all(
            {"Pneumonia": -1},
            "Possible {side} {zone} pneumonia.",
            "{Side} {zone} opacity, question pneumonia.",
        ),
    ),
    "consolidation": _all({"Consolidation": 1}, "{Side} {zone} consolidation."),
    "infiltrate": _all(
        {"Lung Opacity": 1}, "Patchy opacity in the {side} {zone}.", "{Side} {zone} infiltrate."
    ),
    "atelectasis": _all({"Atelectasis": 1}, "{Side} basilar atelectasis."),
    "effusion": _all({"Pleural Effusion": 1}, "{Amount} {side} pleural effusion."),
    "pneumothorax": _all({"Pneumothorax": 1}, "{Amount} {side} pneumothorax."),
    "cardiomegaly": _all({"Cardiomegaly": 1}, "{Grade_adjective} cardiomegaly."),
    "edema": _all({"Edema": 1}, "{Grade_adjective} pulmonary edema."),
    "mass": _all({"Lung Lesion": 1}, "{Side} {zone} mass, {size} cm, for which CT is recommended."),
    "nodule": _all({"Lung Lesion": 1}, "{Side} {zone} nodule, {size} cm."),
    "device": _all({"Support Devices": 1}, "{A_device} in place."),
}
"""Sentences of the impression by kind of finding."""

ABSENT: tuple[Sentence, ...] = (
    *_all(
        {"Pleural Effusion": 0, "Pneumothorax": 0},
        "There is no pleural effusion or pneumothorax.",
        "No pneumothorax or pleural effusion is seen.",
    ),
    *_all(
        {"Pleural Effusion": 0},
        "There is no pleural effusion.",
        "The costophrenic angles are sharp, without effusion.",
    ),
    *_all({"Pneumothorax": 0}, "There is no pneumothorax.", "No evidence of pneumothorax."),
    *_all({"Consolidation": 0}, "There is no focal consolidation.", "No consolidation is identified."),
    *_all({"Pneumonia": 0}, "There is no evidence of pneumonia."),
    *_all({"Edema": 0}, "There is no pulmonary edema.", "No evidence of pulmonary edema."),
    *_all(
        {"Cardiomegaly": 0},
        "Heart size is normal.",
        "The heart is not enlarged.",
        "There is no cardiomegaly.",
    ),
    *_all({"Atelectasis": 0}, "There is no atelectasis."),
    *_all({"Lung Lesion": 0}, "No pulmonary nodule or mass is seen."),
    *_all({"Enlarged Cardiomediastinum": 0}, "The mediastinum is not widened."),
    *_all({"Fracture": 0}, "No displaced rib fracture is seen."),
)
"""What may be said of a finding that is not there."""

CLEAR = ("The lungs are clear.", "The lungs are well expanded and clear.", "Both lungs are clear.")
"""Said only of lungs without any opacity."""

NORMAL = (
    "No acute cardiopulmonary process.",
    "No acute cardiopulmonary abnormality.",
    "Normal chest radiograph.",
)
"""Impression of a study without findings."""

INDICATIONS = (
    "___ year old {person} with cough and fever.",
    "___ year old {person} with shortness of breath.",
    "Chest pain, evaluate for acute process.",
    "___{letter} with dyspnea, evaluate for pneumonia.",
    "___ year old {person}, follow-up examination.",
)
