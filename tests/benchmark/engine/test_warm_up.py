"""The warm-up of fine-tuned tasks, against the table of evaluation.md section 2.4."""

import pytest

from lovt_bench.benchmark.contract.task import WarmUp
from lovt_bench.benchmark.engine.warm_up import step_state
from lovt_bench.tasks.protocol import load_protocol
from lovt_bench.tasks.registry import load_task

PROTOCOL = load_protocol("lovt-2022").optimisation

# task: batches per epoch, (epoch, batch) on which t = W falls, steps with gradient but eval-mode batch norm
TABLE = {
    "rsna_finetune_1": (20, (5, 0), 0),
    "rsna_finetune_10": (25, (4, 0), 0),
    "rsna_finetune_100": (250, (0, 100), 150),
    "covid_unet_finetune": (16, (1, 4), 12),
    "pneumothorax_unet_finetune_100": (112, (0, 100), 12),
    "object_finetune_100": (100, (1, 0), 0),
}


def states(spec, batches, epochs, protocol=PROTOCOL):
    for step in range(batches * epochs):
        yield step, step_state(step, step - step % batches, spec.warm_up, 3e-4, protocol)


@pytest.mark.parametrize("task", TABLE)
def test_when_the_backbone_begins_to_train(task):
    batches, (epoch, batch), eval_steps = TABLE[task]
    all_states = list(states(load_task(task), batches, 8))
    first = next(step for step, state in all_states if state.backbone_gradient)
    assert divmod(first, batches) == (epoch, batch)
    assert sum(s.backbone_gradient and not s.backbone_train_mode for _, s in all_states) == eval_steps


def test_the_rate_is_set_once_for_the_warm_up_and_at_every_batch_after_it():
    spec = load_task("covid_unet_finetune")
    rates = [state.learning_rate for _, state in states(spec, 16, 3)]
    assert rates[:20] == [1e-3] + [None] * 19
    assert set(rates[20:]) == {3e-4}


def test_a_corrected_schedule_sets_the_rate_once():
    corrected = PROTOCOL.model_copy(update={"fine_tune_schedule": "plateau"})
    rates = [state.learning_rate for _, state in states(load_task("covid_unet_finetune"), 16, 3, corrected)]
    assert [step for step, rate in enumerate(rates) if rate is not None] == [0, 20]


def test_a_corrected_train_mode_begins_with_the_gradient():
    corrected = PROTOCOL.model_copy(update={"fine_tune_train_mode": "at-once"})
    state = step_state(5, 0, WarmUp(steps=5, learning_rate=1e-3), 1e-4, corrected)
    assert state.backbone_gradient
    assert state.backbone_train_mode
