"""An enlarged heart: a change of the patient, outlined as the whole heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy
from lovt_bench.benchmark.data.phantom.findings.base import Drawn, Kind, Place
from lovt_bench.benchmark.data.phantom.patient import Patient


def _enlarge(patient: Patient, place: Place) -> Patient:
    return replace(patient, heart_ratio=0.565 + 0.13 * place.severity)


def _cardiomegaly(anatomy: Anatomy, place: Place, rng: np.random.Generator) -> Drawn:
    del rng
    return Drawn(place, np.zeros_like(anatomy.still), anatomy.heart)


KINDS = (Kind("cardiomegaly", _cardiomegaly, zones=("lower",), change=_enlarge),)
