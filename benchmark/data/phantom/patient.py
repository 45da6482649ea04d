"""Who lies under the beam: the numbers that vary from patient to patient and from exposure to exposure.

Lengths are fractions of the picture; x grows to the picture's right, which is the patient's left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

Sex = Literal["F", "M"]
View = Literal["PA", "AP"]


@dataclass(frozen=True)
class Patient:
    """Build of one patient in one position."""

    sex: Sex
    view: View
    age: int
    middle: float
    """Where the spine is, at half height."""
    tilt: float
    """How far the spine wanders sideways from the top to the bottom."""
    turn: float
    """Rotation about the long axis: shift of the things in front (heart, clavicles) against the spine."""
    half_width: float
    """From the midline to the inner chest wall at its widest."""
    apex: float
    """Top of the lungs."""
    dome: float
    """Top of the right hemidiaphragm."""
    left_drop: float
    """How much lower the left hemidiaphragm is."""
    sulcus: float
    """Depth of the costophrenic angles below the domes."""
    wall: float
    """Thickness of the chest wall at the side."""
    heart_ratio: float
    """Cardiothoracic ratio: width of the heart over the inner width of the chest."""
    knob: float
    """Size of the aortic knob; grows with age."""
    breasts: float
    """0: none seen."""
    abduction: float
    """How far the arms stand off the trunk; 0: they lie against it."""
    shoulder: float
    """Height of the shoulders."""
    bubble: bool
    """Gas in the stomach."""

    def centre(self, y: np.ndarray) -> np.ndarray:
        """Return the x of the midline at heights `y`."""
        return self.middle + self.tilt * (y - 0.5)


def draw_patient(rng: np.random.Generator, view: View | None = None) -> Patient:
    """Draw a patient without any finding. A portable AP picture has higher domes and a wider heart.

    The stream advances equally in both views: the PA and the AP picture of a study show one person.
    """
    sex: Sex = "F" if rng.random() < 0.46 else "M"
    chosen: View = view or ("AP" if rng.random() < 0.4 else "PA")
    supine = chosen == "AP"
    age = int(np.clip(rng.normal(54, 17), 18, 93))
    place, sway, turn = rng.normal(0, 1, 3)
    share = rng.random(14)

    def between(number: int, low: float, high: float) -> float:
        return float(low + (high - low) * share[number])

    return Patient(
        sex=sex,
        view=chosen,
        age=age,
        middle=0.5 + 0.012 * float(place),
        tilt=(0.025 if supine else 0.012) * float(sway),
        turn=(0.016 if supine else 0.007) * float(turn),
        half_width=between(0, 0.325, 0.385) - (0.012 if sex == "F" else 0),
        apex=between(1, 0.07, 0.13) + (0.03 if supine else 0),
        dome=between(2, 0.70, 0.79) - (between(3, 0.03, 0.09) if supine else 0),
        left_drop=between(4, 0.008, 0.032),
        sulcus=between(5, 0.075, 0.125),
        wall=between(6, 0.035, 0.075),
        heart_ratio=between(7, 0.41, 0.475) + (0.03 if supine else 0),
        knob=between(8, 0.6, 1.0) + 0.5 * max(0, age - 50) / 40,
        breasts=between(9, 0.3, 1.0) if sex == "F" else 0.0,
        abduction=between(10, 0.05, 0.3) if supine else between(10, 0.2, 0.75),
        shoulder=between(11, 0.05, 0.10) + (0.01 if supine else 0),
        bubble=bool(share[12] < 0.7),
    )
