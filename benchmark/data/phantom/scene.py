"""One picture from first to last: the patient, the findings, the objects in front, the exposure.

Each of the four has its own random stream, so that leaving out a finding changes nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lovt_bench.benchmark.data.phantom.anatomy import Anatomy, build_anatomy
from lovt_bench.benchmark.data.phantom.canvas import Array, Canvas
from lovt_bench.benchmark.data.phantom.findings import Drawn, Place, Request, finding_kinds, settle
from lovt_bench.benchmark.data.phantom.objects import ForeignObject, draw_objects
from lovt_bench.benchmark.data.phantom.patient import Patient, View, draw_patient
from lovt_bench.benchmark.data.phantom.randomness import stream
from lovt_bench.benchmark.data.phantom.render import develop, draw_exposure

Key = tuple[str | int, ...]
"""What names a random stream, after the seed."""


@dataclass(frozen=True)
class Scene:
    """What to draw."""

    seed: int
    patient: Key
    """Names the patient: equal in all pictures of one."""
    findings: Key
    """Names the findings: equal in all views of one study."""
    exposure: Key
    """Names the exposure: different in each picture."""
    requests: tuple[Request, ...] = ()
    objects: int = 0
    view: View | None = None


@dataclass(frozen=True)
class Picture:
    """What was drawn; boxes and masks in pixels of the picture."""

    pixels: Array
    """(H, W) uint8."""
    patient: Patient
    drawn: tuple[Drawn, ...]
    objects: tuple[ForeignObject, ...]
    anatomy: Anatomy


def places_of(scene: Scene) -> tuple[Place, ...]:
    """Return the places of the requested findings."""
    kinds = finding_kinds()
    return tuple(
        settle(request, kinds[request.kind].zones, stream(scene.seed, *scene.findings, "place", number))
        for number, request in enumerate(scene.requests)
    )


def draw_picture(canvas: Canvas, scene: Scene) -> Picture:
    """Draw a scene."""
    kinds, places = finding_kinds(), places_of(scene)
    patient = draw_patient(stream(scene.seed, *scene.patient, "patient"), scene.view)
    for place in places:
        change = kinds[place.kind].change
        patient = change(patient, place) if change else patient
    anatomy = build_anatomy(canvas, patient, stream(scene.seed, *scene.patient, "anatomy"))
    drawn = tuple(
        kinds[place.kind].draw(anatomy, place, stream(scene.seed, *scene.findings, "draw", number))
        for number, place in enumerate(places)
    )
    attenuation = _add_up(anatomy, drawn)
    objects = draw_objects(canvas, anatomy, scene.objects, stream(scene.seed, *scene.exposure, "objects"))
    for item in objects:
        attenuation += item.add
    rng = stream(scene.seed, *scene.exposure, "exposure")
    pixels = develop(attenuation, draw_exposure(rng, patient), rng)
    return Picture(pixels, patient, drawn, objects, anatomy)


def _add_up(anatomy: Anatomy, drawn: Sequence[Drawn]) -> Array:
    vessels = anatomy.vessels
    total = anatomy.still.astype(np.float32, copy=True)
    for finding in drawn:
        total += finding.add
        if finding.vessels is not None:
            vessels = vessels * finding.vessels
    return total + vessels
