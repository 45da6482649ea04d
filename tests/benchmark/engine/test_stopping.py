"""Early stopping and best epoch, against Lightning's own early stopping callback."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from lightning.pytorch.callbacks import EarlyStopping

from lovt_bench.benchmark.engine.stopping import BestEpoch

scores = st.lists(
    st.sampled_from([0.0, 0.1, 0.100005, 0.1000099, 0.10002, 0.2, 0.5]), min_size=1, max_size=40
)


@given(scores, st.integers(1, 6))
def test_it_stops_in_the_epoch_in_which_lightning_stops(values, patience):
    ours = BestEpoch(patience, 1e-5)
    theirs = EarlyStopping("x", min_delta=1e-5, patience=patience, mode="max", check_finite=True)
    for epoch, value in enumerate(values):
        ours.update(epoch, value)
        stop, _ = theirs._evaluate_stopping_criteria(torch.tensor(value, dtype=torch.float64))
        assert ours.stop == stop
        if stop:
            break


@given(scores)
def test_the_best_epoch_is_the_earliest_of_the_largest_values_without_min_delta(values):
    best = BestEpoch(1000, 1e-5)
    for epoch, value in enumerate(values):
        best.update(epoch, value)
    assert best.best_epoch == values.index(max(values))


def test_a_value_that_is_not_finite_stops_and_is_never_best():
    best = BestEpoch(10, 1e-5)
    best.update(0, 0.3)
    assert not best.update(1, float("nan"))
    assert best.stop
    assert best.best_epoch == 0
