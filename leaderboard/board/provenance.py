"""What a backbone's manifest says of its making, as labels and texts to show."""

from __future__ import annotations

from lovt_bench.benchmark.contract.backbone import BackboneManifest, InitialBackbone
from lovt_bench.benchmark.contract.base import digest_of
from lovt_bench.leaderboard.text import clean

SETTING = "Setting "
"""Begins the label of a hyperparameter that the user changed."""

METHOD_FILES = "Files of the method"
"""Label of the digest of a submission's files, and of the image that was run in place of a built one."""

INITIAL = "Initial weights"
"""Label of the backbone that a training started from."""

SHOWN = 16
"""Hexadecimal digits of a digest."""

LONGEST = 200
"""Characters of a text."""

_FINE_TUNED_GRAPH = (
    "a torch module made from the graph; batch norm stays as the graph has it, folded or by its statistics"
)

_TOKEN_LEVELS = {
    "last": "resampled from the tokens after the last block",
    "quarters": "resampled from the tokens after each quarter of the blocks",
}
"""By the option `levels` of a backbone whose feature levels come from tokens."""


def provenance_texts(manifest: BackboneManifest) -> dict[str, str]:
    """Return label to text in the order to show; what the manifest leaves open is absent. Texts are clean."""
    said = manifest.provenance
    rule = (manifest.options or {}).get("levels")
    best = f", the best of them number {said.best_epoch + 1}" if said.best_epoch is not None else ""
    texts = {
        "Method": said.method,
        "Variant": said.variant,
        "Profile": said.profile,
        "Share of the corpus": said.fraction and f"{100 * said.fraction:g} %",
        "Seed": None if said.seed is None else str(said.seed),
        **{f"{SETTING}{key}": _setting(value) for key, value in (said.settings or {}).items()},
        "Corpus": _digest(said.corpus_sha256),
        INITIAL: said.initial and _initial(said.initial),
        "Inputs": _digest(said.inputs_sha256),
        METHOD_FILES: said.method_sha256 and _files(said.method_sha256),
        "Container image": said.image_digest and said.image_digest[: len("sha256:") + SHOWN],
        "Checkpoint": _digest(said.source_sha256),
        "Commit": said.commit and said.commit[:SHOWN],
        "Pre-training time": None if said.seconds is None else duration(said.seconds),
        "Images drawn": None if said.images is None else f"{said.images:,}",
        "Epochs": None if said.epochs is None else f"{said.epochs}{best}",
        "Device": said.device,
        "Peak memory": said.peak_memory_bytes and f"{said.peak_memory_bytes / 2**30:.1f} GiB",
        "Paper": said.paper and str(said.paper),
        "Feature levels": _TOKEN_LEVELS.get(rule) if isinstance(rule, str) else None,
        "Fine-tuning": _FINE_TUNED_GRAPH if manifest.trainable else None,
        "Weights": _digest(manifest.sha256),
        "Made": manifest.created,
    }
    return {clean(label): clean(text, limit=LONGEST) for label, text in texts.items() if text}


def duration(seconds: float) -> str:
    """Return a time in the unit in which it is a small number."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _initial(initial: InitialBackbone) -> str:
    """Return the backbone that a training started from, with what that one learned from: no column shows it."""
    learned = f", supervision: {', then '.join(reversed(initial.supervision))}" if initial.supervision else ""
    return f"{initial.name} ({initial.sha256[:SHOWN]}){learned}"


def _setting(value: str) -> str:
    """Return a setting that is equal only to itself, however long it is."""
    if len(value) <= LONGEST:
        return value
    return f"{value[: LONGEST - SHOWN - 3]}… {digest_of(value)[:SHOWN]}"


def _files(method_sha256: str) -> str:
    digest, *image = method_sha256.split(" ", 1)
    return " ".join([digest[:SHOWN], *image])


def _digest(sha256: str | None) -> str | None:
    return sha256 and sha256[:SHOWN]
