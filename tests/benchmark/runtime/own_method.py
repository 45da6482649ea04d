"""A method of "this repository" that is a script of a test: no training, no corpus, milliseconds."""

from __future__ import annotations

import json
import os
from pathlib import Path


def write_method(folder: Path, script: str, **fields: object) -> dict[str, str]:
    """Write the method `mine` and return the environment in which `submissions.mine` is found beside the others.

    Args:
        folder: Made here.
        script: Python; `output` is the path of the output.
        fields: Fields of its `submission.yaml`.
    """
    method = folder / "mine"
    method.mkdir(parents=True)
    declared = {"name": "mine", "display_name": "Mine", "supervision": "unknown", "corpus": "none"}
    module = {"module": "submissions.mine.pretrain"}
    (method / "submission.yaml").write_text(json.dumps({**declared, **module, **fields}))
    (method / "__init__.py").touch()
    (method / "pretrain.py").write_text(
        f"import sys\nfrom pathlib import Path\noutput = Path(sys.argv[sys.argv.index('--output') + 1])\n{script}"
    )
    # Python imports this file by itself wherever it starts.
    (folder / "sitecustomize.py").write_text(
        f"from lovt_bench import submissions\nsubmissions.__path__.insert(0, {str(folder)!r})\n"
    )
    return {"PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])}
