"""Weights as they come: one file, or a folder with a configuration and one or several files of weights.

`open_weights` says which files are to be read, in which order, and what the configuration beside them says. It opens no
file of weights. What it reads itself (JSON) is bounded, and no name and no link leads out of the folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.understand.folder_files import inside, read_json, shown
from lovt_bench.benchmark.backbone.understand.foreign_folders import refuse_foreign
from lovt_bench.benchmark.backbone.understand.report import some
from lovt_bench.benchmark.disk.digest import file_sha256

Kind = Literal["file", "transformers", "timm", "open_clip", "folder"]
"""Who wrote it: `transformers` and `timm` leave a `config.json`, `open_clip` an `open_clip_config.json`; `folder`: a
folder without any of these; `file`: one file was given, and what lies beside it does not count."""

CONFIG, OPEN_CLIP_CONFIG = "config.json", "open_clip_config.json"
INDEX_ENDING = ".index.json"
SIZE_LIMIT = 64 << 30
"""Bytes of all files together."""
SHARD_LIMIT = 1_000
CONFIG_LIMIT = 4 << 20
"""Bytes; the names of 21,000 classes take one million."""
INDEX_LIMIT = 32 << 20
NAME_LIMIT = 255
"""Bytes of a file's name, as file systems have it."""

STANDARD = ("model.safetensors", "pytorch_model.bin")
"""Names of transformers and timm, the one before the other as transformers reads them; each may come in shards."""
OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
ENDINGS = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".pth.tar", ".pkl", ".onnx")
"""What a file of weights may end with where it has no name of a library."""

_SHARD = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.(safetensors|bin)")


@dataclass(frozen=True)
class WeightFiles:
    """What is to be read, in order, and what is said beside it."""

    path: Path
    """The file or the folder."""
    kind: Kind
    files: tuple[Path, ...]
    """Files of weights in the order in which they are read; together they hold each tensor once."""
    config: Mapping[str, Any] | None = None
    """What the configuration says, plain values of JSON; None where there is none."""
    extras: tuple[Path, ...] = ()
    """Configuration and index, which belong to the digest."""
    index: Path | None = None
    """Says in which file each tensor lies, where there are several."""
    address: str | None = None
    """`hf:ORG/NAME@COMMIT`, where it came from the Hub."""
    notes: tuple[str, ...] = ()
    """What was passed over, in sentences."""

    @property
    def name(self) -> str:
        """What messages and declarations call it: the address, else the name of file or folder."""
        return self.address or (self.path if self.path.name not in ("", "..") else self.path.resolve()).name

    @property
    def size(self) -> int:
        """Bytes of all files that are read."""
        return sum(path.stat().st_size for path in self.files)

    def sha256(self) -> str:
        """Return the digest of what was given, read anew.

        One file has its own. Several, as of a folder, have the SHA-256 of the lines that `sha256sum` prints of files
        of weights, index and configuration, sorted by name: `sha256sum FILES | sha256sum`.
        """
        every = sorted({*self.files, *self.extras}, key=lambda path: path.name)
        if self.kind == "file":
            return file_sha256(self.files[0])
        lines = "".join(f"{file_sha256(path)}  {path.name}\n" for path in every)
        return hashlib.sha256(lines.encode()).hexdigest()


def open_weights(path: Path, address: str | None = None) -> WeightFiles:
    """Return which files a path means.

    Args:
        path: A file, an index of shards, or a folder.
        address: Where the folder came from, for messages and the declaration.

    Raises:
        BackboneError: Nothing is there, none or several files of weights, a folder that must be converted first (with
            the command), one shard alone, an index or a configuration that is none, or a name or link that leads out.
    """
    if path.is_dir():
        found = _folder(path, address)
    elif path.name.endswith(INDEX_ENDING) and path.is_file():
        found = _sharded(path.parent, path.name, address)
    else:
        if not path.is_file():
            missing = "is no plain file" if path.exists() else "is not there"
            raise BackboneError(
                f"no weight file: {shown(path)} {missing}; --weights names the checkpoint: a file, a folder, or "
                "hf:ORG/NAME"
            )
        _refuse_one_shard(path)
        found = WeightFiles(path, "file", (path,))
    if found.size > SIZE_LIMIT:
        raise BackboneError(
            f"{shown(found.name)} has {found.size:,} bytes of weights, at most {SIZE_LIMIT:,} are read. "
            "Save the image encoder's state dict alone"
        )
    return found


