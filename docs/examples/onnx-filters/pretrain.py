"""A submission that knows the contract and nothing else of the harness: corpus in, ONNX graph out."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnx
import pyarrow.parquet
from filters import learn
from graph import make_graph

BAD_CONFIGURATION, BAD_DATA = 64, 65
SIDE = 224
SETTINGS = {"components": [4, 8, 16, 24, 32], "images": 96, "crop": 128, "patches": 8192}


def main() -> None:
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--resume", action="store_true", help="accepted; a run takes seconds and starts anew")
    try:
        arguments = parser.parse_args()
    except argparse.ArgumentError as error:
        fail(BAD_CONFIGURATION, str(error))
    if (version := os.environ.get("LOVT_BENCH_CONTRACT", "1")) != "1":
        fail(BAD_CONFIGURATION, f"speaks version 1 of the contract, the harness asks for {version}")
    settings = read_settings(os.environ.get("LOVT_BENCH_SETTINGS", "{}"))
    seed = int(os.environ.get("LOVT_BENCH_SEED", "0"))
    fraction = float(os.environ.get("LOVT_BENCH_FRACTION", "1"))

    images = read_images(arguments.input, fraction, settings["images"], settings["crop"], seed)
    say("start", text=f"{len(images)} images", epochs=len(settings["components"]))
    layers = []
    for layer in learn(images, settings["components"], settings["patches"], seed):
        layers.append(layer)
        say("epoch", epoch=len(layers), epochs=len(settings["components"]))
    write(arguments.output, make_graph(layers, SIDE), layers)
    say("done")


def read_settings(text: str) -> dict[str, Any]:
    """Return the settings, the user's in place of the defaults; all of them are numbers or lists of numbers."""
    try:
        given = json.loads(text)
        given = {key: json.loads(value) if isinstance(value, str) else value for key, value in given.items()}
    except (ValueError, AttributeError) as error:
        fail(BAD_CONFIGURATION, f"LOVT_BENCH_SETTINGS: {error}")
    if unknown := sorted(set(given) - set(SETTINGS)):
        fail(BAD_CONFIGURATION, f"unknown settings {', '.join(unknown)}; known: {', '.join(SETTINGS)}")
    settings = {**SETTINGS, **given}
    for key, value in settings.items():
        numbers = value if isinstance(SETTINGS[key], list) and isinstance(value, list) else [value]
        if not numbers or not all(isinstance(n, int) and n > 0 for n in numbers):
            fail(BAD_CONFIGURATION, f"{key}: expected something like {SETTINGS[key]}, found {value}")
    return settings


def read_images(corpus: Path, fraction: float, count: int, crop: int, seed: int) -> np.ndarray:
    """Return random crops of images of the training split as (N, crop, crop) float32, normalised by the corpus."""
    try:
        manifest = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))
        rows = pyarrow.parquet.read_table(corpus / "images.parquet").to_pylist()
        pixels = np.load(corpus / "pixels.npy", mmap_mode="r")
    except (OSError, ValueError) as error:
        fail(BAD_DATA, f"{corpus} is no prepared corpus: {error}")
    rows = [row for row in rows if row["split"] == "train"]
    studies = sorted({row["study"] for row in rows})
    kept = set(studies[: max(1, round(fraction * len(studies)))])
    rows = [row for row in rows if row["study"] in kept]
    if not rows:
        fail(BAD_DATA, f"{corpus} has no image for training")
    mean, std = (manifest["pixel_statistics"][key] for key in ("mean", "std"))
    generator = np.random.default_rng(seed)
    crops = []
    for row in (rows[i] for i in generator.permutation(len(rows))[:count]):
        height, width = row["height"], row["width"]
        image = pixels[row["offset"] : row["offset"] + height * width].reshape(height, width)
        step = max(1, min(height, width) // SIDE)
        image = image[::step, ::step]
        missing = [(0, max(0, crop - extent)) for extent in image.shape]
        image = np.pad(image, missing, mode="wrap")
        top, left = (int(generator.integers(0, extent - crop + 1)) for extent in image.shape)
        crops.append((image[top : top + crop, left : left + crop] / 255.0 - mean) / std)
    return np.stack(crops).astype(np.float32)


def write(output: Path, model: onnx.ModelProto, layers: list[np.ndarray]) -> None:
    """Write `output/backbone/`: the graph and its manifest, whole or not at all."""
    graph = model.SerializeToString(deterministic=True)
    manifest = {
        "schema_version": 1,
        "name": os.environ.get("LOVT_BENCH_NAME", "onnx-filters"),
        "display_name": "PCA filters",
        "architecture": "onnx",
        "levels": [
            {"name": f"c{number}", "channels": int(layer.shape[0]), "stride": 2**number}
            for number, layer in enumerate(layers, start=1)
        ],
        "input": {"channels": 3, "side": SIDE, "normalisation": "dataset"},
        "parameters": int(sum(layer.size for layer in layers)),
        "weights_sha256": None,
        "onnx_sha256": hashlib.sha256(graph).hexdigest(),
        "provenance": {},  # the harness writes it; what stands here of seed, settings, … must be what it asked for
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"numpy": np.__version__, "onnx": onnx.__version__},
    }
    partial, target = output / "backbone.part", output / "backbone"
    for folder in (partial, target):
        shutil.rmtree(folder, ignore_errors=True)
    partial.mkdir()
    (partial / "backbone.onnx").write_bytes(graph)
    (partial / "backbone.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    partial.rename(target)


def say(event: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def fail(code: int, message: str) -> NoReturn:
    sys.stdout.write(message + "\n")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
