"""Methods rehearse: two steps an epoch, one epoch more after a resume, and nothing of it in the settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from lovt_bench.submissions.common.checkpoints import LAST, read_checkpoint
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.errors import NonFiniteLossError
from lovt_bench.submissions.common.rehearsal import EPOCHS, shortened
from lovt_bench.submissions.common.training import RunOptions, train
from tests.submissions.tiny_corpus import write_corpus
from tests.submissions.toy.pretrain import Toy, ToySettings


@pytest.mark.parametrize(
    ("samples", "ranks", "asked", "batch"), [(12, 1, 32, 6), (12, 2, 32, 3), (12, 1, 4, 4), (3, 4, 32, 2)]
)
def test_two_steps_fill_an_epoch(samples: int, ranks: int, asked: int, batch: int):
    settings = shortened(ToySettings(batch_size=asked, max_epochs=1, patience=3), samples, ranks, None)
    assert (settings.batch_size, settings.max_epochs, settings.patience) == (batch, EPOCHS, None)
    assert shortened(settings, samples, ranks, {"epoch": 3}).max_epochs == 5
    for earlier in (None, {"epoch": 3}):
        assert shortened(settings, samples, ranks, earlier, epochs=8).max_epochs == 8


def test_it_goes_on_for_one_epoch_and_keeps_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("lovt_bench.submissions.common.rehearsal.EPOCHS", 2)
    corpus = Corpus(write_corpus(tmp_path / "corpus", train=12))
    options = RunOptions(folder=tmp_path / "run", device="cpu", rehearsal=True)

    def rehearse(options: RunOptions, settings: ToySettings) -> tuple[int, int]:
        module = Toy(settings, corpus)
        result = train(
            module, method="toy", digest="0" * 64, seed=1, options=options, console=Console(quiet=True)
        )
        assert module.settings is settings
        return result.epochs, result.samples

    large = ToySettings(batch_size=64, max_epochs=1)
    assert rehearse(options, large) == (2, 24)
    assert rehearse(replace(options, resume=True), large) == (3, 36)
    assert read_checkpoint(tmp_path / "run" / "checkpoints" / LAST)["global_step"] == 6
    with pytest.raises(NonFiniteLossError):
        rehearse(replace(options, folder=tmp_path / "bad"), ToySettings(batch_size=64, explode_at=1))