def _folder(folder: Path, address: str | None) -> WeightFiles:
    refuse_foreign(folder)
    there = {each.name for each in folder.iterdir()}
    orders = [STANDARD, OPEN_CLIP]
    if OPEN_CLIP_CONFIG in there and CONFIG not in there:
        orders.reverse()
    for name in (name for order in orders for name in order):
        if name in there:
            others = [other for other in _weight_names(there) if other != name]
            return _whole(folder, name, others, address)
        if name + INDEX_ENDING in there:
            return _sharded(folder, name + INDEX_ENDING, address)
    names = _weight_names(there)
    if len(names) == 1 and (inside(folder, names[0])):
        _refuse_one_shard(folder / names[0])
        return _whole(folder, names[0], [], address)
    expected = f"expected {', '.join(STANDARD)} (or their index with shards), {', '.join(OPEN_CLIP)}"
    if shards := [name for name in names if _SHARD.fullmatch(name)]:
        base, _, count, ending = _parts(shards[0])
        raise BackboneError(
            f"{shown(folder)} holds {len(shards)} of {count} shards and no {base}.{ending}{INDEX_ENDING}, which says "
            "where each tensor lies. Copy the index from where the shards are"
        )
    if names:
        raise BackboneError(
            f"{shown(folder)} holds {len(names)} files that may be weights and none by a name that libraries "
            f"choose; say which one: {'; '.join(f'--weights {shown(folder / name)}' for name in names[:8])}"
            f"{f' and {len(names) - 8} more' if len(names) > 8 else ''}"
        )
    raise BackboneError(
        f"{shown(folder)} holds no weights: {expected}, or one file of another name; found "
        f"{some(sorted(there), 8) or 'nothing'}"
    )


def _whole(folder: Path, name: str, others: Sequence[str], address: str | None) -> WeightFiles:
    """Return a folder whose weights lie in one file."""
    note = (f"of the folder's files of weights {name} was read, left: {some(sorted(others))}",)
    return _described(folder, (inside(folder, name),), None, address, note if others else ())


def _sharded(folder: Path, index: str, address: str | None) -> WeightFiles:
    """Return a folder whose weights lie in shards, each of which an index names."""
    path = inside(folder, index)
    names = sorted(set(weight_map(path).values()))
    if len(names) > SHARD_LIMIT:
        raise BackboneError(f"{shown(path)} names {len(names):,} files, at most {SHARD_LIMIT:,} are read")
    if missing := [name for name in names if not (folder / name).is_file()]:
        raise BackboneError(
            f"{shown(path)} names {len(names)} files, and {len(missing)} of them are not in {shown(folder)}: "
            f"{some(missing)}. Copy them there; a download may have been cut off"
        )
    return _described(folder, tuple(inside(folder, name) for name in names), path, address, ())


def _described(
    folder: Path, files: tuple[Path, ...], index: Path | None, address: str | None, notes: tuple[str, ...]
) -> WeightFiles:
    """Return the files with the configuration that lies beside them."""
    kind: Kind = "folder"
    config: Mapping[str, Any] | None = None
    path: Path | None = None
    for name, kind_of in ((OPEN_CLIP_CONFIG, _open_clip), (CONFIG, _kind_of_config)):
        whole = files[0].name if index is None else index.name.removesuffix(INDEX_ENDING)
        if name == OPEN_CLIP_CONFIG and whole in STANDARD and (folder / CONFIG).exists():
            continue  # the weights are those of config.json
        if (folder / name).exists() or (folder / name).is_symlink():
            path = inside(folder, name)
            config = read_json(path, CONFIG_LIMIT)
            kind = kind_of(config)
            break
    extras = tuple(each for each in (path, index) if each is not None)
    return WeightFiles(folder, kind, files, config, extras, index, address, notes)


def _open_clip(_config: Mapping[str, Any]) -> Kind:
    return "open_clip"


def _kind_of_config(config: Mapping[str, Any]) -> Kind:
    if isinstance(config.get("model_type"), str) or "architectures" in config:
        return "transformers"
    return "timm" if isinstance(config.get("architecture"), str) else "folder"


def weight_map(index: Path) -> dict[str, str]:
    """Return in which file of its folder an index says each tensor to lie.

    Raises:
        BackboneError: It is no index, or names what is no file of its folder.
    """
    found = read_json(index, INDEX_LIMIT).get("weight_map")
    if not isinstance(found, dict) or not found or not all(isinstance(name, str) for name in found.values()):
        raise BackboneError(
            f"{shown(index)} is no index of shards: expected a `weight_map` from names of tensors to names of files"
        )
    for name in set(found.values()):
        length = len(name.encode(errors="surrogatepass"))
        if not 0 < length <= NAME_LIMIT or name in (".", "..") or set(name) & {"/", "\\", "\0"}:
            raise BackboneError(
                f"{shown(index)} is refused: it names {shown(name)}, expected the name of a file in its own folder"
            )
    return found


def _weight_names(names: set[str]) -> list[str]:
    return sorted(name for name in names if name.lower().endswith(ENDINGS) and not name.startswith("."))


def _parts(name: str) -> tuple[str, int, int, str]:
    found = _SHARD.fullmatch(name)
    assert found is not None
    return found[1], int(found[2]), int(found[3]), found[4]


def _refuse_one_shard(path: Path) -> None:
    if not _SHARD.fullmatch(path.name):
        return
    base, number, count, ending = _parts(path.name)
    if count <= 1:
        return
    index = path.with_name(f"{base}.{ending}{INDEX_ENDING}")
    folder = shown(path.absolute().parent)
    beside = (
        "the index lies beside it"
        if index.is_file()
        else f"expected beside it: {index.name} and the other shards, which are not all there"
    )
    raise BackboneError(
        f"{shown(path.name)} is shard {number} of {count} and holds a part of the tensors; {beside}. "
        f"Give the folder: --weights {folder}"
    )
