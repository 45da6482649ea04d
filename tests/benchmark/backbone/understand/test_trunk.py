"""Layouts of the wild become one backbone; what is no trunk, or two, is refused by name."""

from __future__ import annotations

from unicodedata import category

import pytest
import torch
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lovt_bench.benchmark.backbone.model import BackboneError
from lovt_bench.benchmark.backbone.sanity import probe_images
from lovt_bench.benchmark.backbone.understand.report import show
from lovt_bench.benchmark.backbone.understand.trunk import understand
from tests.benchmark.backbone.understand import wild


def equal(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize("layout", wild.LOSSLESS)
def test_layouts_that_lose_nothing_give_the_same_bits(layout: str) -> None:
    found = understand(wild.LOSSLESS[layout](), "resnet18")
    assert equal(found.state, wild.trunk())
    assert all(tensor.dtype == wild.trunk()[name].dtype for name, tensor in found.state.items())
    assert len(found.report.matched) == 120
    assert not found.report.missing


def test_a_resnet50_is_understood() -> None:
    content = {"state_dict": wild.below("module.encoder_q.", wild.state("resnet50"))}
    found = understand(content, "resnet50")
    assert equal(found.state, wild.trunk("resnet50"))
    assert found.report.encoder == "state_dict.module.encoder_q"
    assert [str(one) for one in found.report.dropped] == ["state_dict.module.encoder_q.fc.* (2 tensors)"]


def test_the_transformers_library_names_the_same_network() -> None:
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=64, hidden_sizes=[64, 128, 256, 512], depths=[2, 2, 2, 2], layer_type="basic"
    )
    theirs = transformers.ResNetForImageClassification(config).eval()
    backbone = understand(theirs.state_dict(), "resnet18").backbone()
    with torch.inference_mode():
        ours = backbone(probe_images()[:2])
        expected = theirs.resnet(probe_images()[:2]).last_hidden_state
    torch.testing.assert_close(ours[32], expected, rtol=1e-5, atol=1e-5)


def test_the_report_says_what_became_of_every_tensor() -> None:
    report = understand(wild.moco_v2(), "resnet18").report
    assert report.encoder == "state_dict.module.encoder_q"
    assert [str(one) for one in report.dropped] == [
        "state_dict.module.encoder_q.fc.* (2 tensors)",
        "state_dict.module.queue",
    ]
    assert report.conversions == ()
    profiled = understand(wild.profiled(), "resnet18").report
    assert profiled.unexpected == ("layer1.total_ops",)
    assert "left out of the trunk: layer1.total_ops" in profiled.notes()


def test_missing_counters_become_0() -> None:
    found = understand(wild.before_torch_0_4(), "resnet18")
    assert len(found.report.missing) == 20
    assert all(int(found.state[name]) == 0 for name in found.report.missing)
    assert "20 missing num_batches_tracked set to 0" in found.report.notes()


@pytest.mark.parametrize(("dtype", "lost"), [(torch.float64, "rounded"), (torch.float16, "without loss")])
def test_other_precisions_become_float32(dtype: torch.dtype, lost: str) -> None:
    stored = {k: v.to(dtype) if v.is_floating_point() else v for k, v in wild.state().items()}
    found = understand({"model": stored}, "resnet18")
    expected = {k: v.to(dtype).float() if v.is_floating_point() else v for k, v in wild.trunk().items()}
    assert equal(found.state, expected)
    name = str(dtype).removeprefix("torch.")
    assert found.report.conversions == (f"100 tensors converted from {name} to float32, {lost}",)


def test_one_channel_answers_a_grey_image_as_before() -> None:
    one = wild.state()
    one["conv1.weight"] = one["conv1.weight"].sum(dim=1, keepdim=True)
    found = understand(one, "resnet18")
    assert found.state["conv1.weight"].shape == (64, 3, 7, 7)
    assert "conv1.weight took one channel" in found.report.conversions[0]
    images = probe_images()[:2]
    with torch.inference_mode():
        ours = found.backbone()(images)[2]
        before = torch.nn.functional.conv2d(images[:, :1], one["conv1.weight"], stride=2, padding=3)
        expected = wild.network().get_submodule("bn1")(before).relu()
    assert float((ours - expected).abs().max() / expected.abs().max()) < 1e-6


