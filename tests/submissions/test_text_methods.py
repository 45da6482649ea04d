"""What holds for all methods with reports: going on after a stop, 16-bit precision, small demonstrations, pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lovt_bench.submissions.clip import pretrain as clip
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.declaration import choose, profile_settings, read_declaration
from lovt_bench.submissions.common.image_text.settings import TwoEncoderSettings
from lovt_bench.submissions.common.image_text.two_encoders import TwoEncoderModule
from lovt_bench.submissions.common.settings import build_settings
from lovt_bench.submissions.convirt import pretrain as convirt
from lovt_bench.submissions.gloria import pretrain as gloria
from lovt_bench.submissions.lovt import pretrain as lovt
from lovt_bench.submissions.mgca import pretrain as mgca
from tests.conftest import REPOSITORY
from tests.submissions.common.image_text.conftest import TINY, TINY_GLORIA, TINY_MGCA
from tests.submissions.small_runs import trained
from tests.submissions.tiny_corpus import write_corpus

METHODS: dict[str, tuple[type[TwoEncoderModule], type[TwoEncoderSettings], dict[str, Any]]] = {
    "lovt": (lovt.LoVT, lovt.Settings, TINY),
    "clip": (clip.CLIP, clip.Settings, TINY),
    "convirt": (convirt.ConVIRT, convirt.Settings, TINY),
    "gloria": (gloria.GLoRIA, gloria.Settings, TINY_GLORIA),
    "mgca": (mgca.MGCA, mgca.Settings, {**TINY_MGCA, "warmup_epochs": 1}),
}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return Corpus(write_corpus(tmp_path / "corpus", train=8, validation=4, test=0))


def run(name: str, corpus: Corpus, folder: Path, **changes: Any) -> TwoEncoderModule:
    """Train for three epochs; with a `time_limit` the run ends after the first."""
    method, kind, sizes = METHODS[name]
    how = {key: changes.pop(key) for key in ("resume", "time_limit") if key in changes}
    settings = kind.model_validate({**sizes, "max_epochs": 3, **changes})
    return trained(method, settings, corpus, folder, **how)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lovt", "gloria", "mgca"])
def test_a_run_that_goes_on_ends_at_the_same_weights(name: str, corpus: Corpus, tmp_path: Path):
    unbroken = run(name, corpus, tmp_path / "unbroken").state_dict()
    run(name, corpus, tmp_path / "broken", time_limit=1e-9)
    continued = run(name, corpus, tmp_path / "broken", resume=True).state_dict()
    assert unbroken.keys() == continued.keys()
    for key, value in unbroken.items():
        assert value.equal(continued[key]), key


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gloria", "mgca"])
def test_16_bit_precision_trains(name: str, corpus: Corpus, tmp_path: Path):
    changes: dict[str, Any] = {"precision": "bf16-mixed", "max_epochs": 1, "schedule": "constant"}
    model = run(name, corpus, tmp_path / "run", **changes)
    assert all(bool(value.isfinite().all()) for value in model.state_dict().values())


@pytest.mark.parametrize("name", METHODS)
def test_the_demonstration_needs_no_network_and_is_small(name: str):
    declaration = read_declaration(REPOSITORY / "submissions" / name)
    demo = profile_settings(declaration, "demo")
    for variant in declaration.variants:
        layers = [(variant, choose(declaration, variant).settings), ("demo", demo)]
        settings = build_settings(METHODS[name][1], layers)
        assert settings.text_model in ("small", "minilm")
        assert settings.initial_weights == "random"
        assert settings.image_side <= 128


@pytest.mark.parametrize("name", METHODS)
def test_each_method_has_its_papers_page_and_its_recipe(name: str):
    folder = REPOSITORY / "submissions" / name
    assert read_declaration(folder).module == f"submissions.{name}.pretrain"
    assert (folder / "README.md").stat().st_size < 5000
    recipe = (folder / "Dockerfile").read_text()
    assert f'"lovt_bench.submissions.{name}.pretrain"' in recipe
    assert f"COPY *.py submission.yaml /opt/lovt-bench/submissions/{name}/" in recipe
