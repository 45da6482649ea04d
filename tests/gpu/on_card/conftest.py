"""Tests that need a card. Where there is none, `tests/gpu/test_pretended.py` runs them on pretended ones."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.gpu.pretended.shim import pretended


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    reason = "no CUDA device; on pretended cards by tests/gpu/test_pretended.py"
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            if not torch.cuda.is_available():
                item.add_marker(pytest.mark.skip(reason=reason))
            elif item.get_closest_marker("pretended") and not pretended():
                item.add_marker(pytest.mark.skip(reason="counts what only a pretended card tells"))


@pytest.fixture
def card() -> torch.device:
    return torch.device("cuda", 0)
