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


def numbered(tensors: Mapping[str, Tensor], architecture: str = "resnet18") -> State:
    """Return names as in nn.Sequential(*list(resnet.children())[:-1]), from such a Sequential itself."""
    net = network(architecture, 0)  # the cached one that `trunk` takes, so that storages are shared
    body = nn.Sequential(*list(net.children())[:-1]).state_dict()
    place = {tensor.data_ptr(): name for name, tensor in body.items()}
    return {place[tensor.data_ptr()]: tensors[name] for name, tensor in trunk(architecture).items()}


def moco_v2(architecture: str = "resnet18") -> object:
    tensors = below("module.encoder_q.", trunk(architecture)) | head("module.encoder_q.fc.")
    return {"epoch": 200, "arch": architecture, "state_dict": tensors | {"module.queue": torch.ones(128, 16)}}


def simclr(architecture: str = "resnet18") -> object:
    return {
        "state_dict": below("backbone.", trunk(architecture)) | head("backbone.fc."),
        "optimizer": adam(architecture),
    }


def byol(architecture: str = "resnet18") -> object:
    return (
        below("online_network.", trunk(architecture))
        | head("online_predictor.")
        | head("online_network.projection.")
    )


def dino(architecture: str = "resnet18") -> object:
    return {"teacher": below("backbone.", trunk(architecture)) | head("head.mlp."), "epoch": 3}


def lightning(architecture: str = "resnet18") -> object:
    tensors = below("model_a.encoder.feature_extractor.backbone_layers.", trunk(architecture)) | head(
        "model_a.projector."
    )
    return {"state_dict": tensors, "hyper_parameters": {"lr": 1e-4}, "callbacks": {}, "loops": [{"n": 1}]}


def ddp(architecture: str = "resnet18") -> object:
    return below("module.", state(architecture))


def timm(architecture: str = "resnet18") -> object:
    return {"state_dict": state(architecture), "arch": architecture, "metric": 71.2}


def lightly(architecture: str = "resnet18") -> object:
    return {
        "state_dict": below("backbone.", numbered(trunk(architecture), architecture))
        | head("projection_head.layers.")
    }


def vissl(architecture: str = "resnet18") -> object:
    base = {
        "model": {"trunk": below("_feature_blocks.", trunk(architecture)), "heads": head("0.clf.")},
        "meta": {},
    }
    return {"classy_state_dict": {"base_model": base, "train": True}, "phase_idx": 4}


def clip_like(architecture: str = "resnet18") -> object:
    text = {"transformer.resblocks.0.attn.in_proj_weight": torch.ones(12, 4), "logit_scale": torch.ones(())}
    return {"model": below("visual.", state(architecture)) | text}


def gloria_like(architecture: str = "resnet18") -> object:
    return {"model": {"img_encoder": {"model": trunk(architecture)}, "text_encoder": head("bert.")}}


def numbered_bare(architecture: str = "resnet18") -> object:
    return numbered(trunk(architecture), architecture)


def stem_layer0(architecture: str = "resnet18") -> object:
    named = {"conv1": "layer0.0", "bn1": "layer0.1"}
    return {
        ".".join([named.get(n.split(".")[0], n.split(".")[0]), *n.split(".")[1:]]): t
        for n, t in trunk(architecture).items()
    }


def compiled(architecture: str = "resnet18") -> object:
    return below("_orig_mod.module.", state(architecture))


def before_torch_0_4(architecture: str = "resnet18") -> object:
    return {k: v for k, v in state(architecture).items() if not k.endswith("num_batches_tracked")}


def profiled(architecture: str = "resnet18") -> object:
    return state(architecture) | {
        "layer1.total_ops": torch.zeros(1, dtype=torch.float64),
        "total_params": torch.zeros(1),
    }


def adam(architecture: str = "resnet18") -> object:
    """Return what an optimiser keeps: as large as the trunk, under numbers."""
    return {
        "state": {k: {"step": 3, "exp_avg": v * 0} for k, v in enumerate(trunk(architecture).values())},
        "param_groups": [{"lr": 1e-3, "params": list(range(62))}],
    }


def swav(architecture: str = "resnet18") -> object:
    """DDP around a network with a projection head and prototypes beside its trunk."""
    tensors = below("module.", trunk(architecture)) | head("module.projection_head.")
    return tensors | {"module.prototypes.weight": torch.ones(30, 8)}


def torchxrayvision(architecture: str = "resnet18") -> object:
    """Thresholds beside the network, which has a name of its own."""
    return below("model.", state(architecture)) | {"op_threshs": torch.full((18,), float("nan"))}


def mmselfsup(architecture: str = "resnet18") -> object:
    tensors = below("backbone.", trunk(architecture)) | head("neck.mlp.")
    return {
        "meta": {"epoch": 200, "config": "model = dict()"},
        "state_dict": tensors,
        "optimizer": adam(architecture),
    }


def timm_ema(architecture: str = "resnet18") -> object:
    """An averaged copy that is all there is, as `clean_checkpoint` leaves it."""
    return {"state_dict_ema": below("module.", state(architecture)), "epoch": 90}


def shared_copies(architecture: str = "resnet18") -> object:
    """A momentum copy that has not moved from the network it was made of."""
    one = trunk(architecture)
    return {"model": below("module.", one), "model_ema": {k: v.clone() for k, v in one.items()}}


def in_half(architecture: str = "resnet18", dtype: torch.dtype = torch.float16) -> State:
    """Return rounded weights as mixed-precision libraries export them, counters whole."""
    return {k: v.to(dtype) if v.is_floating_point() else v for k, v in state(architecture).items()}


def one_channel(architecture: str = "resnet18") -> State:
    """Return a network that takes one grey channel, as of TorchXRayVision."""
    tensors = state(architecture)
    return tensors | {"conv1.weight": tensors["conv1.weight"].sum(dim=1, keepdim=True)}


LOSSLESS: dict[str, Callable[..., object]] = {
    one.__name__: one
    for one in (
        *(moco_v2, simclr, byol, dino, lightning, ddp, timm, lightly, vissl, clip_like, gloria_like),
        *(
            numbered_bare,
            stem_layer0,
            compiled,
            profiled,
            swav,
            torchxrayvision,
            mmselfsup,
            timm_ema,
            shared_copies,
        ),
    )
}
