"""The networks of the field: published sizes, any image that fits, weights from one stream, layers of a known kind."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from lth.catalog.architectures import ARCHITECTURES
from lth.config.data import Network
from lth.errors import UserError
from lth.networks.build import (
    build,
    has_randomness,
    initial_weights,
    layer_kinds,
    layout,
    load_weights,
    names_of,
    prunable_names,
)
from lth.networks.own import memory_layout
from lth.networks.resnet import Padded
from lth.networks.torchvision_models import models  # after lth, which makes torchvision importable

PUBLISHED = {
    "lenet_300_100": (1, 28, 266_610),  # Frankle & Carbin 2019, figure 2: 266K weights
    "lenet5_caffe": (1, 28, 431_080),  # Lee et al. 2019, table 1: 431K
    "lenet5_classic": (1, 28, 61_706),  # LeCun et al. 1998: about 60,000
    "mlp_7": (1, 32, 154_010),  # Lee et al. 2020: 1024-100-100-100-100-100-100-10
    "lenet5": (1, 28, 3_317_450),  # shared/design/studies.md, study 1
    "conv2": (3, 32, 4_301_642),  # Frankle & Carbin 2019, figure 2: 4.3M
    "conv4": (3, 32, 2_425_930),  # the same: 2.4M
    "conv6": (3, 32, 2_262_602),  # the same: 1.7M, which is not what its layers come to; Ramanujan et al. 2020: 2.3M
    "alexnet_s": (3, 32, 5_073_642),  # Lee et al. 2019 (SNIP), table 2: 5.1M
    "alexnet_b": (3, 32, 8_495_850),  # the same: 8.5M
    "vgg11": (3, 32, 9_228_362),  # 9.2M with one dense layer
    "vgg13": (3, 32, 9_413_066),  # 9.4M with one dense layer
    "vgg16": (3, 32, 14_724_042),  # Frankle et al. 2020: 14.7M
    "vgg19": (3, 32, 20_035_018),  # Liu et al. 2017 (Network Slimming), table 1: 20.04M
    "vgg_like": (3, 32, 14_987_210),  # Lee et al. 2019 (SNIP), table 2: 15.0M
    "resnet18": (3, 32, 11_173_962),  # 11.17M
    "resnet20": (3, 32, 269_722),  # He et al. 2016, table 6: 0.27M
    "resnet32": (3, 32, 464_154),  # 0.46M
    "resnet56": (3, 32, 853_018),  # 0.85M
    "resnet110": (3, 32, 1_727_962),  # 1.7M
    "wrn_16_4": (3, 32, 2_748_890),  # 2.7M
    "wrn_16_8": (3, 32, 10_961_370),  # Zagoruyko & Komodakis 2016, table 4: 11.0M
    "wrn_28_10": (3, 32, 36_479_194),  # the same: 36.5M
    "wrn_40_2": (3, 32, 2_243_546),  # the same: 2.2M
    "densenet_bc_40_12": (3, 32, 176_122),  # 0.18M
    "densenet_bc_100_12": (3, 32, 769_162),  # Huang et al. 2017, table 2: 0.8M
    "mobilenet_v2": (3, 32, 2_236_682),  # without classifier 2.22M: Sandler et al. 2018, 3.4M with that of ImageNet
}
LARGER = ("alexnet_b", "wrn_16_8", "wrn_28_10", "wrn_40_2", "densenet_bc_100_12")
"""Made as another one is, only wider or deeper."""
TORCHVISION = [name.removeprefix("torchvision:") for name in ARCHITECTURES if name.startswith("torchvision:")]
POOLINGS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
HOMOGENEOUS = (nn.Conv2d, nn.Linear, nn.BatchNorm2d, nn.ReLU, *POOLINGS, nn.Dropout, nn.Sequential)
"""Modules without modules inside that SynFlow can use; an empty Sequential passes on what comes in."""
INCEPTION_AUXILIARY = 3_326_696
"""Parameters of Inception v3's second classifier, which torchvision counts and this project does not build."""


@cache
def torchvision_layout(name: str) -> nn.Module:
    return layout(Network(architecture=f"torchvision:{name}", channels=3, size=224, classes=1000))


def drawn(seed: int = 0, **spec: object) -> nn.Module:
    network = build(Network.model_validate(spec))
    load_weights(network, initial_weights(Network.model_validate(spec), seed))
    return network


def shape(spec: Network) -> tuple[int, ...]:
    """Of what comes out, without calculating it."""
    images = torch.empty(2, spec.channels, spec.size, spec.size, device="meta")
    return tuple(layout(spec).to("meta")(images).shape)


