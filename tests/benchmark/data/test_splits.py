"""Split rules: sizes, whole patients, scikit-learn's order, and the same draw for the same seed."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lovt_bench.benchmark.data.person import Person
from lovt_bench.benchmark.data.preparers import dataset
from lovt_bench.benchmark.data.samples import Sample
from lovt_bench.benchmark.data.splits import by_patient, held_out, permuted
from lovt_bench.tasks.protocol import load_protocol


@given(st.integers(0, 300), st.integers(0, 99))
def test_permuted_sizes_follow_the_rule(n: int, seed: int) -> None:
    ids = [str(number) for number in range(n)]
    drawn = permuted(ids, 0.2, 0.2, seed)
    assert [len(drawn[split]) for split in ("test", "validation")] == [round(0.2 * n)] * 2
    assert sorted(drawn["train"] + drawn["validation"] + drawn["test"]) == sorted(ids)
    assert drawn == permuted(ids, 0.2, 0.2, seed)


def test_rsna_has_the_published_sizes() -> None:
    drawn = permuted([str(number) for number in range(26684)], 0.2, 0.2, 0)
    assert [len(drawn[split]) for split in ("train", "validation", "test")] == [16010, 5337, 5337]


@given(st.lists(st.integers(0, 12), min_size=1, max_size=80), st.integers(0, 20))
def test_patients_stay_together_and_splits_stop_when_full(patients: list[int], seed: int) -> None:
    ids, of = [f"{number}" for number in range(len(patients))], [str(patient) for patient in patients]
    drawn = by_patient(ids, of, 0.2, 0.2, seed)
    owner = {split: {of[int(name)] for name in names} for split, names in drawn.items()}
    assert len(set().union(*owner.values())) == sum(map(len, owner.values()))
    assert sorted(chain.from_iterable(drawn.values())) == sorted(ids)
    wanted, largest = round(0.2 * len(ids)), max(of.count(patient) for patient in of)
    assert wanted <= len(drawn["test"]) <= max(0, wanted - 1 + largest) * (wanted > 0)


def test_held_out_is_the_split_of_scikit_learn() -> None:
    """`train_test_split(range(10), test_size=0.25, random_state=42)` of scikit-learn 1.9."""
    kept, held = held_out([str(number) for number in range(10)], 0.25, 42)
    assert (kept, held) == (list("0729436"), list("815"))


def test_rsna_keeps_the_images_of_known_patients_together_where_the_protocol_says_so() -> None:
    rsna = dataset("rsna")
    samples = [
        Sample(
            str(n), Path(f"{n}.dcm"), "", str(n), person=Person(patient=None if n % 7 == 0 else f"p{n // 4}")
        )
        for n in range(200)
    ]
    corrected, published = load_protocol("lovt-2026").data, load_protocol().data
    drawn = rsna.draw(samples, corrected, 1)
    split_of = {name: split for split, names in drawn.items() for name in names}
    assert len(split_of) == 200
    together = [{split_of[str(n)] for n in range(first, first + 4) if n % 7} for first in range(0, 200, 4)]
    assert {len(splits) for splits in together} == {1}
    apart = {name: split for split, names in rsna.draw(samples, published, 1).items() for name in names}
    assert any(len({apart[str(n)] for n in range(first, first + 4)}) > 1 for first in range(0, 200, 4))
