"""A run that was cut off ends with the weights of one that was not; nothing that only watches changes them."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Literal

import lightning.pytorch as lightning
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.plugins.precision import MixedPrecision
from rich.console import Console
from safetensors.torch import load_file

from lovt_bench.benchmark.backbone.folder import load_backbone, read_manifest
from lovt_bench.benchmark.contract.exit_codes import ExitCode
from lovt_bench.submissions.common import training
from lovt_bench.submissions.common.corpus import Corpus
from lovt_bench.submissions.common.entry import command
from lovt_bench.submissions.common.online_evaluation import OnlineEvaluation
from lovt_bench.submissions.common.settings import TrainingSettings
from tests.submissions import toy
from tests.submissions.tiny_corpus import write_corpus
from tests.submissions.toy.pretrain import Toy, ToySettings

FOLDER = Path(toy.__path__[0])


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpora") / "tiny", train=12)


def pretrain(corpus: Path, output: Path, *more: str) -> tuple[int, str]:
    """Run the toy method in this process; return exit code and what it said."""
    from click.testing import CliRunner

    arguments = ["--input", str(corpus), "--output", str(output), "--device", "cpu", *more]
    result = CliRunner().invoke(command(Toy, ToySettings, FOLDER), arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def weights(output: Path) -> dict[str, torch.Tensor]:
    return load_file(output / "backbone" / "backbone.safetensors")


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def unbroken(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("run") / "unbroken"
    code, said = pretrain(corpus, output)
    assert code == 0, said
    return output


def last_state(output: Path) -> dict[str, torch.Tensor]:
    return torch.load(output / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_backbone_tells_what_it_cost_and_is_the_best_epoch(unbroken: Path) -> None:
    provenance = read_manifest(unbroken / "backbone").provenance
    assert (provenance.method, provenance.variant, provenance.profile) == ("toy", "100", "paper")
    assert (provenance.images, provenance.epochs) == (3 * 12, 3)
    assert provenance.seconds
    assert provenance.peak_memory_bytes
    assert provenance.device == "CPU"
    made = provenance.made_with
    assert made is not None
    assert (made.device_kind, made.precision, made.torch) == ("cpu", "32-true", torch.__version__)
    assert provenance.pretraining_data == ["tiny corpus"]
    assert provenance.hyperparameters["plateau_patience"] == 0
    best = torch.load(unbroken / "checkpoints" / "best.ckpt", weights_only=True)
    assert best["epoch"] == provenance.best_epoch
    trunk = load_backbone(unbroken / "backbone").state_dict()
    assert all(torch.equal(best["state_dict"][f"backbone.{name}"], tensor) for name, tensor in trunk.items())


def test_best_epoch_has_the_lowest_monitored_value(unbroken: Path) -> None:
    import pandas as pd

    values = pd.read_csv(unbroken / "logs" / "csv" / "1" / "metrics.csv")["val/loss"].dropna().tolist()
    provenance = read_manifest(unbroken / "backbone").provenance
    assert len(values) == 3
    assert values.index(min(values)) == provenance.best_epoch
    assert provenance.hyperparameters["result"]["best val/loss"] == pytest.approx(min(values), abs=1e-6)


def test_resumed_run_ends_like_the_unbroken_one(corpus: Path, tmp_path: Path, unbroken: Path) -> None:
    code, said = pretrain(corpus, tmp_path / "run", "--time-limit", "1e-9")
    assert code == 0, said
    early = read_manifest(tmp_path / "run" / "backbone").provenance
    assert early.epochs == 1
    assert early.notes == ["ended by the time limit after 1 of 3 epochs"]
    code, said = pretrain(corpus, tmp_path / "run", "--resume")
    assert code == 0, said
    assert equal(last_state(tmp_path / "run"), last_state(unbroken))
    assert equal(weights(tmp_path / "run"), weights(unbroken))
    assert read_manifest(tmp_path / "run" / "backbone").provenance.images == 36, "both parts are counted"


def test_finished_run_is_only_exported_again(corpus: Path, tmp_path: Path, unbroken: Path) -> None:
    import shutil

    shutil.copytree(unbroken, tmp_path / "run")
    shutil.rmtree(tmp_path / "run" / "backbone")
    code, said = pretrain(corpus, tmp_path / "run", "--resume")
    assert code == 0, said
    assert "epoch 1/3" not in said
    assert equal(weights(tmp_path / "run"), weights(unbroken))


def test_watching_changes_nothing(corpus: Path, tmp_path: Path, unbroken: Path) -> None:
    code, said = pretrain(corpus, tmp_path / "run", "--no-online-evaluation")
    assert code == 0, said
    assert equal(last_state(tmp_path / "run"), last_state(unbroken))


def test_double_update_touches_running_statistics_and_no_gradient(corpus: Path, tmp_path: Path) -> None:
    states = []
    for double in ("true", "false"):
        output = tmp_path / double
        code, said = pretrain(
            corpus,
            output,
            "--set",
            f"double_bn_update={double}",
            "--set",
            "max_epochs=1",
            "--set",
            "batch_size=12",
        )
        assert code == 0, said
        states.append(last_state(output))
    with_it, without = states
    different = {name for name in with_it if not torch.equal(with_it[name], without[name])}
    assert different
    assert all("running_" in name or "num_batches" in name for name in different)
    assert int(with_it["backbone.bn1.num_batches_tracked"]) == 2 * int(
        without["backbone.bn1.num_batches_tracked"]
    )


@pytest.mark.parametrize("precision", ["16-mixed", "bf16-mixed"])
def test_the_second_update_of_batch_norm_is_in_float32_under_mixed_precision(
    corpus: Path, precision: Literal["16-mixed", "bf16-mixed"]
) -> None:
    module = Toy(ToySettings(), Corpus(corpus))
    module.train()
    plain = copy.deepcopy(module)
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 1, 32, 32), dtype=torch.uint8, generator=generator)
    batch = images, torch.zeros(4, 5)
    trainer = lightning.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.strategy.precision_plugin = MixedPrecision(precision, "cpu")
    OnlineEvaluation(probes=False, double_bn_update=True).on_train_batch_end(trainer, module, None, batch, 0)
    with torch.no_grad():
        plain.features(images)
    assert equal(dict(module.named_buffers()), dict(plain.named_buffers()))
    assert int(module.get_buffer("backbone.bn1.num_batches_tracked")) == 1


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        (("--set", "explode_at=1"), ExitCode.FAILED, "the loss is not finite in epoch 0, step 1"),
        (("--set", "batch_size=13"), ExitCode.BAD_DATA, "12 training samples do not fill one batch of 13"),
        (("--set", "width=3"), ExitCode.BAD_CONFIGURATION, "there is no setting 'width'"),
        (("--variant", "none"), ExitCode.BAD_CONFIGURATION, "toy has no variant 'none'"),
        (("--resume",), ExitCode.BAD_DATA, "no checkpoint at"),
        (
            ("--set", "initial_weights=imagenet"),
            ExitCode.BAD_DATA,
            "initial_weights=imagenet is resnet50 only",
        ),
        (("--fraction", "0.01"), ExitCode.BAD_DATA, "no training image at fraction 0.01"),
    ],
)
def test_mistakes_leave_no_backbone(
    corpus: Path, tmp_path: Path, more: tuple[str, ...], code: ExitCode, message: str
) -> None:
    found, said = pretrain(corpus, tmp_path / "run", *more)
    assert message in " ".join(said.split())
    assert found == code
    assert not (tmp_path / "run" / "backbone").exists()


def test_corpus_without_labels_or_validation(tmp_path: Path) -> None:
    plain = write_corpus(tmp_path / "plain", labels=False)
    code, said = pretrain(plain, tmp_path / "a")
    assert (code, "toy learns from labels, the corpus plain has none" in said) == (ExitCode.BAD_DATA, True)
    short = write_corpus(tmp_path / "short", validation=0)
    code, said = pretrain(short, tmp_path / "b")
    assert (code, "no validation split" in said) == (ExitCode.BAD_DATA, True)


class Bomb:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("exploded"),))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:1000]), "cannot be read as a checkpoint"),
        (lambda path: torch.save({"state_dict": Bomb()}, path), "cannot be read as a checkpoint"),
        (lambda path: path.write_bytes(pickle.dumps(Bomb())), "cannot be read as a checkpoint"),
        (lambda path: torch.save({"weights": 1}, path), "no checkpoint of a pre-training"),
        (lambda path: torch.save({"state_dict": {}}, path), "a checkpoint of something else, not of toy"),
        (
            lambda path: torch.save({"state_dict": {}, "lovt_bench": {"method": "byol", "digest": ""}}, path),
            "a checkpoint of byol, not of toy",
        ),
    ],
    ids=["truncated", "code", "bare pickle", "other", "anonymous", "another method"],
)
def test_foreign_checkpoint_is_refused_and_none_of_its_code_runs(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unbroken: Path, damage, message: str
) -> None:
    import shutil

    monkeypatch.chdir(tmp_path)
    shutil.copytree(unbroken / "checkpoints", tmp_path / "run" / "checkpoints")
    damage(tmp_path / "run" / "checkpoints" / "last.ckpt")
    code, said = pretrain(corpus, tmp_path / "run", "--resume")
    assert message in " ".join(said.split())
    assert code == ExitCode.BAD_DATA
    assert not (tmp_path / "exploded").exists()


def test_resuming_with_other_settings_and_starting_over_a_run_are_refused(
    corpus: Path, tmp_path: Path, unbroken: Path
) -> None:
    import shutil

    shutil.copytree(unbroken / "checkpoints", tmp_path / "run" / "checkpoints")
    code, said = pretrain(corpus, tmp_path / "run", "--resume", "--seed", "1")
    assert (code, "other settings, another corpus or another seed" in said) == (ExitCode.BAD_DATA, True)
    code, said = pretrain(corpus, tmp_path / "run")
    assert (code, "--resume goes on with it" in " ".join(said.split())) == (ExitCode.BAD_CONFIGURATION, True)


def test_a_run_goes_on_with_changes_that_are_accepted_and_fit(
    corpus: Path, tmp_path: Path, unbroken: Path
) -> None:
    import shutil

    run = tmp_path / "run"
    shutil.copytree(unbroken / "checkpoints", run / "checkpoints")
    code, said = pretrain(corpus, run, "--resume", "--accept-changes", "--set", "architecture=resnet34")
    assert code == ExitCode.BAD_DATA, said
    assert "is of a model with other parameters than this one" in " ".join(said.split())
    assert not (run / "backbone").exists()
    code, said = pretrain(corpus, run, "--resume", "--accept-changes", "--seed", "1")
    assert code == 0, said
    assert "epoch 1/3" not in said, "it trained again"
    assert equal(weights(run), weights(unbroken)), "what was finished is exported"
    code, said = pretrain(corpus, run, "--resume", "--accept-changes", "--set", "max_epochs=4")
    assert code == 0, said
    assert "epoch 3/4" not in said
    assert "epoch 4/4" in said
    assert read_manifest(run / "backbone").provenance.epochs == 4


class Rates(Callback):
    """Records the learning rate of every optimiser step."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer) -> None:
        self.seen.append(optimizer.param_groups[0]["lr"])