def assert_refused(words: str, **spec: object) -> None:
    """By the type, and by whoever builds what was not validated."""
    with pytest.raises(ValidationError, match=words):
        Network.model_validate(spec)
    with pytest.raises(UserError, match=words):
        build(Network.model_construct(**spec))  # type: ignore[arg-type]


def size_of(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_every_own_architecture_has_its_published_size() -> None:
    assert set(PUBLISHED) == {
        name for name, entry in ARCHITECTURES.items() if not name.startswith("torchvision:") and not entry.text
    }
    for name, (channels, size, count) in PUBLISHED.items():
        assert size_of(layout(Network(architecture=name, channels=channels, size=size))) == count, name


def test_torchvision_names_are_those_that_torchvision_lists() -> None:
    assert sorted(TORCHVISION) == models.list_models(module=models)


def test_torchvision_networks_have_their_published_sizes() -> None:
    for name in TORCHVISION:
        published = {weights.meta["num_params"] for weights in models.get_model_weights(name)}
        auxiliary = INCEPTION_AUXILIARY if name == "inception_v3" else 0
        assert size_of(torchvision_layout(name)) + auxiliary in published, name


def test_names_are_known_without_torch() -> None:
    heavy = "*[m for m in sys.modules if 'torch' in m]"
    code = f"import sys, lth.catalog.architectures as n; print(len(n.ARCHITECTURES), {heavy})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [
        str(len(ARCHITECTURES)),
        "lth.torchvision_shim",
        "lth.catalog.torchvision_names",
    ]


def test_facts_of_torchvision_networks_are_what_their_modules_say() -> None:
    for name in TORCHVISION:
        entry, modules = ARCHITECTURES[f"torchvision:{name}"], list(torchvision_layout(name).modules())
        has_place = any(isinstance(module, nn.Dropout) or hasattr(module, "drop_rate") for module in modules)
        assert entry.dropout == has_place, name
        leaves = [module for module in modules if not list(module.children())]
        assert entry.homogeneous == all(type(module) in HOMOGENEOUS for module in leaves), name


@pytest.mark.parametrize("name", PUBLISHED)
def test_grey_and_colour_images_go_in_and_classes_come_out(name: str) -> None:
    assert shape(Network(architecture=name)) == (2, 10)
    assert shape(Network(architecture=name, channels=3, size=32, classes=100)) == (2, 100)
    assert shape(Network(architecture=name, channels=2, size=45, classes=3)) == (2, 3)


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "shufflenet_v2_x0_5", "regnet_y_400mf", "vit_b_32"])
def test_torchvision_networks_take_other_images_too(name: str) -> None:
    assert shape(Network(architecture=f"torchvision:{name}", channels=1, size=64, classes=7)) == (2, 7)
    network = layout(Network(architecture=f"torchvision:{name}", channels=1, size=64))
    three = layout(Network(architecture=f"torchvision:{name}", channels=3, size=64))
    assert prunable_names(network) == prunable_names(three)
    first = prunable_names(network)[0]
    grey, colour = network.get_parameter(first), three.get_parameter(first)
    assert size_of(three) - size_of(network) == colour.numel() - grey.numel() == 2 * grey.numel()


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name not in LARGER])
def test_the_smallest_image_works_and_scaling_it_scales_the_output(name: str) -> None:
    size = ARCHITECTURES[name].smallest
    network = drawn(architecture=name, size=size).eval()
    images = torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        once, scaled = network(images), network(1000 * images)
    output = network.train()(images)  # last, since it changes norms
    assert output.shape == (2, 10)
    assert output.isfinite().all()
    assert torch.allclose(1000 * once, scaled, rtol=1e-3, atol=1e-4 * float(scaled.abs().max())) == (
        ARCHITECTURES[name].homogeneous
    )


@pytest.mark.parametrize("name", [name for name in PUBLISHED if ARCHITECTURES[name].smallest > 8])
def test_a_smaller_image_would_not_work_and_is_refused(name: str) -> None:
    size = ARCHITECTURES[name].smallest - 1
    assert_refused(f"needs at least {size + 1} pixels a side, found {size}", architecture=name, size=size)
    with pytest.raises((RuntimeError, UserWarning)):  # the warning: layers without a weight
        ARCHITECTURES[name].load()(1, size, 10).eval()(torch.zeros(2, 1, size, size))


