"""The engine as a whole on tiny stores: fast and reference agree, nothing runs twice, nothing finished is lost."""

from __future__ import annotations

import dataclasses
import re
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.sources import resolve
from lovt_bench.benchmark.backbone.tokens.stored import stored_tokens
from lovt_bench.benchmark.contract.backbone import Provenance
from lovt_bench.benchmark.contract.run_record import RunRecord
from lovt_bench.benchmark.engine.evaluate import evaluate
from lovt_bench.benchmark.engine.plan.evaluation import Evaluation
from lovt_bench.benchmark.engine.plan.job_spec import EvaluationReference, JobMessage, JobSpec, refer_to
from lovt_bench.benchmark.engine.plan.jobs import plan_jobs
from lovt_bench.benchmark.engine.plan.observer import Observer
from lovt_bench.benchmark.engine.plan.recorded import load_records, results_path
from lovt_bench.benchmark.engine.plan.task_plan import TaskPlan
from lovt_bench.benchmark.engine.record.records import append_record
from lovt_bench.benchmark.engine.worker import Worker
from lovt_bench.benchmark.executor.job import JobError
from lovt_bench.leaderboard.board.build import build
from lovt_bench.leaderboard.board.contradictions import Origin, contradictions
from lovt_bench.leaderboard.board.records import read_records
from lovt_bench.leaderboard.run_plans import run_plan
from lovt_bench.leaderboard.show.as_markdown import as_markdown
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task
from tests.benchmark.contract.made import made_with
from tests.benchmark.engine.world import TINY, TinySource, TokenSource, narrow_heads, tiny_store, tiny_stores
from tests.benchmark.executor.found import results

PROTOCOL = load_protocol("lovt-2022")
SINGLE = TINY.model_copy(
    update={
        "max_epochs": 1,
        "max_runs": 1,
        "max_learning_rates": {"linear": 1, "yolov3": 1, "unet": 1, "fine-tuned": 1},
        "max_batch_size": 4,
    }
)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    return tiny_stores(tmp_path_factory.mktemp("stores"))


@pytest.fixture
def evaluation(stores, tmp_path):
    return Evaluation(
        source=TinySource(),
        specs=[load_task("covid_linear")],
        stores=stores,
        protocol=PROTOCOL,
        profile=TINY,
        workspace=tmp_path,
        device=torch.device("cpu"),
    )


DIVERGING = SINGLE.model_copy(update={"max_learning_rates": {"yolov3": 2, "linear": 1}, "max_epochs": 2})


def with_(evaluation, **changes):
    return dataclasses.replace(evaluation, **changes)


DRAWN, QUARTERS = {"drawn_per_run": True}, {"levels_rule": "quarters"}

# The U-Net head has 124 million parameters: it is compared once, with one run. No other one is wide enough to be
# convolved by Winograd's method here.
CASES = [
    pytest.param("covid_linear", TinySource, {}, TINY, id="linear"),
    pytest.param("nih_seg_linear", TinySource, DRAWN, TINY, id="linear-8-classes-drawn-per-run"),
    pytest.param("rsna_frozen_10", TinySource, DRAWN, SINGLE, id="yolov3-map-drawn-per-run"),
    pytest.param("object_frozen_100", TinySource, {}, SINGLE, id="yolov3-froc"),
    pytest.param("covid_unet_frozen", TinySource, {}, SINGLE, id="unet", marks=pytest.mark.slow),
    pytest.param("object_finetune_100", TinySource, {}, SINGLE, id="yolov3-finetuned"),
    pytest.param("covid_linear", TokenSource, DRAWN, TINY, id="linear-tokens-drawn-per-run"),
    pytest.param("object_frozen_100", TokenSource, QUARTERS, SINGLE, id="yolov3-tokens-of-quarters"),
]


@pytest.mark.parametrize(("task", "kind", "options", "profile"), CASES)
def test_the_fast_engine_gives_the_numbers_of_the_reference_engine(
    evaluation, task, kind, options, profile, monkeypatch
):
    if task != "covid_unet_frozen":
        narrow_heads(monkeypatch)
    assert_engines_agree(with_(evaluation, specs=[load_task(task)], source=kind(**options), profile=profile))


