"""Who stands behind a row: `submission.yaml` where there is one, else `backbone.json`, else the bare name.

A backbone without a submission of its own name belongs to the one that its manifest names as method: so
`lovt-30` and `lovt-100`, both of method `lovt`, are two rows of one method.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import get_args

from pydantic import Field, PositiveInt

from lovt_bench.benchmark.contract.backbone import (
    MANIFEST,
    BackboneManifest,
    architecture_class,
    drawn_display_name,
    network_of,
)
from lovt_bench.benchmark.contract.base import NAME_RULE, Model, Name, Sha256, is_empty, is_name
from lovt_bench.benchmark.contract.controls import CONTROL, called_canary, called_ceiling
from lovt_bench.benchmark.contract.dataset import Track
from lovt_bench.benchmark.contract.declared_facts import IMAGENET, DeclaredFacts, Normalisation
from lovt_bench.benchmark.contract.leaderboard import Cell, Evidence, Overlap, Row, RowFacts
from lovt_bench.benchmark.contract.network import NetworkFacts
from lovt_bench.benchmark.contract.pretraining_data import NONE, OTHER, vocabulary
from lovt_bench.benchmark.contract.submission import (
    ClaimedNumber,
    ClaimedTrack,
    Submission,
    Supervision,
)
from lovt_bench.benchmark.contract.task import TaskSpec
from lovt_bench.benchmark.submission.read import submission_names
from lovt_bench.leaderboard.board.audits import audit_texts, with_audit
from lovt_bench.leaderboard.board.declared import Complain, read_audit, read_model, read_submission, stop
from lovt_bench.leaderboard.board.evidence import made_by
from lovt_bench.leaderboard.board.lineage import overlaps
from lovt_bench.leaderboard.board.provenance import provenance_texts
from lovt_bench.leaderboard.errors import LeaderboardError
from lovt_bench.leaderboard.text import clean
from lovt_bench.tasks.registry import load_tasks

_RANDOM, _IMAGENET, _PAPER = "random", "imagenet", "resnet50"
"""Backbones that are always there: they have no folder that could say what they are."""

CORPUS_UNKNOWN = f"{OTHER} the corpus it was given, which is not known here"
"""What is said of a method that learns from a corpus if no backbone says from which."""


class BackboneFacts(Model):
    """What a manifest says; it speaks of runs with this digest only."""

    sha256: Sha256 | None = None
    """None for a backbone that is always there."""
    architecture: str
    parameters: PositiveInt | None = None
    network: NetworkFacts | None = Field(default=None, exclude_if=is_empty)
    frozen_only: bool = False
    normalisation: Normalisation | None = Field(default=None, exclude=True)
    """As declared when it was made; runs are held against it, and no row shows it."""
    made_here: bool = False
    """The harness made the weights by running the submission, whoever did; written by releases before `made_by`."""
    made_by: Name | None = None
    """Who made the weights with the harness by running the submission."""
    provenance: dict[str, str] = {}


class Description(RowFacts):
    """What a row says beside its numbers. Texts are clean (leaderboard.text) but not escaped."""

    backbone: BackboneFacts | None = None
    """None where no backbone of that name is here."""
    overlaps: dict[Track, list[Overlap]] = {}
    """One mark per evaluation dataset."""
    audit: dict[str, str] = {}
    claimed: dict[str, ClaimedNumber] = {}
    claimed_track: ClaimedTrack = "public"

    def row(
        self,
        name: str,
        cells: list[Cell],
        *,
        facts: BackboneFacts | None,
        evidence: Evidence | None,
        track: Track,
        datasets: Collection[str],
    ) -> Row:
        """Return a row that does not stand anywhere yet.

        Args:
            name: The submission's.
            cells: What it reached.
            facts: Facts of the weights behind the cells.
            evidence: How far it was checked.
            track: Track of the table.
            datasets: Datasets of the table.
        """
        return Row(
            id=name,
            **{field: getattr(self, field) for field in RowFacts.model_fields},
            architecture=facts.architecture if facts else None,
            architecture_class=architecture_class(facts.architecture) if facts else None,
            parameters=facts.parameters if facts else None,
            network=facts.network if facts else None,
            evidence=evidence,
            overlaps=[item for item in self.overlaps.get(track, []) if item.dataset in datasets],
            frozen_only=facts.frozen_only if facts else False,
            provenance=facts.provenance if facts else {},
            audit=self.audit,
            cells=cells,
            complete=False,
            mean_rank=None,
            best_on=0,
        )


def describe(
    names: Iterable[str],
    submissions: Path | Sequence[Path] | None,
    backbones: Path | None,
    complain: Complain = stop,
    tasks: Sequence[TaskSpec] | None = None,
) -> dict[str, Description]:
    """Return the description of each submission.

    Args:
        names: Submission names; they are folder names by contract.
        submissions: Folders of submissions, the first that has a name counts; or None.
        backbones: `workspace/backbones`, or None.
        complain: Is told of a description that is not valid; by default it raises.
        tasks: On whose datasets overlaps are looked for; by default those of this repository.

    Raises:
        LeaderboardError: A description exists but is not valid, and `complain` does not take the error.
    """
    folders = [submissions] if isinstance(submissions, Path) else list(submissions or [])
    datasets = list(dict.fromkeys(spec.dataset for spec in (load_tasks() if tasks is None else tasks)))
    return {name: _describe(name, folders, backbones, datasets, complain) for name in sorted(set(names))}


def claiming(submissions: Sequence[Path], complain: Complain = stop) -> list[str]:
    """Return the names of the submissions that claim numbers, sorted.

    Raises:
        LeaderboardError: A `submission.yaml` is not valid, and `complain` does not take the error.
    """
    names = {name for folder in submissions for name in submission_names(folder)}
    for name in sorted(names):
        if not is_name(name):
            complain(
                LeaderboardError(f"submissions/{clean(name)}: a submission's folder is called {NAME_RULE}")
            )
    found = [(name, read_submission(submissions, name, complain)) for name in sorted(names)]
    return [name for name, submission in found if submission and submission.claimed]


def _describe(
    name: str, folders: Sequence[Path], backbones: Path | None, datasets: Sequence[str], complain: Complain
) -> Description:
    path = backbones / name / MANIFEST if backbones else None
    manifest = read_model(path, BackboneManifest, complain) if path else None
    own = read_submission(folders, name, complain)
    speaker = manifest.provenance.method if manifest else _family(name)
    method = own or (read_submission(folders, speaker, complain) if speaker != name else None)
    # The harness names the very run; a declaration speaks of the method.
    made = manifest is not None and manifest.provenance.inputs_sha256 is not None
    texts = [item.display_name for item in ((manifest, own) if made else (own, manifest)) if item]
    drawn = _drawn(name, manifest) if speaker == _RANDOM and own is None else None
    display_name = next(filter(None, map(clean, texts)), drawn_display_name(drawn) if drawn else name)
    methods = [method.display_name if method else "", manifest.provenance.method if manifest else ""]
    declared = _declared(own, method, manifest)
    report = read_audit(name, folders, backbones, complain)
    tracks: tuple[Track, ...] = get_args(Track)
    words = vocabulary()
    return Description(
        display_name=display_name,
        method=next(filter(None, map(clean, methods)), display_name),
        fraction=manifest.provenance.fraction if manifest else None,
        supervision=_supervision(name, method, manifest),
        **_facts_of(method, manifest),
        pretraining_data=[clean(words.title(item)) for item in declared],
        description=_initialised(drawn, manifest)
        if drawn
        else clean(method.description, limit=300)
        if method
        else "",
        backbone=_facts(name, manifest, own, method),
        overlaps={track: with_audit(overlaps(declared, datasets, track), report, track) for track in tracks},
        audit=audit_texts(report) if report else {},
        claimed=own.claimed if own else {},
        claimed_track=own.claimed_track if own else "public",
    )


def _facts_of(method: Submission | None, manifest: BackboneManifest | None) -> dict[str, str]:
    """Return what is declared of a method and rows show: as its declaration says it, else as its weights do."""
    said = {}
    for field in (field for field in DeclaredFacts.model_fields if field in RowFacts.model_fields):
        stated = (getattr(one, field) for one in (method, manifest and manifest.provenance) if one)
        if text := next(filter(None, stated), None):
            said[field] = str(text)
    return said


def _supervision(name: str, method: Submission | None, manifest: BackboneManifest | None) -> Supervision:
    """Return what the method's declaration says; where it is not here, what it said when the weights were made.

    Where nothing but run records is here, a row that is called as a control is one.
    """
    called = CONTROL if called_canary(name) or called_ceiling(name) else None
    said = manifest.provenance.supervision if manifest else called
    return method.supervision if method else said or "unknown"


def _declared(
    own: Submission | None, method: Submission | None, manifest: BackboneManifest | None
) -> list[str]:
    """Return pre-training data in their one form.

    A manifest knows what these very weights have seen, so it goes before its method, whose declaration leaves out the
    corpus. For weights from elsewhere both are declarations, and what either names counts.
    """
    words = vocabulary()
    made = words.read(manifest.provenance.pretraining_data) if manifest else []
    said = words.read(method.pretraining_data) if method else []
    if own and own.weights and made and said:
        return words.read([*made, *said])
    if not made and said and method and method.corpus != "none":
        return [*(name for name in said if name != NONE), CORPUS_UNKNOWN]
    return made or said


def _family(name: str) -> str:
    """Return the submission that speaks for `random-resnet18` and its like."""
    return _RANDOM if name.startswith(f"{_RANDOM}-") and not called_canary(name) else name


def _drawn(name: str, manifest: BackboneManifest | None) -> str:
    """Return the architecture that `random-resnet18` and its like, or a draw that was kept, are of."""
    return clean(manifest.architecture if manifest else name.removeprefix(f"{_RANDOM}-"))


def _initialised(architecture: str, manifest: BackboneManifest | None) -> str:
    """Return what is said of them: the submission `random` speaks of its own architecture only."""
    draws = "one draw" if manifest else "a new draw in each run"
    return f"{architecture} with its library's default initialisation; {draws}."


def _facts(
    name: str, manifest: BackboneManifest | None, own: Submission | None, method: Submission | None
) -> BackboneFacts | None:
    if manifest is not None:
        url = (
            own.weights.url
            if own and own.weights and own.weights.backbone_sha256 == manifest.sha256
            else None
        )
        return BackboneFacts(
            sha256=manifest.sha256,
            architecture=clean(manifest.architecture),
            parameters=manifest.parameters,
            network=_network(manifest, method),
            frozen_only=manifest.frozen_only,
            normalisation=manifest.provenance.normalisation,
            made_by=made_by(manifest.provenance),
            provenance=provenance_texts(manifest)
            | ({"Weights from": clean(str(url), limit=200)} if url else {}),
        )
    if name in (_RANDOM, _IMAGENET):
        return BackboneFacts(
            architecture=_PAPER,
            network=network_of(_PAPER),
            normalisation=IMAGENET if name == _IMAGENET else None,
        )
    if _family(name) == _RANDOM:
        drawn = _drawn(name, None)
        return BackboneFacts(architecture=drawn, network=network_of(drawn))
    return None


def _network(manifest: BackboneManifest, method: Submission | None) -> NetworkFacts | None:
    """Return the facts of a network; what is declared of its images goes before what its configuration says."""
    found = manifest.network or network_of(manifest.architecture)
    stated = [one.native_side for one in (method, manifest.provenance) if one and one.native_side]
    return found.model_copy(update={"native_side": stated[0]}) if found and stated else found