@pytest.mark.parametrize("name", ["alexnet", "vgg11", "squeezenet1_0", "squeezenet1_1", "googlenet", "densenet121"])
def test_smallest_images_of_torchvision_networks_are_the_smallest(name: str) -> None:
    smallest = ARCHITECTURES[f"torchvision:{name}"].smallest
    assert shape(Network(architecture=f"torchvision:{name}", size=smallest)) == (2, 10)
    network = layout(Network(architecture=f"torchvision:{name}", size=smallest)).to("meta")
    with pytest.raises(RuntimeError, match=r"too small|greater than actual input size"):
        network(torch.empty(2, 1, smallest - 1, smallest - 1, device="meta"))


def test_what_an_architecture_is_not_made_for_is_one_sentence() -> None:
    words = "'torchvision:vit_b_16' needs a multiple of 16 pixels a side, found 28"
    assert_refused(words, architecture="torchvision:vit_b_16", size=28)
    assert_refused(r"'resnet20' has no place for dropout, found 0\.5", architecture="resnet20", dropout=0.5)


def test_padded_shortcuts_have_no_parameters_and_keep_what_there_is() -> None:
    images = torch.arange(2 * 3 * 5 * 5.0).view(2, 3, 5, 5)
    output = Padded(extra=4, stride=2)(images)
    assert output.shape == (2, 7, 3, 3)
    assert torch.equal(output[:, :3], images[:, :, ::2, ::2])
    assert not output[:, 3:].any()
    shortcuts = [name for name in layout(Network(architecture="resnet56")).state_dict() if "shortcut" in name]
    assert shortcuts == []


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet20", 28),
        ("vgg_like", 16),
        ("torchvision:regnet_x_400mf", 32),  # computes its widths with tensors
        ("torchvision:convnext_tiny", 32),  # learnt scales
        ("torchvision:swin_t", 32),  # tables of positions
        ("torchvision:swin_v2_t", 32),  # coordinates
        ("torchvision:maxvit_t", 224),  # gates, both kinds of attention
        ("torchvision:vit_b_32", 32),  # attention, token, positions
    ],
)
def test_weights_are_finite_and_depend_on_the_seed_and_on_no_global_state(name: str, size: int) -> None:
    spec = Network(architecture=name, size=size)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = initial_weights(spec, 0)
    assert torch.equal(state, torch.get_rng_state())
    torch.manual_seed(2)
    assert_equal(first, initial_weights(spec, 0))
    assert all(tensor.isfinite().all() and tensor.is_contiguous() for tensor in first.values())
    assert list(first) == list(build(spec).state_dict())
    for parameter in prunable_names(layout(spec)):  # torch's normal distribution gives a zero in some millions
        assert first[parameter].count_nonzero() >= first[parameter].numel() - 5


def assert_equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> None:
    assert list(first) == list(second)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_seed_draws_other_weights_and_names_do_not_depend_on_dropout() -> None:
    spec = Network(architecture="conv2", size=8)
    with_dropout = spec.model_copy(update={"dropout": 0.5})
    assert_equal(initial_weights(spec, 0), initial_weights(with_dropout, 0))
    assert not torch.equal(initial_weights(spec, 0)["0.weight"], initial_weights(spec, 1)["0.weight"])


def test_buffers_are_right_as_soon_as_a_network_is_built() -> None:
    for name, buffer in build(Network(architecture="resnet20")).named_buffers():
        assert torch.equal(buffer, torch.full_like(buffer, 1 if name.endswith("running_var") else 0)), name
    known = models.swin_transformer.ShiftedWindowAttention(96, [7, 7], [0, 0], 3).relative_position_index
    indices = [b for _, b in build(Network(architecture="torchvision:swin_t", size=32)).named_buffers()]
    assert len(indices) == 12
    assert all(torch.equal(index, known) for index in indices)


def test_query_key_and_value_are_drawn_as_the_layers_that_they_are_and_are_prunable() -> None:
    weights = initial_weights(Network(architecture="torchvision:vit_b_32", size=32), 0)
    name = "encoder.layers.encoder_layer_0.self_attention.in_proj_weight"
    for matrix in weights[name].chunk(3):  # [768, 768]
        assert matrix.std().item() == pytest.approx((2 / (768 + 768)) ** 0.5, rel=0.01)
    assert weights["encoder.pos_embedding"].std().item() == pytest.approx(0.02, rel=0.1)
    assert not weights["class_token"].any()
    kinds = layer_kinds(torchvision_layout("vit_b_32"))
    assert kinds["conv_proj.weight"] == "first"
    assert kinds[name] == kinds[name.replace("in_proj_", "out_proj.")] == "dense"
    assert kinds["heads.head.weight"] == "output"
    assert not {"class_token", "encoder.pos_embedding"} & set(kinds)


