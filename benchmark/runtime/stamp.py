"""A manifest written by the harness, one way for every method and runtime.

What the harness knows takes the place of what the submission says. Names and costs are replaced without a look. What
is said of facts (which method, on what, with which seed and settings) is compared first: a method that states another
one did not do what it was asked to, so its backbone is refused. What it leaves open is no difference.

This is kept from the rest of the manifest: what the check compares with the files (architecture, levels, input,
parameters, digests), and what describes the training and cannot be known from outside (further hyperparameters,
epochs, images, device, notes, versions), the latter as bounded clean text.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from lovt_bench.benchmark.contract.backbone import BackboneManifest, InitialBackbone, Provenance
from lovt_bench.benchmark.contract.pretraining_data import NONE, OTHER, vocabulary
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.runtime.take_over import RejectedError

NOTES = 20
HYPERPARAMETER_BYTES = 1 << 16

UNDECLARED = f"{OTHER} not declared beside the corpus"

FACTS = ("method", "variant", "profile", "fraction", "seed", "corpus_sha256")
"""Fields of the provenance that are compared as they stand."""


@dataclass(frozen=True)
class Known:
    """What the harness knows of a run."""

    name: str
    display_name: str
    method: str
    variant: str | None
    profile: str
    fraction: float | None
    """None where there was no corpus."""
    seed: int
    corpus_sha256: str | None
    inputs_sha256: str
    pretraining_data: tuple[str, ...]
    """What is declared, beside the corpus: by the method, by the user, and by the backbone that it starts from."""
    image_digest: str | None
    seconds: float
    peak_memory_bytes: int | None
    made_by: str | None = None
    begun_with: tuple[str, ...] = ()
    """Digests of the inputs that the run had before."""
    corpus: str | None = None
    """What the corpus is called as pre-training data."""
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    """What the run was given: the variant's, then the profile's, then the user's."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The user's alone, as they were given."""
    method_sha256: str | None = None
    initial: InitialBackbone | None = None
    """The backbone that it starts from."""
    declared: Mapping[str, Any] = field(default_factory=dict)
    """What the manifest repeats of the declaration (`benchmark.contract.backbone.repeated`)."""


def stamp(manifest: BackboneManifest, known: Known) -> BackboneManifest:
    """Return the manifest of a backbone that a run left.

    Raises:
        RejectedError: The run states facts that are not what the harness knows; the fields are named.
    """
    said = manifest.provenance
    if reasons := list(_contradictions(said, known))[:NOTES]:
        raise RejectedError(reasons)
    provenance = Provenance(
        **{**known.declared, "pretraining_data": seen(known)},
        method=known.method,
        variant=known.variant,
        profile=known.profile,
        fraction=known.fraction,
        seed=known.seed,
        settings=dict(known.settings),
        method_sha256=known.method_sha256,
        corpus_sha256=known.corpus_sha256,
        initial=known.initial,
        inputs_sha256=known.inputs_sha256,
        begun_with=list(known.begun_with),
        image_digest=known.image_digest,
        made_by=known.made_by,
        hyperparameters={**_clean_object(said.hyperparameters), **known.hyperparameters},
        seconds=round(known.seconds, 1),
        made_with=said.made_with,
        images=said.images,
        epochs=said.epochs,
        best_epoch=said.best_epoch,
        device=None if said.device is None else clean_text(said.device, 80),
        peak_memory_bytes=known.peak_memory_bytes,
        notes=[*(clean_text(note, 300) for note in said.notes[:NOTES]), *_unread(said, known)],
    )
    return manifest.model_copy(
        update={
            "name": known.name,
            "display_name": known.display_name,
            "provenance": provenance,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": {
                clean_text(k, 40): clean_text(v, 40) for k, v in list(manifest.versions.items())[:NOTES]
            },
        }
    )


def seen(known: Known) -> list[str]:
    """Return the pre-training data of a run: what is declared and the corpus, each once.

    `none` is dropped where there is anything else. Where nothing is declared beside a corpus, that stays to be seen.
    """
    words = vocabulary()
    data = {words.read([text])[0]: clean_text(text, 80) for text in known.pretraining_data}
    if known.corpus is not None:
        # A corpus is data, whatever it is called.
        name = f"{OTHER} {known.corpus}" if words.find(known.corpus) == NONE else known.corpus
        data.setdefault(words.read([name])[0], clean_text(name, 80))
        if not known.pretraining_data:
            data[UNDECLARED] = UNDECLARED
    return [text for name, text in data.items() if name != NONE] or list(data.values())


def _contradictions(said: Provenance, known: Known) -> Iterator[str]:
    """Yield a sentence for each fact that is stated and is not what the harness knows."""
    for name in FACTS:
        stated, true = getattr(said, name), getattr(known, name)
        # Without a corpus there is no share of one, whatever was asked for.
        if stated in (None, "") or (name == "fraction" and true is None) or _same(stated, true):
            continue
        yield _sentence(name, stated, true)
    for key, true in known.hyperparameters.items():
        if key in said.hyperparameters and not _same(said.hyperparameters[key], true):
            yield _sentence(f"hyperparameters.{key}", said.hyperparameters[key], true)
    words = vocabulary()
    covered = {NONE, *words.read([*known.pretraining_data, *seen(known)])}
    if more := [name for name in words.read(said.pretraining_data) if name not in covered]:
        titles = ", ".join(words.title(name) for name in more[:NOTES])
        yield (
            f"backbone.json says that the weights have seen {clean_text(titles, 200)}, which is not declared: name it "
            "in pretraining_data of submission.yaml, or, where it comes with weights of yours, by --pretraining-data"
        )


def _sentence(name: str, stated: object, true: object) -> str:
    was = "the run had none" if true is None else f"the run had {_shown(true)}"
    return f"backbone.json says {clean_text(name, 80)} {_shown(stated)}, {was}: state that, or leave the field out"


def _shown(value: object) -> str:
    return clean_text(value if isinstance(value, str) else json.dumps(value), 80)


def _unread(said: Provenance, known: Known) -> list[str]:
    """Return a note of declared data that the method does not name among those that it read.

    They stay declared: a method that leaves something out may not know of it, and would gain by it.
    """
    words = vocabulary()
    named = words.read(said.pretraining_data)
    unread = [name for name in words.read(known.pretraining_data) if name not in (NONE, *named)]
    if not named or not unread:
        return []
    titles = ", ".join(words.title(name) for name in unread[:NOTES])
    return [clean_text(f"declared, but not named by this run among the data that it read: {titles}", 300)]


def _same(stated: Any, true: Any) -> bool:
    """Return whether two JSON values are equal, numbers up to rounding, and text to what it reads as."""
    if isinstance(stated, str) != isinstance(true, str):
        stated, true = _read(stated), _read(true)
    if isinstance(stated, int | float) and isinstance(true, int | float):
        try:
            return math.isclose(stated, true, rel_tol=1e-6)
        except OverflowError:
            return stated == true
    if isinstance(stated, list) and isinstance(true, list):
        return len(stated) == len(true) and all(map(_same, stated, true))
    if isinstance(stated, dict) and isinstance(true, dict):
        return stated.keys() == true.keys() and all(_same(stated[key], true[key]) for key in true)
    return bool(stated == true)


def _read(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value.casefold())
    except (ValueError, RecursionError):
        return value


def _clean_object(values: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(values)) > HYPERPARAMETER_BYTES:
        return {"left out": f"more than {HYPERPARAMETER_BYTES} bytes"}
    return {clean_text(key, 80): _clean(value) for key, value in values.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value, 300)
    if isinstance(value, dict):
        return {clean_text(str(key), 80): _clean(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no such number
    return value