def test_the_layout_in_memory_does_not_matter() -> None:
    strided = {
        k: v.to(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in wild.state().items()
    }
    found = understand(strided, "resnet18")
    assert equal(found.state, wild.trunk())
    assert all(tensor.is_contiguous() for tensor in found.state.values())


TWO = [("encoder_q", "encoder_k"), ("student", "teacher"), ("online", "target"), ("visual", "textual")]


@pytest.mark.parametrize(("one", "other"), TWO)
def test_two_encoders_are_an_error_that_says_how_to_pick(one: str, other: str) -> None:
    content = {"state_dict": wild.below(f"module.{one}.", wild.trunk()), other: {"net": wild.trunk(seed=1)}}
    with pytest.raises(BackboneError, match="2 encoders fit resnet18 and differ") as error:
        understand(content, "resnet18")
    assert f"--encoder state_dict.module.{one} (120 tensors)" in str(error.value)
    assert f"--encoder {other}.net (120 tensors)" in str(error.value)
    for choice, seed in ((one, 0), (f"state_dict.module.{one}.", 0), (other, 1), (f"{other}.net", 1)):
        assert equal(understand(content, "resnet18", choice).state, wild.trunk(seed=seed))
    with pytest.raises(BackboneError, match="no encoder at third; trunks of resnet18 in this file: "):
        understand(content, "resnet18", "third")


def test_an_encoder_without_prefix_is_picked_by_a_dot() -> None:
    content = wild.state() | wild.below("ema.", wild.trunk(seed=1))
    with pytest.raises(BackboneError, match=r"--encoder \. "):
        understand(content, "resnet18")
    assert equal(understand(content, "resnet18", ".").state, wild.trunk())


def test_copies_that_are_equal_are_no_ambiguity() -> None:
    copy = {name: tensor.clone() for name, tensor in wild.trunk().items()}
    found = understand({"state_dict": wild.state(), "state_dict_ema": copy}, "resnet18")
    assert found.report.encoder == "state_dict"
    assert found.report.conversions == ("the same trunk, bit for bit, lies at state_dict_ema, too",)


def broken(change) -> dict[str, torch.Tensor]:
    tensors = wild.state()
    change(tensors)
    return tensors


REFUSED = {
    "one tensor is missing": (
        lambda t: t.pop("layer3.0.bn2.running_var"),
        r"1 tensors are missing: layer3\.0\.bn2\.running_var",
    ),
    "all BN statistics are missing": (
        lambda t: [t.pop(name) for name in list(t) if "running" in name],
        r"40 tensors are missing: bn1\.running_mean, bn1\.running_var, .* and 34 more",
    ),
    "transposed": (
        lambda t: t.update({"layer2.0.conv1.weight": t["layer2.0.conv1.weight"].permute(3, 2, 1, 0)}),
        r"layer2\.0\.conv1\.weight expected \[128, 64, 3, 3\], found \[3, 3, 64, 128\]",
    ),
    "another block": (
        lambda t: t.update({"layer1.0.se.fc1.weight": torch.zeros(4, 64)}),
        r"1 tensors within the trunk are unexpected: layer1\.0\.se\.fc1\.weight",
    ),
    "two channels": (
        lambda t: t.update({"conv1.weight": torch.zeros(64, 2, 7, 7)}),
        r"conv1\.weight expected \[64, 3, 7, 7\], found \[64, 2, 7, 7\]",
    ),
    "a claim of terabytes": (
        lambda t: t.update({"conv1.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}),
        r"conv1\.weight expected \[64, 3, 7, 7\], found \[1048576, 1048576\]",
    ),
    "NaN": (
        lambda t: t.update({"bn1.bias": torch.full((64,), float("nan"))}),
        r"NaN, infinity or values beyond float32 in 1 tensors: bn1\.bias\. Take a checkpoint from before",
    ),
    "beyond float32": (
        lambda t: t.update({"bn1.bias": torch.full((64,), 1e300, dtype=torch.float64)}),
        r"values beyond float32 in 1 tensors: bn1\.bias",
    ),
    "whole numbers": (
        lambda t: t.update({"bn1.bias": torch.zeros(64, dtype=torch.int8)}),
        r"bn1\.bias holds torch\.int8, expected weights as float32",
    ),
    "no values": (
        lambda t: t.update({"bn1.bias": torch.zeros(64, device="meta")}),
        r"bn1\.bias is on the device meta; save plain weights",
    ),
    "sparse": (
        lambda t: t.update({"bn1.bias": torch.zeros(64).to_sparse()}),
        r"bn1\.bias is a tensor of layout sparse_coo; save plain weights",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_trunk_that_is_not_whole_is_refused_naming_the_key(case: str) -> None:
    change, message = REFUSED[case]
    with pytest.raises(BackboneError, match=message):
        understand(broken(change), "resnet18")


@pytest.mark.parametrize(
    ("stored", "asked", "message"),
    [
        ("resnet34", "resnet18", "The file fits resnet34: pass --arch resnet34"),
        ("resnet18", "resnet34", r"fits resnet18, timm\.resnetblur18: pass the one that it is with --arch"),
    ],
)
def test_another_depth_is_recognised(stored: str, asked: str, message: str) -> None:
    with pytest.raises(BackboneError, match=message):
        understand({"model": wild.state(stored)}, asked)


def test_a_file_without_an_encoder_says_what_it_holds() -> None:
    with pytest.raises(
        BackboneError, match=r"no trunk of resnet18: below no prefix.*holds 2 tensors: head\.0\.weight"
    ):
        understand(wild.head("head."), "resnet18")
    with pytest.raises(BackboneError, match=r"unknown architecture 'vgg'"):
        understand(wild.state(), "vgg")


def is_safe(line: str) -> bool:
    """Return whether a line is short and has nothing that a terminal would act on."""
    return len(line) < 2_000 and not any(
        category(letter)[0] == "C" or category(letter) in ("Zl", "Zp") for letter in line
    )


part = st.text(
    st.characters(blacklist_categories=["Cs"]).filter(lambda c: c not in "."), min_size=1, max_size=12
).filter(lambda text: text not in {"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})


@settings(max_examples=15, deadline=None)
@given(prefix=st.lists(part, max_size=4), nesting=st.lists(part, max_size=3), numbers=st.booleans())
def test_any_prefix_and_any_nesting_is_found(prefix: list[str], nesting: list[str], numbers: bool) -> None:
    tensors = wild.numbered(wild.trunk()) if numbers else wild.state()
    content: object = wild.below("".join(f"{one}." for one in prefix), tensors)
    for key in reversed(nesting):
        content = {key: content, 3: [torch.zeros(2)], (1, 2): None}
    found = understand(content, "resnet18")
    assert equal(found.state, wild.trunk())
    for line in found.report.notes():
        assert is_safe(line)


@settings(max_examples=6, deadline=None)
@example(one=["0"], other=["0", " "], beside={})
@example(one=["0"], other=["0", "\x1f", " "], beside={})
@given(
    one=st.lists(part, min_size=1, max_size=3),
    other=st.lists(part, min_size=1, max_size=3),
    beside=st.dictionaries(part, st.sampled_from([torch.zeros(3), None, 7, "x"]), max_size=3),
)
def test_any_two_encoders_are_told_apart_by_what_the_message_lists(
    one: list[str], other: list[str], beside: dict[str, object]
) -> None:
    names = [".".join(one), ".".join(other)]
    assume(len({show(name) for name in names}) == 2 and not set(beside) & {one[0], other[0]})
    content = (
        beside | wild.below(f"{names[0]}.", wild.trunk()) | wild.below(f"{names[1]}.", wild.trunk(seed=1))
    )
    with pytest.raises(BackboneError, match="2 encoders fit resnet18 and differ") as error:
        understand(content, "resnet18")
    assert is_safe(str(error.value))
    for seed, name in enumerate(names):
        assert f"--encoder {show(name)} (120 tensors)" in str(error.value)
        assert equal(understand(content, "resnet18", show(name)).state, wild.trunk(seed=seed))


wild_key = st.one_of(st.text(max_size=30), st.integers(), st.booleans(), st.none(), st.floats(), st.binary())
tensor = st.sampled_from([torch.zeros(()), torch.zeros(64), torch.zeros(64, 3, 7, 7), torch.zeros(0)])


@settings(max_examples=40, deadline=None)
@given(
    st.recursive(
        st.one_of(tensor, st.none(), st.text(max_size=5), st.integers()),
        lambda inner: st.one_of(st.dictionaries(wild_key, inner, max_size=5), st.lists(inner, max_size=4)),
        max_leaves=20,
    )
)
def test_content_of_any_kind_ends_in_a_sentence(content: object) -> None:
    with pytest.raises(BackboneError) as error:
        understand(content, "resnet18")
    assert is_safe(str(error.value))
