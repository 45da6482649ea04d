"""Checkpoints as they occur in the wild, all made from one torchvision network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import torch
from torch import Tensor, nn
from torchvision.models import get_model

State = dict[str, Tensor]


@cache
def network(architecture: str = "resnet18", seed: int = 0) -> nn.Module:
    """Return a network as after training: no tensor is a constant. Not to be changed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = get_model(architecture, weights=None, num_classes=5)
        for module in net.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1, 0.1)
                nn.init.normal_(module.bias, 0, 0.1)
                module.get_buffer("running_mean").normal_(0, 0.1)
                module.get_buffer("running_var").uniform_(0.5, 1.5)
                module.get_buffer("num_batches_tracked").fill_(7)
    return net.eval()


def state(architecture: str = "resnet18", seed: int = 0) -> State:
    """Return its state dict, classifier included."""
    return dict(network(architecture, seed).state_dict())


def trunk(architecture: str = "resnet18", seed: int = 0) -> State:
    """Return its state dict without the classifier: what must come out."""
    return {k: v for k, v in state(architecture, seed).items() if not k.startswith("fc.")}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> State:
    return {prefix + name: tensor for name, tensor in tensors.items()}


def head(prefix: str) -> State:
    return {f"{prefix}0.weight": torch.ones(8, 512), f"{prefix}2.weight": torch.ones(4, 8)}


def numbered(tensors: Mapping[str, Tensor]) -> State:
    """Return names as in nn.Sequential(*list(resnet.children())[:-1]), from such a Sequential itself."""
    net = network("resnet18", 0)  # the cached one that `trunk` takes, so that storages are shared
    body = nn.Sequential(*list(net.children())[:-1]).state_dict()
    place = {tensor.data_ptr(): name for name, tensor in body.items()}
    return {place[tensor.data_ptr()]: tensors[name] for name, tensor in trunk().items()}


def moco_v2() -> object:
    tensors = below("module.encoder_q.", trunk()) | head("module.encoder_q.fc.")
    return {"epoch": 200, "arch": "resnet18", "state_dict": tensors | {"module.queue": torch.ones(128, 16)}}


def simclr() -> object:
    return {"state_dict": below("backbone.", trunk()) | head("backbone.fc."), "optimizer": adam()}


def byol() -> object:
    return below("online_network.", trunk()) | head("online_predictor.") | head("online_network.projection.")


def dino() -> object:
    return {"teacher": below("backbone.", trunk()) | head("head.mlp."), "epoch": 3}


def lightning() -> object:
    tensors = below("model_a.encoder.feature_extractor.backbone_layers.", trunk()) | head(
        "model_a.projector."
    )
    return {"state_dict": tensors, "hyper_parameters": {"lr": 1e-4}, "callbacks": {}, "loops": [{"n": 1}]}


def ddp() -> object:
    return below("module.", state())


def timm() -> object:
    return {"state_dict": state(), "arch": "resnet18", "metric": 71.2}


def lightly() -> object:
    return {"state_dict": below("backbone.", numbered(trunk())) | head("projection_head.layers.")}


def vissl() -> object:
    base = {"model": {"trunk": below("_feature_blocks.", trunk()), "heads": head("0.clf.")}, "meta": {}}
    return {"classy_state_dict": {"base_model": base, "train": True}, "phase_idx": 4}


def clip_like() -> object:
    text = {"transformer.resblocks.0.attn.in_proj_weight": torch.ones(12, 4), "logit_scale": torch.ones(())}
    return {"model": below("visual.", state()) | text}


def gloria_like() -> object:
    return {"model": {"img_encoder": {"model": trunk()}, "text_encoder": head("bert.")}}


def numbered_bare() -> object:
    return numbered(trunk())


def stem_layer0() -> object:
    named = {"conv1": "layer0.0", "bn1": "layer0.1"}
    return {
        ".".join([named.get(n.split(".")[0], n.split(".")[0]), *n.split(".")[1:]]): t
        for n, t in trunk().items()
    }


def compiled() -> object:
    return below("_orig_mod.module.", state())


def before_torch_0_4() -> object:
    return {k: v for k, v in state().items() if not k.endswith("num_batches_tracked")}


def profiled() -> object:
    return state() | {"layer1.total_ops": torch.zeros(1, dtype=torch.float64), "total_params": torch.zeros(1)}


def adam() -> object:
    """Return what an optimiser keeps: as large as the trunk, under numbers."""
    return {
        "state": {k: {"step": 3, "exp_avg": v * 0} for k, v in enumerate(trunk().values())},
        "param_groups": [{"lr": 1e-3, "params": list(range(62))}],
    }


LOSSLESS: dict[str, Callable[[], object]] = {
    one.__name__: one
    for one in (
        *(moco_v2, simclr, byol, dino, lightning, ddp, timm, lightly, vissl, clip_like, gloria_like),
        *(numbered_bare, stem_layer0, compiled, profiled),
    )
}