def test_both_engines_agree_on_the_tokens_of_a_backbone_in_a_folder(evaluation, tmp_path):
    backbone = TokenSource(levels_rule="quarters").load(0)
    save_backbone(
        tmp_path / "backbones" / "mine", backbone, display_name="Mine", provenance=Provenance(), onnx=False
    )
    source = resolve("mine", tmp_path)
    assert source.tokens == stored_tokens(backbone)
    assert_engines_agree(with_(evaluation, source=source))


def assert_engines_agree(evaluation):
    results = {}
    for engine in ("fast", "reference"):
        (results[engine],) = evaluate(with_(evaluation, engine=engine))
    fast, reference = results["fast"], results["reference"]
    assert fast.learning_rate == reference.learning_rate
    for ours, theirs in zip(fast.records, reference.records, strict=True):
        assert ours.run.seed == theirs.run.seed
        assert ours.epochs == theirs.epochs
        for mine, other in zip(ours.history, theirs.history, strict=True):
            # Sums of other order, amplified by two epochs of Adam; float32.
            assert mine.train_loss == pytest.approx(other.train_loss, rel=1e-4)
            assert mine.validation_loss == pytest.approx(other.validation_loss, rel=1e-4)
        assert ours.test[ours.metric] == pytest.approx(theirs.test[ours.metric], abs=2e-3)


ONE_OF_EACH = [
    load_task(task)
    for task in (
        "nih_seg_linear",
        "rsna_frozen_1",
        "covid_unet_frozen",
        "rsna_finetune_1",
        "covid_unet_finetune",
    )
]
"""A task of each head, frozen and fine-tuned: what levels are read for."""


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["last", "quarters"])
def test_both_engines_agree_on_the_tasks_of_a_vision_transformer(evaluation, rule, monkeypatch):
    narrow_heads(monkeypatch)
    results = {}
    for engine in ("fast", "reference"):
        source = TokenSource(levels_rule=rule)
        results[engine] = evaluate(
            with_(evaluation, specs=ONE_OF_EACH, profile=SINGLE, engine=engine, source=source)
        )
    for fast, reference in zip(results["fast"], results["reference"], strict=True):
        assert (fast.status, reference.status) == ("done", "done")
        for ours, theirs in zip(fast.records, reference.records, strict=True):
            assert [log.train_loss for log in ours.history] == pytest.approx(
                [log.train_loss for log in theirs.history], rel=1e-4
            )
            assert ours.test[ours.metric] == pytest.approx(theirs.test[ours.metric], abs=2e-3)


@pytest.mark.parametrize("task", ["covid_linear", "rsna_frozen_10", "object_finetune_100"])
def test_the_same_evaluation_twice_is_equal_to_the_bit(evaluation, task, tmp_path, monkeypatch):
    """In workspaces of their own, whatever torch's and numpy's generators were at: records, histories, predictions."""
    narrow_heads(monkeypatch)
    found = []
    for turn in (1, 2):
        torch.manual_seed(turn)
        np.random.seed(turn)
        place = tmp_path / str(turn)
        evaluate(with_(evaluation, specs=[load_task(task)], profile=SINGLE, workspace=place))
        saved = {
            path.relative_to(place).as_posix(): path.read_bytes()
            for path in sorted((place / "results").rglob("*"))
            if path.is_file() and path.suffix != ".jsonl"
        }
        found.append((results(place), saved))
    assert found[0][0]
    assert found[0][1], "predictions are kept"
    assert found[0] == found[1]


def test_each_final_run_has_its_own_seed(evaluation):
    (result,) = evaluate(evaluation)
    assert [record.run.seed for record in result.records] == [12345, 12346]


def test_a_second_call_runs_nothing(evaluation):
    first = evaluate(evaluation)
    source = TinySource()
    second = evaluate(with_(evaluation, source=source))
    assert source.loads == 0
    assert [result.records for result in first] == [result.records for result in second]


