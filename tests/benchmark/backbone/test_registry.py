"""An architecture is one file."""

from __future__ import annotations

import pytest

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.registry import architectures, blueprint, build


def test_a_new_file_is_a_new_architecture(toy: str) -> None:
    assert toy in architectures()
    assert [level.name for level in build(toy).levels] == ["fine", "coarse"]


def test_blueprint_holds_no_values() -> None:
    assert all(tensor.is_meta for tensor in blueprint("wide_resnet101_2").state_dict().values())


@pytest.mark.parametrize("function", [build, blueprint])
def test_unknown_architecture_names_the_known(function) -> None:
    with pytest.raises(BackboneError, match=r"unknown architecture 'vgg'; known: .*resnet50"):
        function("vgg")
