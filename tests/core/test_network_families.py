"""AlexNet, WideResNet, DenseNet, MobileNetV2 and MLP-7: their layers, costs and scores, and what computes them."""

from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch
from torch import nn

from lth.config.data import Network
from lth.errors import UserError
from lth.export.trace import graph_of
from lth.networks.build import holding, initial_weights, layer_kinds, layout
from lth.networks.cost import weight_uses
from lth.networks.densenet import DenseLayer
from lth.networks.mobilenet import InvertedBlock
from lth.networks.wide_resnet import WideBlock
from lth.pruning.scores.evidence import Evidence
from lth.pruning.scores.grasp import grasp
from lth.pruning.scores.snip import snip
from lth.pruning.scores.synflow import synflow
from lth.sparse.operations import Operations, Unsupported


@cache
def network(name: str, size: int = 32, initialisation: str = "kaiming_normal") -> nn.Module:
    spec = Network(architecture=name, channels=3, size=size, initialisation=initialisation)  # type: ignore[arg-type]
    return holding(spec, initial_weights(spec, 0))


def uses(name: str) -> dict[str, int]:
    return weight_uses(network(name), torch.zeros(1, 3, 32, 32))


def test_alexnet_ends_at_one_pixel_of_28_and_of_32() -> None:
    for size in (28, 32):
        shapes = {
            name: tuple(p.shape) for name, p in layout(Network(architecture="alexnet_s", size=size)).named_parameters()
        }
        assert shapes["16.weight"] == (1024, 256)
    assert [uses("alexnet_s")[name] for name in ("0.weight", "3.weight", "12.weight", "16.weight")] == [256, 64, 1, 1]


def test_a_wide_block_looks_at_its_images_as_often_as_its_stride_says() -> None:
    found = uses("wrn_16_4")
    assert [found[f"stage{n}.0.conv1.weight"] for n in (1, 2, 3)] == [32 * 32, 16 * 16, 8 * 8]
    assert found["stage3.0.shortcut.weight"] == 8 * 8
    kinds = layer_kinds(network("wrn_16_4"))
    assert [n for n in kinds if "shortcut" in n] == [f"stage{n}.0.shortcut.weight" for n in (1, 2, 3)]
    assert (kinds["conv.weight"], kinds["stage1.0.conv1.weight"], kinds["output.weight"]) == (
        *("first", "convolution", "output"),
    )


def test_a_dense_layer_reads_all_channels_before_it() -> None:
    """24 channels go into the first block, 12 more after each of its six layers; (24 + 72) / 2 into the second."""
    inputs = [network("densenet_bc_40_12").get_parameter(f"block1.{n}.conv1.weight").shape[1] for n in range(6)]
    assert inputs == [24, 36, 48, 60, 72, 84]
    assert network("densenet_bc_40_12").get_parameter("block2.0.conv1.weight").shape[:2] == (48, 48)
    assert uses("densenet_bc_40_12")["block3.0.conv2.weight"] == 8 * 8


def test_depthwise_weights_are_used_at_each_place_and_drawn_by_the_fans_of_their_own_channel() -> None:
    found = uses("mobilenet_v2")
    depthwise = [f"stage{n}.0.depthwise.0.weight" for n in (2, 3, 4, 5, 6, 7)]
    assert [found[name] for name in depthwise] == [32**2, 16**2, 8**2, 8**2, 4**2, 4**2]
    weight = network("mobilenet_v2").get_parameter("stage7.0.depthwise.0.weight")  # [960, 1, 3, 3]
    assert weight.std().item() == pytest.approx((2 / 9) ** 0.5, rel=0.03)
    glorot = network("mobilenet_v2", initialisation="glorot_normal").get_parameter("stage7.0.depthwise.0.weight")
    assert glorot.std().item() == pytest.approx((2 / (9 + 9)) ** 0.5, rel=0.03)


@pytest.mark.parametrize(
    ("name", "weights", "places"),
    [
        ("vit_b_16", ("in_proj_weight", "out_proj.weight"), {5}),  # four patches and the token of the class
        ("swin_t", ("qkv.weight", "proj.weight"), {14 * 14, 7 * 7}),  # 8, 4, 2 and 1 patches a side, in windows of 7
    ],
)
def test_an_attention_uses_its_weights_for_each_patch(name: str, weights: tuple[str, ...], places: set[int]) -> None:
    network = layout(Network(architecture=f"torchvision:{name}", channels=3, size=32)).to("meta")
    found = weight_uses(network, torch.zeros(1, 3, 32, 32, device="meta"))
    assert {count for layer, count in found.items() if layer.endswith(weights)} == places
    assert all(found.values())