def test_another_profile_or_dataset_does_not_reuse_records(evaluation, stores):
    evaluate(evaluation)
    other = TINY.model_copy(update={"title": "Another"})
    evaluate(with_(evaluation, profile=other))
    records = load_records(results_path(evaluation.workspace, "phantom", "tiny", "covid_linear"))
    assert len(records) == 2 * (2 + 2)


def test_features_are_extracted_once_for_all_tasks_of_a_dataset(evaluation):
    evaluate(with_(evaluation, specs=[load_task("rsna_seg_linear_100")]))
    source = TinySource()
    evaluate(
        with_(
            evaluation, specs=[load_task("rsna_seg_linear_1"), load_task("rsna_seg_linear_10")], source=source
        )
    )
    assert source.loads == 0


def test_features_that_were_damaged_after_their_job_are_extracted_again_in_the_same_way(evaluation):
    evaluate(evaluation)
    (folder,) = (evaluation.workspace / "features").glob("covid-rural-*")
    before = {path.name: path.read_bytes() for path in folder.glob("*.npy")}
    (folder / "train-stride32.npy").unlink()
    source = TinySource()
    plan = TaskPlan(with_(evaluation, source=source), load_task("covid_linear"))
    plan.data.linear([1, 2])
    assert source.loads == 1
    assert {path.name: path.read_bytes() for path in folder.glob("*.npy")} == before


def test_a_job_is_json_for_another_process_alone(evaluation, monkeypatch):
    plan = TaskPlan(evaluation, load_task("covid_linear"))
    job = plan_jobs([plan])[-1]
    sent = JobMessage.model_validate_json(job.to_message()["payload"])
    assert sent.evaluation == refer_to(evaluation, ["covid-rural"])
    opened = sent.spec(evaluation)
    assert (opened.kind, opened.evaluation) == ("final", evaluation)
    assert (list(opened.tasks), list(opened.seeds)) == ([plan.published], list(job.payload.seeds))

    def refuse(self):
        raise AssertionError("a job of this process was made JSON")

    monkeypatch.setattr(JobSpec, "to_json", refuse)
    assert [result.status for result in evaluate(evaluation)] == ["done"]


class _Killed(BaseException):
    pass


class _KillAfter(Observer):
    def __init__(self, runs):
        self.runs = runs

    def run_finished(self, spec, config, record):
        self.runs -= 1
        if self.runs == 0:
            raise _Killed


@pytest.mark.parametrize("runs", [1, 2, 3])
@pytest.mark.parametrize("task", ["covid_linear"])
def test_a_killed_evaluation_goes_on_and_ends_with_the_same_numbers(evaluation, tmp_path, task, runs):
    specs = [load_task(task)]
    whole = evaluate(with_(evaluation, specs=specs, workspace=tmp_path / "whole"))
    cut = with_(evaluation, specs=specs, workspace=tmp_path / "cut")
    with pytest.raises(_Killed):
        evaluate(cut, _KillAfter(runs))
    path = results_path(cut.workspace, "phantom", "tiny", task)
    finished = set(load_records(path))
    assert len(finished) == runs
    resumed = evaluate(cut)
    assert finished <= set(load_records(path))
    assert len(path.read_bytes().splitlines()) == 4
    for ours, theirs in zip(resumed[0].records, whole[0].records, strict=True):
        assert ours.test == theirs.test


def test_a_task_with_too_few_images_fails_alone(evaluation):
    profile = TINY.model_copy(update={"max_batch_size": 8, "max_train_images": 4})
    fine = evaluation.profile
    results = evaluate(with_(evaluation, profile=profile))
    assert results[0].status == "failed"
    assert "do not fill one batch of 8" in results[0].reason
    assert evaluate(with_(evaluation, profile=fine))[0].status == "done"


def test_a_diverging_learning_rate_loses_and_is_recorded_as_diverged(evaluation, monkeypatch):
    narrow_heads(monkeypatch)
    spec = load_task("rsna_frozen_1").model_copy(update={"learning_rates": [1e30, 1e-3]})
    (result,) = evaluate(with_(evaluation, specs=[spec], profile=DIVERGING))
    assert result.learning_rate == 1e-3
    records = load_records(results_path(evaluation.workspace, "phantom", "tiny", "rsna_frozen_1"))
    statuses = {(r.run.phase, r.run.learning_rate): r.status for r in records.values()}
    assert statuses["tune", 1e30] == "diverged"
    assert contradicting(with_(evaluation, profile=DIVERGING), spec) == set()