def rates_of(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **values: object) -> list[float]:
    from lovt_bench.submissions.common.corpus import Corpus

    rates = Rates()
    saving = training.ckpt.checkpoint_callbacks
    monkeypatch.setattr(training.ckpt, "checkpoint_callbacks", lambda *args: [rates, *saving(*args)])
    module = Toy(ToySettings.model_validate(values), Corpus(corpus), 0)
    options = training.RunOptions(tmp_path / "run", device="cpu", online_evaluation=False)
    training.train(module, method="toy", digest="d", seed=0, options=options, console=Console(quiet=True))
    return rates.seen


def test_cosine_falls_to_zero_in_one_epoch_and_rises_in_the_next(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """12 samples in batches of 2, 4 batches a step: the last, shorter group of an epoch makes a step, too."""
    values = {"schedule": "cosine_per_epoch", "batch_size": 2, "accumulate": 4, "learning_rate": 1e-3}
    rates = rates_of(corpus, tmp_path, monkeypatch, **values)
    assert rates == pytest.approx([1e-3, 5e-4, 0, 5e-4, 1e-3, 5e-4], abs=1e-12)


def test_warm_up_holds_a_rate_for_an_epoch_and_begins_at_zero(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = {"schedule": "warmup_cosine", "warmup_epochs": 1, "batch_size": 6, "learning_rate": 1e-3}
    rates = rates_of(corpus, tmp_path, monkeypatch, **values)
    assert rates == pytest.approx([0, 0, 1e-3, 1e-3, 5e-4, 5e-4], abs=1e-12)


def test_plateau_needs_a_monitor() -> None:
    from lovt_bench.submissions.common.errors import PretrainingError
    from lovt_bench.submissions.common.learning_rate import LearningRate

    with pytest.raises(PretrainingError, match="needs a method with validation"):
        LearningRate(TrainingSettings(schedule="plateau"), None)