def test_parameters_that_nothing_initialises_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(ARCHITECTURES["lenet5"]), "load", lambda _: lambda *_: nn.PReLU())
    with pytest.raises(UserError, match=r"PReLU has a parameter .weight. that no scheme draws"):
        initial_weights(Network(architecture="lenet5"), 0)


def test_parameters_that_two_modules_share_stay_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    def tied(*_: int) -> nn.Module:
        first, second = nn.Linear(3, 3), nn.Linear(3, 3)
        second.weight = first.weight
        return nn.Sequential(first, second)

    monkeypatch.setattr(type(ARCHITECTURES["lenet5"]), "load", lambda _: tied)
    network = build(Network(architecture="lenet5"))
    assert network[0].weight is network[1].weight
    assert network[0].weight.device.type == "cpu"


@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if ":" not in name and name != "bert"])
def test_the_table_knows_which_layers_a_network_has(name: str) -> None:
    size = max(16, ARCHITECTURES[name].smallest)
    found = layer_kinds(layout(Network(architecture=name, channels=3, size=size)))
    assert set(ARCHITECTURES[name].layers) == set(found.values())


def test_kinds_of_layers() -> None:
    kinds = layer_kinds(layout(Network(architecture="lenet_300_100")))
    assert kinds == {"1.weight": "dense", "3.weight": "dense", "5.weight": "output"}
    kinds = layer_kinds(layout(Network(architecture="conv4")))
    assert list(kinds.values()) == ["first", *["convolution"] * 3, "dense", "dense", "output"]
    kinds = layer_kinds(layout(Network(architecture="resnet20")))
    assert list(kinds.values()) == ["first", *["convolution"] * 18, "output"]
    assert (kinds["conv.weight"], kinds["output.weight"]) == ("first", "output")
    kinds = layer_kinds(torchvision_layout("squeezenet1_1"))
    assert list(kinds.values()) == ["first", *["convolution"] * 24, "output"]
    assert (kinds["features.0.weight"], kinds["classifier.1.weight"]) == ("first", "output")


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("name", ["conv2", "vgg_like", "torchvision:squeezenet1_1", "torchvision:mnasnet0_5"])
def test_randomness_is_known_before_it_is_drawn(name: str, dropout: float) -> None:
    size = ARCHITECTURES[name].smallest
    network = drawn(architecture=name, size=size, dropout=dropout).train()
    torch.manual_seed(0)
    state = torch.get_rng_state()
    network(torch.rand(2, 1, size, size, generator=torch.Generator().manual_seed(0)))
    assert has_randomness(network) == (not torch.equal(state, torch.get_rng_state())) == (dropout > 0)
    assert {module.p for module in network.modules() if isinstance(module, nn.Dropout)} == {dropout}


def test_randomness_without_a_module_of_dropout_is_known_too() -> None:
    for name in ("convnext_tiny", "efficientnet_b0", "swin_t", "maxvit_t"):  # stochastic depth
        assert has_randomness(torchvision_layout(name)), name
    assert has_randomness(nn.MultiheadAttention(4, 2, dropout=0.1))
    assert not has_randomness(nn.MultiheadAttention(4, 2))
    for dropout in (0.0, 0.2):
        spec = Network(architecture="torchvision:densenet121", size=32, dropout=dropout)
        assert has_randomness(layout(spec)) == (dropout > 0)


@pytest.mark.parametrize(("channels", "stride", "last"), [(4, 2, False), (5, 3, False), (8, 2, True), (4, 1, True)])
def test_a_1x1_convolution_of_few_channels_that_skips_pixels_is_not_laid_out_channels_last(
    channels: int, stride: int, last: bool
) -> None:
    """Over channels last its backward pass wrote past its memory (torch 2.13 on CPUs)."""
    network = nn.Sequential(nn.Conv2d(1, channels, 3), nn.Conv2d(channels, 24, 1, stride=stride))
    assert (memory_layout(network) == torch.channels_last) == last


def test_all_norms_can_be_left_out_of_weight_decay() -> None:
    norms = [nn.InstanceNorm2d(4, affine=True), nn.RMSNorm(4), nn.BatchNorm3d(4), nn.GroupNorm(2, 4), nn.LayerNorm(4)]
    network = nn.Sequential(nn.Conv2d(1, 4, 3), *norms)
    weights = {f"{place}.weight" for place in range(1, 6)}
    assert names_of(network, ("norm",)) == weights | {f"{place}.bias" for place in (1, 3, 4, 5)}