def test_a_task_whose_every_learning_rate_diverges_fails_with_the_reason(evaluation, monkeypatch):
    narrow_heads(monkeypatch)
    spec = load_task("rsna_frozen_1").model_copy(update={"learning_rates": [1e30, 1e29]})
    results = evaluate(with_(evaluation, specs=[spec, load_task("covid_linear")], profile=DIVERGING))
    assert [result.status for result in results] == ["failed", "done"]
    assert "all tuning runs diverged" in results[0].reason


def test_a_backbone_without_the_levels_of_a_head_is_refused_before_anything_runs(evaluation):
    class Shallow(TinySource):
        @property
        def levels(self):
            return super().levels[2:]

    with pytest.raises(ValueError, match=r"head unet reads feature levels at strides .* backbone tiny has"):
        evaluate(with_(evaluation, source=Shallow(), specs=[load_task("covid_unet_frozen")]))


def test_a_record_says_how_fast_the_bare_forward_was_here(evaluation, tmp_path):
    """Of 70 training images the second batch of 32 is timed. Features that came from elsewhere say nothing of here."""

    def speed_of(record: RunRecord) -> float:
        assert record.made_with is not None
        return record.made_with.forward_images_per_second or 0

    stores = {"covid-rural": tiny_store(tmp_path, "covid-rural", images=140)}
    profile = TINY.model_copy(update={"max_train_images": 70, "max_epochs": 1})
    larger = with_(evaluation, stores=stores, profile=profile)
    (linear,) = evaluate(larger)
    assert speed_of(linear.records[0]) > 0
    (manifest,) = (tmp_path / "features").glob("*/features.json")
    elsewhere = re.sub('"device_name": ?"[^"]*"', '"device_name":"Another"', manifest.read_text())
    assert elsewhere != manifest.read_text()
    manifest.write_text(elsewhere)
    shutil.rmtree(tmp_path / "results")
    (again,) = evaluate(larger)
    assert speed_of(again.records[0]) == 0


def test_a_record_says_what_made_it(evaluation):
    (linear,) = evaluate(evaluation)
    made = linear.records[0].made_with
    assert made is not None
    assert (made.device_kind, made.threads) == ("cpu", torch.get_num_threads())
    assert made.torch == torch.__version__
    assert made.feature_library == f"torch {torch.__version__}"
    assert made.forward_images_per_second is None, "twelve images are less than two batches"
    # Eight images are two batches of three; two epochs.
    assert (made.steps, made.skipped_steps) == (2 * 2, None)
    assert (made.winograd, made.cuda_graph) == (False, False)
    assert made.peak_host_bytes == linear.records[0].peak_memory_bytes
    tuned = load_records(results_path(evaluation.workspace, "phantom", "tiny", "covid_linear")).values()
    assert {record.grid_edge for record in tuned if record.run.phase == "tune"} == {None}


class _Brightness(TinySource):
    """Every channel is the mean brightness, times a factor."""

    factor = 1.0

    def load(self, seed):
        backbone = super().load(seed)
        channels = [level.channels for level in backbone.levels]

        def bright(image):
            return tuple(
                self.factor * F.avg_pool2d(image[:, :1], 2**power).repeat(1, count, 1, 1)
                for power, count in enumerate(channels, start=1)
            )

        backbone.feature_maps = bright  # type: ignore[method-assign]
        return backbone


