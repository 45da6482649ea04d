"""A denoising autoencoder as somebody from elsewhere writes it: PyTorch, docs/contract.md, docs/corpus.md, no more."""

# ruff: noqa: T201

import argparse
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, mse_loss

from lovt_bench.benchmark.backbone.folder import save_backbone
from lovt_bench.benchmark.backbone.registry import build
from lovt_bench.benchmark.contract.backbone import Provenance

DONE, BAD_CONFIGURATION, BAD_DATA, RESUMABLE = 0, 64, 65, 75
DEFAULTS = {"epochs": 3, "noise": 0.3, "learning_rate": 0.01, "batch_size": 8, "side": 64}

parser = argparse.ArgumentParser()
parser.add_argument("--input", type=Path, default=Path("/input"))
parser.add_argument("--output", type=Path, default=Path("/output"))
places = parser.parse_args()
given = json.loads(os.environ.get("LOVT_BENCH_SETTINGS", "{}"))
if wrong := sorted(set(given) - set(DEFAULTS)):
    print(f"Error: no setting {', '.join(wrong)}; there are {', '.join(DEFAULTS)}", file=sys.stderr)
    sys.exit(BAD_CONFIGURATION)
settings = DEFAULTS | given
seed = int(os.environ.get("LOVT_BENCH_SEED", "0"))
if os.environ.get("LOVT_BENCH_REHEARSAL"):
    settings["epochs"] = min(settings["epochs"], 2)

stopped: list[int] = []
signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))


def tell(event: str, **more: object) -> None:
    print(json.dumps({"event": event, **more}), flush=True)


def read_images(corpus: Path, side: int) -> Tensor:
    """Return (N, 1, side, side) float32 in [0, 1], the first images of the training split in stored order."""
    if not (corpus / "corpus.json").is_file():
        print(f"Error: no corpus in {corpus}", file=sys.stderr)
        sys.exit(BAD_DATA)
    pixels = np.load(corpus / "pixels.npy", mmap_mode="r")
    rows = pq.read_table(corpus / "images.parquet").to_pylist()
    rows = [row for row in rows if row["split"] == "train"]
    found = []
    for row in rows[: round(float(os.environ.get("LOVT_BENCH_FRACTION", "1")) * len(rows))]:
        height, width = row["height"], row["width"]
        grey = np.array(pixels[row["offset"] : row["offset"] + height * width]).reshape(1, 1, height, width)
        found.append(interpolate(torch.from_numpy(grey).float() / 255, (side, side), mode="bilinear"))
    return torch.cat(found)


torch.manual_seed(seed)
images = read_images(places.input, settings["side"])
images = (images - images.mean()) / images.std()
encoder = build("resnet18")
decoder = nn.Sequential(
    nn.Conv2d(512, 32, 1), nn.ReLU(), nn.Upsample(scale_factor=32), nn.Conv2d(32, 1, 3, padding=1)
)
optimiser = torch.optim.SGD(
    [*encoder.parameters(), *decoder.parameters()], lr=settings["learning_rate"], momentum=0.9
)
parts: dict[str, nn.Module | torch.optim.Optimizer] = {
    "encoder": encoder,
    "decoder": decoder,
    "optimiser": optimiser,
}

checkpoint, first = places.output / "checkpoints" / "last.pt", 0
if os.environ.get("LOVT_BENCH_RESUME") and checkpoint.is_file():
    state = torch.load(checkpoint, weights_only=True)
    first = state.pop("epoch")
    for name, part in parts.items():
        part.load_state_dict(state[name])
checkpoint.parent.mkdir(exist_ok=True)

tell("start", epochs=settings["epochs"])
for epoch in range(first, settings["epochs"]):
    # Order and noise follow from seed and epoch: a run that goes on ends in the weights of one that never stopped.
    drawn = torch.Generator().manual_seed(1000 * seed + epoch)
    for rows in torch.randperm(len(images), generator=drawn).split(settings["batch_size"]):
        clean = images[rows]
        noisy = clean + settings["noise"] * torch.randn(clean.shape, generator=drawn)
        loss = mse_loss(decoder(encoder(noisy.expand(-1, 3, -1, -1))[32]), clean)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if stopped:
            sys.exit(RESUMABLE)
    state = {name: part.state_dict() for name, part in parts.items()} | {"epoch": epoch + 1}
    torch.save(state, checkpoint.with_suffix(".tmp"))
    checkpoint.with_suffix(".tmp").replace(checkpoint)
    tell("epoch", epoch=epoch + 1, values={"train/loss": loss.item()})

name = os.environ.get("LOVT_BENCH_NAME", "denoiser")
save_backbone(
    places.output / "backbone",
    encoder,
    name=name,
    display_name=name,
    provenance=Provenance(epochs=settings["epochs"]),
    onnx=False,
)
tell("done")
