"""Metrics of recorded runs, computed anew from the predictions that lie beside their records, and a store.

Nothing is trained and no backbone is read. What is compared is compared to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from lovt_bench.benchmark.contract.plain_file import is_there
from lovt_bench.benchmark.contract.prediction_file import PredictionFile
from lovt_bench.benchmark.contract.profile import Profile
from lovt_bench.benchmark.contract.protocol import Protocol
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.data.open_store import find_store, open_store
from lovt_bench.benchmark.data.preparers import prepare_command
from lovt_bench.benchmark.data.store import ImageStore
from lovt_bench.benchmark.disk.words import explain
from lovt_bench.benchmark.engine.inputs.targets import box_targets, packed_masks
from lovt_bench.benchmark.engine.record.prediction_checks import rows_differ
from lovt_bench.benchmark.engine.record.prediction_reading import (
    ChangedPredictionsError,
    MissingPredictionsError,
    PredictionError,
    StoredPredictions,
    read_predictions,
)
from lovt_bench.tasks.boxes import FRAME
from lovt_bench.tasks.metric import metrics_beside
from lovt_bench.tasks.predictions import MaskPredictions
from lovt_bench.tasks.profile import apply_profile, input_side, load_profile
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from lovt_bench.tasks.scores import detection_scores, scores_beside, segmentation_scores

_CPU = torch.device("cpu")
_SHOWN = 4
"""Metrics that one line names."""

Outcome = Literal["equal", "wrong", "missing", "not kept", "no store"]


@dataclass(frozen=True)
class Rescored:
    """What scoring one run anew gave."""

    record: RunRecord
    outcome: Outcome
    """`wrong`: its predictions are not those of the record, or give other metrics; `missing`: they are not there; `not
    kept`: the record names none; `no store`: they cannot be scored here."""
    metrics: int = 0
    """That are equal."""
    text: str = ""
    """What is wrong, or missing."""


class NoStoreError(ValueError):
    """There is nothing here that a run could be scored against; the message says what, and how to get it."""


@dataclass(frozen=True)
class ScoredRun:
    """A recorded run with what it was measured on."""

    record: RunRecord
    spec: TaskSpec
    """As the profile ran it."""
    protocol: Protocol
    side: int
    """Pixels of its images."""
    store: ImageStore

    @property
    def rows(self) -> np.ndarray:
        """(N,) rows of the store that the run was tested on."""
        return self.store.rows("test")[: self.record.test_images]


class Stores:
    """Image stores of a workspace, each opened, and held against its digests, once.

    Args:
        data: Folder of stores of a workspace, whose own tasks are known, too.
        profile: Finds profiles by name; raises ValueError.
    """

    def __init__(self, data: Path, profile: Callable[[str], Profile] = load_profile) -> None:
        self.workspace, self._data, self._open = data.parent, data, cache(open_store)
        self._task = cache(partial(load_task, workspace=self.workspace))
        self._protocol, self._profile = cache(load_protocol), cache(profile)

    def run(self, record: RunRecord) -> ScoredRun:
        """Return the run with the task, the protocol and the store that it names.

        Raises:
            NoStoreError: One of them is another here, or not here.
        """
        run = record.run
        try:
            protocol, profile = self._protocol(run.protocol), self._profile(run.profile)
            spec = apply_profile(self._task(run.task), profile)
        except ValueError as error:
            raise NoStoreError(str(error)) from error
        for name, here, recorded in (
            ("protocol", protocol.digest(), run.protocol_sha256),
            ("profile", profile.digest(), run.profile_sha256),
            ("task", spec.digest(), run.task_sha256),
        ):
            if here != recorded:
                raise NoStoreError(
                    f"its {name} {getattr(run, name)} is another here ({here[:12]}, recorded {recorded[:12]}); score "
                    f"it anew with the lovt-bench that recorded it"
                )
        try:
            folder = find_store(self._data, spec.dataset, protocol.data)
            store = None if folder is None else self._open(folder)
        except (OSError, ValueError) as error:
            raise NoStoreError(explain(error) if isinstance(error, OSError) else str(error)) from error
        if store is None or store.manifest.identity() != run.dataset_sha256:
            found = "there is none" if store is None else f"{store.root} is another one"
            raise NoStoreError(
                f"the store of {spec.dataset} that it was measured on ({run.dataset_sha256[:12]}) is not in "
                f"{self._data} ({found}); prepare it with: {prepare_command(spec.dataset)}"
            )
        if store.manifest.track != record.track:  # what may be drawn follows the track
            raise NoStoreError(
                f"it is recorded as of the {record.track} track, and {store.root} is of the {store.manifest.track} "
                f"track; remove the record, or evaluate again"
            )
        return ScoredRun(record, spec, protocol, input_side(profile, protocol, spec.head), store)


Committed = Mapping[str, tuple[Path, PredictionFile]]
"""By key of a run, predictions that a leaderboard release keeps, and what is expected of their file."""


def rescore(
    records: Iterable[RunRecord], results: Path, stores: Stores, committed: Committed | None = None
) -> Iterator[Rescored]:
    """Yield what scoring each final run anew gives; a run that cannot be scored keeps no other from it.

    Args:
        records: Tuning runs and runs that diverged are passed over: they have no test metrics.
        results: Folder of run records with the predictions beside them.
        stores: What the runs are scored against.
        committed: Predictions for runs that have none in `results`.
    """
    for record in records:
        if record.run.phase != "final" or record.status != "ok":
            continue
        if record.predictions is None:
            yield Rescored(record, "not kept")
            continue
        try:
            run = stores.run(record)
            stored = stored_predictions(run, results, committed)
            changed = None
        except NoStoreError as error:
            yield Rescored(record, "no store", text=str(error))
            continue
        except ChangedPredictionsError as error:
            stored, changed = error.stored, str(error)
        except PredictionError as error:
            outcome: Outcome = "missing" if isinstance(error, MissingPredictionsError) else "wrong"
            yield Rescored(record, outcome, text=f"{record.predictions.file} {error}")
            continue
        yield _compared(run, stored, changed)


def stored_predictions(
    run: ScoredRun, results: Path, committed: Committed | None = None
) -> StoredPredictions:
    """Return the predictions of a run.

    Raises:
        PredictionError: They are not kept, missing, damaged, or do not belong to the run.
        ChangedPredictionsError: They can be read, and are not those of the record.
    """
    record = run.record
    if record.predictions is None:
        raise PredictionError("were not kept: the run was recorded before lovt-bench kept predictions")
    path, expected = results / record.track / record.submission / record.predictions.file, record.predictions
    if committed and not is_there(path):
        path, expected = committed.get(record.key, (path, expected))
    try:
        return read_predictions(path, expected, record.key)
    except OSError as error:
        raise PredictionError(f"cannot be read ({explain(error)})") from error


def check_fits(run: ScoredRun, stored: StoredPredictions) -> None:
    """Hold predictions against what the run was measured on.

    Raises:
        PredictionError: They are of other images, classes or sizes, or contradict the masks of the store.
    """
    header, found = stored.header, stored.predictions
    if (header.target, header.classes) != (run.spec.target, list(run.spec.classes)):
        raise PredictionError(
            f"holds {header.target} of {', '.join(header.classes)[:100]}, the run has {run.spec.target} of "
            f"{', '.join(run.spec.classes)}"
        )
    side = run.side if isinstance(found, MaskPredictions) else int(FRAME)
    if header.side != side:
        raise PredictionError(f"holds {header.target} of side {header.side}, the run has {side}")
    if problem := rows_differ(stored.rows, run.rows):
        raise PredictionError(problem)
    if isinstance(found, MaskPredictions):
        _check_counts(run, found)


def scores(run: ScoredRun, stored: StoredPredictions) -> dict[str, float]:
    """Return all test metrics of a run. Raises PredictionError as `check_fits` does."""
    check_fits(run, stored)
    found = stored.predictions
    if isinstance(found, MaskPredictions):
        shared = segmentation_scores(found.counts, run.spec.classes)
        return shared | scores_beside(
            found, run.spec, run.protocol, lambda: packed_masks(run.store, run.rows, run.side)
        )
    target = box_targets(run.store, run.rows, _CPU).batch(torch.arange(len(run.rows)))
    return detection_scores(found, target, len(run.spec.classes), run.protocol)


def _check_counts(run: ScoredRun, found: MaskPredictions) -> None:
    """Hold the counts against the masks of the store, and against the predicted ones where they are kept."""
    truth = packed_masks(run.store, run.rows, run.side)
    counts = found.counts.numpy()
    if found.masks is None:
        pixels = np.bitwise_count(truth).sum(-1, dtype=np.int64)
        wrong, why = counts[..., 0] + counts[..., 2] != pixels, "do not add up to the mask in the store"
    else:
        masks = found.masks.numpy()
        parts = [masks & truth, masks & ~truth, ~masks & truth]
        again = np.stack([np.bitwise_count(part).sum(-1, dtype=np.int64) for part in parts], axis=-1)
        wrong, why = (again != counts).any(-1), "are not those of its mask: the one or the other was changed"
    if wrong.any():
        image, index = np.argwhere(wrong)[0]
        raise PredictionError(
            f"has counts at row {run.rows[image]} of the store, class {run.spec.classes[index]}, that {why}"
        )


def _compared(run: ScoredRun, stored: StoredPredictions, changed: str | None) -> Rescored:
    record = run.record
    assert record.predictions is not None
    try:
        again = scores(run, stored)
    except PredictionError as error:
        said = [f"{record.predictions.file} {error}", *([f"it {changed}"] if changed else [])]
        return Rescored(record, "wrong", text="; ".join(said))
    found = stored.predictions
    without = isinstance(found, MaskPredictions) and found.masks is None
    unknown = _need_masks(run) if without else set()
    differing = [
        f"{name} {_value(again.get(name))} (recorded {record.test[name]!r})"
        for name in sorted(record.test.keys() - unknown)  # a metric that came later is no difference
        if again.get(name) != record.test[name]
    ]
    wanted = (run.spec.metric, *run.spec.extra_metrics)
    differing += [
        f"{name} {_value(again.get(name))} (not recorded)" for name in wanted if name not in record.test
    ]
    more = f" and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    said = [f"{record.predictions.file} {changed}"] if changed else []
    if differing:
        said.append(f"its predictions give {', '.join(differing[:_SHOWN])}{more}")
    if said:
        return Rescored(record, "wrong", text="; ".join(said))
    return Rescored(record, "equal", metrics=len(record.test.keys() - unknown))


def _need_masks(run: ScoredRun) -> set[str]:
    """Return the metrics that counts without masks do not give."""
    found = metrics_beside(run.spec, run.protocol.metrics.beside).values()
    return {name for metric in found if metric.reads == "masks" for name in metric.names_of(run.spec.classes)}


def _value(value: float | None) -> str:
    return "none" if value is None else repr(value)