@pytest.mark.parametrize(("factor", "rate", "edge"), [(1.0, 0.03, None), (10.0, 0.1, "highest")])
def test_features_times_ten_move_the_tuned_rate_to_the_edge_of_the_grid(tmp_path, factor, rate, edge):
    source = _Brightness()
    source.factor = factor
    profile = TINY.model_copy(
        update={
            "min_train_images": 24,
            "max_train_images": 24,
            "max_validation_images": 12,
            "max_epochs": 12,
            "max_patience": 12,
            "max_runs": 1,
            "max_learning_rates": {"linear": 4},
        }
    )
    spec = load_task("covid_linear").model_copy(update={"learning_rates": [0.1, 0.03, 0.01, 0.003]})
    (result,) = evaluate(
        Evaluation(
            source=source,
            specs=[spec],
            stores={"covid-rural": tiny_store(tmp_path, "covid-rural", images=60)},
            protocol=PROTOCOL,
            profile=profile,
            workspace=tmp_path,
            device=torch.device("cpu"),
        )
    )
    assert (result.learning_rate, result.records[0].grid_edge) == (rate, edge)
    board = build(read_records(tmp_path / "results"), [], [spec])
    assert board.tables[0].rows[0].cells[0].grid_edge == edge
    assert ("‡" in as_markdown(board)) == (edge is not None)


def from_a_gpu(evaluation, task="covid_linear", runs=None):
    """Take the records of an evaluation for those of a GPU, only the first of them if asked for."""
    path = results_path(evaluation.workspace, "phantom", "tiny", task)
    records = list(load_records(path).values())[:runs]
    path.unlink()
    for record in records:
        other = record.model_copy(
            update={"device": "NVIDIA A100", "made_with": made_with("NVIDIA A100", steps=4)}
        )
        append_record(path, other)
    return path


def test_a_cell_that_was_begun_on_a_gpu_is_not_gone_on_with_on_a_cpu(evaluation):
    evaluate(evaluation)
    path = from_a_gpu(evaluation, runs=3)
    before = path.read_bytes()
    specs = [load_task("rsna_frozen_1"), *evaluation.specs]
    with pytest.raises(ValueError, match="nothing was begun") as raised:
        evaluate(with_(evaluation, specs=specs, source=TinySource()))
    text = str(raised.value)
    assert (
        "covid_linear: recorded are 3 from cuda in float32; this call would add runs from cpu in float32"
        in text
    )
    assert "rsna_frozen_1" not in text
    assert "Go on with --device cuda, or begin" in text
    assert str(path) in text
    assert path.read_bytes() == before
    path.rename(evaluation.workspace / "kept.jsonl")
    assert [result.status for result in evaluate(evaluation)] == ["done"]


def test_a_whole_cell_of_a_gpu_is_left_as_it_is(evaluation):
    evaluate(evaluation)
    before = from_a_gpu(evaluation).read_bytes()
    (result,) = evaluate(evaluation)
    assert {record.device for record in result.records} == {"NVIDIA A100"}
    assert results_path(evaluation.workspace, "phantom", "tiny", "covid_linear").read_bytes() == before


def test_a_job_that_was_planned_before_a_gpu_recorded_runs_does_not_mix_them(evaluation):
    evaluate(evaluation)
    from_a_gpu(evaluation, runs=2)
    plan = TaskPlan(evaluation, load_task("covid_linear"))
    (job,) = plan_jobs([plan])
    with pytest.raises(JobError, match="runs of one cell are not mixed"):
        Worker()(job.payload, lambda event: None)


def test_a_cell_of_another_profile_may_be_of_another_device(evaluation):
    evaluate(evaluation)
    from_a_gpu(evaluation)
    other = TINY.model_copy(update={"title": "Another"})
    assert [result.status for result in evaluate(with_(evaluation, profile=other))] == ["done"]


def test_tuning_never_looks_at_test(evaluation):
    evaluate(evaluation)
    records = load_records(results_path(evaluation.workspace, "phantom", "tiny", "covid_linear")).values()
    assert all(not record.test for record in records if record.run.phase == "tune")
    assert all(record.test for record in records if record.run.phase == "final")


def test_what_is_recorded_contradicts_nothing_and_says_who_measured(evaluation):
    evaluate(with_(evaluation, measured_by="us"))
    assert {record.measured_by for record in read_records(evaluation.workspace / "results").records} == {"us"}
    assert contradicting(evaluation, load_task("covid_linear")) == set()
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert contradicting(evaluation, load_task("covid_linear"), yesterday) == {"in the future"}


