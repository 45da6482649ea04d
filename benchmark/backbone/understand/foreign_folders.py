"""Folders of checkpoints that only their own library can put together: each is named, with the one command for it."""

from __future__ import annotations

import shlex
from pathlib import Path

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.contract.untrusted import clean_text

_TRUSTED = "It unpickles, so run it only where you trust whoever made the folder"


def refuse_foreign(folder: Path) -> None:
    """Raise BackboneError where a folder must be converted first, or is another one than meant; with what to do."""
    there = {each.name for each in folder.iterdir()}
    shown = clean_text(str(folder), 200)
    quoted = shlex.quote(shown)
    if ".metadata" in there and any(name.endswith(".distcp") for name in there):
        raise BackboneError(
            f"{shown} is a checkpoint of torch.distributed (DCP, FSDP), in parts of each process. Put it together: "
            f"python -m torch.distributed.checkpoint.format_utils dcp_to_torch {quoted} whole.pth, then pass "
            f"--weights whole.pth. {_TRUSTED}"
        )
    if "zero_to_fp32.py" in there or _deepspeed(folder, there):
        raise BackboneError(
            f"{shown} is a checkpoint of DeepSpeed, in parts of each process. Put it together, where DeepSpeed is "
            f"installed: python -m deepspeed.utils.zero_to_fp32 {quoted} whole, then pass --weights whole. {_TRUSTED}"
        )
    if "adapter_config.json" in there and "config.json" not in there:
        raise BackboneError(
            f"{shown} holds an adapter (PEFT, LoRA), which changes another network and is none itself. Merge them with "
            "peft: model.merge_and_unload().save_pretrained(FOLDER), then pass --weights FOLDER"
        )
    if "saved_model.pb" in there:
        raise BackboneError(
            f"{shown} is a SavedModel of TensorFlow. Export it as ONNX (tf2onnx) and submit the graph "
            "(docs/backbones.md)"
        )
    if "snapshots" in there and "blobs" in there and folder.resolve().name.startswith("models--"):
        name = folder.resolve().name.removeprefix("models--").replace("--", "/", 1)
        raise BackboneError(
            f"{shown} is a model's place in the Hub's cache, with its revisions below snapshots/. Pass "
            f"--weights hf:{clean_text(name, 200)}, or the folder of one revision"
        )


def _deepspeed(folder: Path, there: set[str]) -> bool:
    """Return whether there are parts of DeepSpeed's, here or in the folder of one step."""
    steps = [name for name in there if name.startswith("global_step")]
    return bool(
        any(name.endswith("_optim_states.pt") for name in there)
        or ("latest" in there and steps)
        or any(next((folder / step).glob("*_model_states.pt"), None) for step in steps[:8])
    )