def evidence(of: nn.Module) -> Evidence:
    stream = torch.Generator().manual_seed(0)
    for name in layer_kinds(of):
        nn.init.kaiming_normal_(of.get_parameter(name), generator=stream)
    weights = {name: of.get_parameter(name).detach() for name in layer_kinds(of)}
    images = torch.randn(6, 3, 8, 8, generator=stream)
    return Evidence(
        network=of,
        masks={name: torch.ones_like(weight, dtype=torch.bool) for name, weight in weights.items()},
        weights=weights,
        shape=(3, 8, 8),
        stream=stream,
        sample=lambda _: (images, torch.arange(6)),
        per_class=1,
    )


def block(name: str) -> nn.Module:
    """A network of one such block."""
    made, width = {
        "wide": (WideBlock(3, 4, 2, 0.0), 4),
        "dense": (DenseLayer(3, 2), 5),
        "inverted": (InvertedBlock(3, 3, 1, 2), 3),
    }[name]
    return nn.Sequential(made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 6))


@pytest.mark.parametrize("name", ["wide", "dense", "inverted"])
def test_each_layer_of_a_block_has_scores(name: str) -> None:
    what = evidence(block(name))
    for score in (snip, grasp, synflow):
        found = score(what)
        assert list(found) == list(what.masks)
        assert all(found[layer].shape == mask.shape for layer, mask in what.masks.items())
        assert all(scores.isfinite().all() and scores.count_nonzero() for scores in found.values())


def test_snip_of_a_depthwise_weight_is_the_change_of_the_loss() -> None:
    """Along the weight itself, by central differences in a copy."""
    what = evidence(block("inverted").double())
    images, labels = what.sample(1) if what.sample else (torch.empty(0), torch.empty(0))
    score, name = (
        snip(replace(what, sample=lambda _: (images.double(), labels)))["0.depthwise.0.weight"],
        "0.depthwise.0",
    )
    ends = []
    for factor in (1 + 1e-5, 1 - 1e-5):
        copy = deepcopy(what.network).train()
        with torch.no_grad():
            copy.get_submodule(name).weight[4, 0, 1, 2] *= factor  # type: ignore[union-attr, operator]
            ends.append(float(nn.functional.cross_entropy(copy(images.double()), labels)))
    assert abs(ends[0] - ends[1]) / 2e-5 == pytest.approx(float(score[4, 0, 1, 2]), rel=1e-4)


def test_the_flow_through_each_layer_of_a_chain_is_the_same() -> None:
    flows = [float(scores.sum()) for scores in synflow(evidence(network("alexnet_s", 8))).values()]
    assert flows == pytest.approx([flows[0]] * 8, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mlp_7", ""),
        ("alexnet_s", ""),
        ("vgg13", ""),
        ("wrn_16_4", ""),
        ("densenet_bc_40_12", "a network that computes cat"),
        ("mobilenet_v2", r"stem\.2 \(ReLU6\)"),
    ],
)
def test_which_have_sparse_kernels(name: str, said: str) -> None:
    if said:
        with pytest.raises(Unsupported, match=said):
            Operations.of(network(name), 3, 32, 32)
    else:
        assert Operations.of(network(name), 3, 32, 32).nodes


def test_what_cannot_be_exported_says_why() -> None:
    with pytest.raises(UserError, match="computes cat, which cannot be exported"):
        graph_of(network("densenet_bc_40_12"), (3, 32, 32), "it")
    with pytest.raises(UserError, match=r"has a layer stem.2 \(ReLU6\), which cannot be exported"):
        graph_of(network("mobilenet_v2"), (3, 32, 32), "it")
    grouped = nn.Sequential(nn.Conv2d(4, 4, 3, groups=2), nn.Flatten(), nn.Linear(4, 2))
    with pytest.raises(UserError, match=r"has a layer 0 \(Conv2d\) with groups 2, where 1 is needed"):
        graph_of(grouped, (4, 3, 3), "it")
