"""What each of eleven usual mistakes says: the table of docs/add-a-method.md, on a real engine."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.runtime import request
from tests.conftest import REPOSITORY
from tests.containers import images
from tests.journey.method import write_method
from tests.submissions.tiny_corpus import write_corpus

pytestmark = pytest.mark.slow

PAGE = (REPOSITORY / "docs" / "add-a-method.md").read_text(encoding="utf-8")
TOLD = dict(re.findall(r"^\| ([a-z0-9][^|]*?) \| `([^`]+)` \|", PAGE, re.MULTILINE))

SAVED = 'tell("done")'
FOLDER = 'places.output / "backbone"'
MANIFEST = "path = places.output / 'backbone' / 'backbone.json'; text = path.read_text(); "
MISTAKES = {
    "a wrong file name": f"({FOLDER} / 'backbone.safetensors').rename({FOLDER} / 'weights.safetensors')",
    "a missing level": MANIFEST
    + "found = json.loads(text); found['levels'].pop(); path.write_text(json.dumps(found))",
    "weights that are NaN": "[weight.data.fill_(float('nan')) for weight in encoder.parameters()]; "
    f"save_backbone({FOLDER}, encoder, name=name, display_name=name, provenance=Provenance(), onnx=False)",
    "a normalisation of its own": MANIFEST
    + "found = json.loads(text); found['input']['normalisation'] = 'imagenet'; path.write_text(json.dumps(found))",
    "writing outside /output": "Path('/opt/method.pt').write_text('weights')",
    "100 MB of output, then a crash": "[print('x' * 1000) for _ in range(100_000)]; raise RuntimeError('at last')",
    "a missing package": "import einops_of_yesterday",
    "a download": "import urllib.request; urllib.request.urlopen('http://example.org/weights.pth')",
    "a crash": "raise RuntimeError('a mistake in the last line')",
}
"""What stands in the method's last line."""
DECLARED = {
    "a wrong key": ("licence: MIT", "license: MIT"),
    "a wrong value": ("supervision: self", "supervision: selfsupervised"),
}
"""What stands in `submission.yaml`."""


def test_the_page_tells_of_all_of_them() -> None:
    assert set(TOLD) == {*MISTAKES, *DECLARED}
    assert len(TOLD) == 11


def in_order(told: str) -> str:
    """Return a pattern of what the page tells; `…` is anything."""
    return ".*".join(re.escape(part) for part in told.split("…"))


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_code(
    mistake: str, base_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request, "Request", partial(request.Request, more_mounts=[images.site_mount()]))
    monkeypatch.chdir(tmp_path)
    write_corpus(tmp_path / "workspace" / "corpora" / "tiny", train=8, side=64)
    write_method(tmp_path, mend=(SAVED, MISTAKES[mistake]))
    result = CliRunner().invoke(
        main,
        [
            *("pretrain", "denoiser", "--set", "epochs=1", "--corpus", "tiny", "--workspace", "workspace"),
            *("--memory", "2g", "--base-image", base_image, "--build-network", "none"),
        ],
    )
    assert result.exit_code == 1, result.output
    assert re.search(in_order(TOLD[mistake]), " ".join(result.output.split())), result.output[-3000:]
    assert not list((tmp_path / "workspace" / "backbones").glob("[!.]*"))


@pytest.mark.parametrize("mistake", DECLARED)
def test_a_mistake_of_the_declaration(mistake: str, tmp_path: Path) -> None:
    folder = write_method(tmp_path)
    path = folder / "submission.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(*DECLARED[mistake]), encoding="utf-8")
    result = CliRunner().invoke(main, ["submission", "check", str(folder)])
    assert result.exit_code == 1, result.output
    assert re.search(in_order(TOLD[mistake]), " ".join(result.output.split())), result.output
