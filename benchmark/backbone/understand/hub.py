"""`hf:ORG/NAME[@REVISION]` as weights: the files of one commit in the Hub's local cache, downloaded where they are not.

Files are only read; code in a model's repository is neither downloaded nor run. The cache names each file by the digest
that the Hub said of it, which `huggingface_hub` does not compare with what came; here it is compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folders import (
    CONFIG,
    INDEX_ENDING,
    OPEN_CLIP,
    OPEN_CLIP_CONFIG,
    STANDARD,
    WeightFiles,
    open_weights,
)
from lovt_bench.benchmark.contract.untrusted import clean_text
from lovt_bench.benchmark.disk.digest import file_sha256

PREFIX = "hf:"
_ADDRESS = re.compile(
    r"hf:([A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?:@([\w.-]+(?:/[\w.-]+)*))?", re.ASCII
)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_CONFIGS = (CONFIG, OPEN_CLIP_CONFIG)


def given_weights(text: str) -> WeightFiles:
    """Return which files `--weights` means: an address of the Hub, else a path.

    Raises:
        BackboneError: As `open_weights`; no address, a model that is neither in the cache nor can be had, or a file
            whose digest is not the one that the Hub said.
    """
    if not text.startswith(PREFIX):
        return open_weights(Path(text))
    found = _ADDRESS.fullmatch(text)
    if found is None or ".." in text:
        raise BackboneError(
            f"{clean_text(text, 120)} is no address of a model: expected hf:ORG/NAME or hf:ORG/NAME@REVISION, where "
            "REVISION is a branch, a tag or a commit"
        )
    model, revision = found[1], found[2] or "main"
    problem: BackboneError | None = None
    steps: list[Callable[[], Path | None]] = [partial(_cached, model, revision)]
    steps += [partial(_downloaded, model, revision, patterns) for patterns in _PATTERNS]
    for step in steps:
        if (folder := step()) is not None:
            before = _readable(folder)
            _check_digests(model, before)
            try:
                weights = _opened(model, folder)
            except BackboneError as error:  # cut off, or only its configuration was ever needed
                problem = error
                continue
            if weights.config is None and _completed(model, folder.name):
                weights = _opened(model, folder)
            files = (*weights.files, *weights.extras)
            _check_digests(model, [path for path in files if path not in before])
            if alone := sum(not path.is_symlink() for path in files):
                said = f"{alone} files in the Hub's cache are no links: no digest of the Hub says if they are whole"
                return replace(weights, notes=(*weights.notes, said))
            return weights
    raise BackboneError(f"{problem}. {_elsewhere(model, revision)}") from problem


def _shards(name: str) -> tuple[str, str, str]:
    base, ending = name.rsplit(".", 1)
    return name, name + INDEX_ENDING, f"{base}-?????-of-?????.{ending}"


_PATTERNS = tuple(
    (*_CONFIGS, *(pattern for name in names for pattern in _shards(name)))
    for names in zip(STANDARD, OPEN_CLIP, strict=True)
)
"""What is downloaded: configuration and safetensors; configuration and pickles where these were not enough."""


def _opened(model: str, folder: Path) -> WeightFiles:
    if not _COMMIT.fullmatch(folder.name):
        raise BackboneError(f"the Hub's cache names no commit for {model}: {clean_text(str(folder), 200)}")
    return open_weights(folder, f"{PREFIX}{model}@{folder.name}")


def _readable(folder: Path) -> list[Path]:
    """Return the files of a revision that may be opened."""
    return sorted({path for patterns in _PATTERNS for name in patterns for path in folder.glob(name)})


def _check_digests(model: str, files: Sequence[Path]) -> None:
    """Raise BackboneError where a file of the cache is not what the Hub said it is."""
    for path in (each.resolve() for each in files if each.is_symlink() and each.exists()):
        if len(path.name) == 64:
            found = file_sha256(path)
        elif _COMMIT.fullmatch(path.name):
            content = path.read_bytes()
            found = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        else:
            continue  # a cache of another kind, which names no digest
        if found != path.name:
            raise BackboneError(
                f"a file of {model} in the Hub's cache is not what the Hub said: expected the digest "
                f"{path.name[:16]}…, found {found[:16]}…. Delete {clean_text(str(path), 300)} and call again"
            )


def _cached(model: str, revision: str) -> Path | None:
    """Return the folder of a revision in the Hub's cache, None where nothing of it is there."""
    from huggingface_hub import try_to_load_from_cache

    names = (*_CONFIGS, *(name for each in (*STANDARD, *OPEN_CLIP) for name in (each, each + INDEX_ENDING)))
    for name in names:
        found = try_to_load_from_cache(model, name, revision=revision)
        if isinstance(found, str):
            return Path(found).parent
    return None


def _completed(model: str, commit: str) -> bool:
    """Download the configuration of a commit whose weights are in the cache; return whether it has one.

    A library that was given the name of one file leaves weights alone. Without their configuration they would be
    another network here than where the whole commit is in the cache.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache
    from huggingface_hub.errors import RemoteEntryNotFoundError

    # The cache answers None where it does not know, and another value where it knows that there is none.
    for name in (each for each in _CONFIGS if try_to_load_from_cache(model, each, revision=commit) is None):
        lacking = f"{model}@{commit} is in the Hub's cache without its configuration ({name})"
        try:
            with _explained(model, commit, lacking):
                hf_hub_download(model, name, revision=commit)
            return True
        except RemoteEntryNotFoundError:
            continue
    return False


def _downloaded(model: str, revision: str, patterns: Sequence[str]) -> Path:
    """Return the folder of a revision after what is missing of it was downloaded."""
    from huggingface_hub import snapshot_download

    with _explained(model, revision, f"{model}@{revision} is not in the Hub's cache"):
        return Path(snapshot_download(model, revision=revision, allow_patterns=list(patterns)))


@contextmanager
def _explained(model: str, revision: str, lacking: str) -> Iterator[None]:
    """Raise BackboneError where a download in the block fails; a file that the Hub does not have is let through."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except RemoteEntryNotFoundError:
        raise
    except GatedRepoError as error:
        raise BackboneError(
            f"{model} is given only to those who accepted its terms on its page: accept them, log in with "
            "`hf auth login`, call again"
        ) from error
    except RevisionNotFoundError as error:
        raise BackboneError(
            f"{model} has no revision {revision}; leave @REVISION out for its newest"
        ) from error
    except RepositoryNotFoundError as error:
        raise BackboneError(
            f"there is no model {model}, or it is private: look at the spelling, or log in with `hf auth login`"
        ) from error
    except (OSError, HfHubHTTPError, ValueError, RuntimeError) as error:
        cause = error.__cause__ or error
        why = "HF_HUB_OFFLINE is set" if isinstance(cause, OfflineModeIsEnabled) else type(cause).__name__
        raise BackboneError(
            f"{lacking}, and it could not be downloaded ({why}). {_elsewhere(model, revision)}"
        ) from error


def _elsewhere(model: str, revision: str) -> str:
    local = model.rsplit("/", 1)[1]
    return (
        f"Where there is a network: `hf download {model} --revision {revision} --local-dir {local}`; copy that folder "
        f"here and pass --weights {local}"
    )
