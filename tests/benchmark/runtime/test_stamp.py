"""Who writes which field of a manifest: of a container's nothing but clean, bounded text is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmark.contract.backbone import BackboneManifest, FeatureLevel, Provenance
from benchmark.contract.untrusted import clean_text
from benchmark.runtime.stamp import Known, stamp_foreign, stamp_own

KNOWN = Known(
    name="mine", display_name="Mine", method="mine", variant="30", profile="demo", fraction=0.3, seed=3,
    corpus_sha256="a" * 64, inputs_sha256="b" * 64, pretraining_data=("MIMIC-CXR",), image_digest="sha256:c",
    seconds=12.34, peak_memory_bytes=5,
)  # fmt: skip
TEXT = st.text(max_size=50)
VALUE = st.recursive(
    st.none() | st.integers() | TEXT, lambda inner: st.dictionaries(TEXT, inner, max_size=3), max_leaves=5
)


def manifest(**provenance: object) -> BackboneManifest:
    return BackboneManifest(
        name="lovt",
        display_name="<b>LoVT</b>",
        architecture="resnet18",
        levels=[FeatureLevel(name="c5", channels=4, stride=32)],
        parameters=7,
        weights_sha256="d" * 64,
        provenance=Provenance.model_validate({"method": "lovt", "seed": 9, "seconds": 1, **provenance}),
        created="never",
    )


def test_what_the_harness_knows_takes_the_place_of_what_is_said():
    found = stamp_foreign(
        manifest(epochs=4, commit="x", source_sha256="e" * 64, pretraining_data=["none"]), KNOWN
    )
    assert (found.name, found.display_name, found.architecture, found.parameters) == (
        "mine",
        "Mine",
        "resnet18",
        7,
    )
    said = found.provenance
    assert (said.method, said.variant, said.profile, said.fraction, said.seed) == (
        "mine",
        "30",
        "demo",
        0.3,
        3,
    )
    assert (said.seconds, said.peak_memory_bytes, said.image_digest) == (12.3, 5, "sha256:c")
    assert said.pretraining_data == ["MIMIC-CXR"]
    assert said.epochs == 4
    assert said.commit is None
    assert said.source_sha256 is None
    assert found.created != "never"


def test_a_process_of_ours_keeps_its_own_measurements():
    found = stamp_own(manifest(pretraining_data=["phantom"]), KNOWN)
    assert (found.name, found.provenance.method, found.provenance.seed) == ("mine", "mine", 3)
    assert (found.provenance.seconds, found.provenance.pretraining_data) == (1, ["phantom"])


@given(
    st.dictionaries(TEXT, VALUE, max_size=4), st.lists(TEXT, max_size=30), st.none() | TEXT,
    st.dictionaries(TEXT, TEXT, max_size=3),
)  # fmt: skip
def test_any_text_becomes_a_valid_clean_manifest(
    hyperparameters: dict[str, object], notes: list[str], device: str | None, versions: dict[str, str]
):
    said = manifest(hyperparameters=hyperparameters, notes=notes, device=device)
    found = stamp_foreign(said.model_copy(update={"versions": versions}), KNOWN)
    assert BackboneManifest.model_validate_json(found.to_json()) == found
    assert all(note == clean_text(note) for note in found.provenance.notes)
    assert len(found.provenance.notes) <= 20


def test_a_megabyte_of_hyperparameters_is_left_out():
    found = stamp_foreign(manifest(hyperparameters={"x": "y" * 100_000}), KNOWN)
    assert found.provenance.hyperparameters == {"left out": "more than 65536 bytes"}


def test_a_number_that_json_does_not_have_stays_to_be_seen():
    said = manifest(hyperparameters={"loss": float("nan"), "deep": [{"best": float("inf")}]})
    found = stamp_foreign(said, KNOWN).provenance.hyperparameters
    assert found == {"loss": "nan", "deep": [{"best": "inf"}]}