def contradicting(evaluation, spec, now=None):
    """Return the ends of what the board would say against the records of a task."""
    plan = run_plan(evaluation.protocol, evaluation.profile, [spec])
    records = read_records(evaluation.workspace / "results")
    assert {record.run.task_sha256 for record in records.records} == {plan.tasks[spec.id].digest()}
    found = contradictions(records, [plan], {"tiny": Origin(known=True)}, now or datetime.now(UTC))
    return {item.text.rstrip(".").partition("which is ")[2] or item.text for item in found}


def test_who_measured_reaches_the_processes_that_measure(evaluation):
    reference = refer_to(with_(evaluation, measured_by="us"))
    assert EvaluationReference.model_validate_json(reference.to_json()).measured_by == "us"


class _Progress(Observer):
    def __init__(self):
        self.total = self.done = 0.0
        self.runs = self.finished = 0

    def start(self, total_cost, runs):
        self.total, self.runs = total_cost, runs

    def advance(self, cost):
        self.done += cost

    def run_finished(self, spec, config, record):
        self.finished += 1


@pytest.mark.parametrize("drawn_per_run", [False, True], ids=["fixed", "drawn"])
def test_progress_ends_at_what_was_announced(evaluation, drawn_per_run):
    """Tasks that share features must not each announce their extraction."""
    progress = _Progress()
    specs = [load_task("rsna_seg_linear_1"), load_task("rsna_seg_linear_100"), load_task("covid_linear")]
    evaluate(with_(evaluation, specs=specs, source=TinySource(drawn_per_run=drawn_per_run)), progress)
    assert progress.finished == progress.runs == 12
    assert progress.done == pytest.approx(progress.total)


@pytest.mark.parametrize(("precision", "dtype"), [("float16", np.float16), ("float32", np.float32)])
def test_the_protocol_decides_the_precision_of_frozen_features(evaluation, precision, dtype):
    entries = PROTOCOL.optimisation.model_copy(update={"frozen_feature_precision": precision})
    evaluate(with_(evaluation, protocol=PROTOCOL.model_copy(update={"optimisation": entries})))
    files = list((evaluation.workspace / "features").rglob("*.npy"))
    assert len(files) == 3
    assert {np.load(file, mmap_mode="r").dtype for file in files} == {np.dtype(dtype)}


def test_a_store_of_another_protocol_is_refused_with_the_command(evaluation):
    entries = PROTOCOL.data.model_copy(update={"odd_padding": "exact"})
    protocol = PROTOCOL.model_copy(update={"name": "corrected", "data": entries})
    with pytest.raises(ValueError, match=r"by the data entries of protocol lovt-2022.*--protocol corrected"):
        evaluate(with_(evaluation, protocol=protocol))
    assert not list(evaluation.workspace.glob("results/**/*.jsonl"))


@pytest.mark.parametrize(
    "damage", [lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"x" * 999)]
)
def test_a_damaged_cache_is_made_again_and_the_numbers_are_the_same(evaluation, tmp_path, caplog, damage):
    (before,) = evaluate(evaluation)
    (path,) = tmp_path.glob("features/*/train-stride32.npy")
    damage(path)
    results_path(tmp_path, "phantom", "tiny", "covid_linear").unlink()
    (after,) = evaluate(evaluation)
    assert [record.test for record in after.records] == [record.test for record in before.records]
    assert [record.levelname for record in caplog.records].count("WARNING") == 1
    assert "train-stride32.npy: content differs from its digest; thrown away and made again" in caplog.text


@pytest.mark.parametrize(
    "left",
    [
        "features/rsna-0123/.tmp-test-stride4.npy-01234567.npy",
        "examples/phantom/mine/.tmp-covid_linear.json-01234567.json",
    ],
)
def test_what_a_killed_process_left_elsewhere_is_swept(evaluation, tmp_path, left):
    """Other features, and examples whose run is recorded: nobody writes to these folders again."""
    path = tmp_path / left
    path.parent.mkdir(parents=True)
    path.touch()
    evaluate(with_(evaluation, specs=[]))
    assert not path.exists()
