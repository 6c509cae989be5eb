"""Every change against torchvision's, image by image on the same numbers; what is drawn; and what is left alone."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from itertools import permutations

import lth  # noqa: F401  before torchvision, which it makes importable beside any torch

# isort: split
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.transforms import InterpolationMode, RandomErasing
from torchvision.transforms import functional as vision

from lth.config.training import Augmentation, Colour
from lth.data import colour, moves
from lth.data.augment import Changes, augmented, draw_changes
from lth.data.batches import normalise

SHAPES = [(1, 28, 28), (3, 32, 32), (1, 27, 27), (3, 31, 31), (3, 20, 33)]
EVERYTHING = Augmentation(
    crop_padding=4,
    flip=True,
    rotation_degrees=15,
    shift=0.1,
    colour=Colour(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1),
    erasing=0.5,
)
KINDS = {
    "offset": Augmentation(crop_padding=4),
    "flip": Augmentation(flip=True),
    "angle": Augmentation(rotation_degrees=15),
    "shift": Augmentation(shift=0.1),
    "brightness": Augmentation(colour=Colour(brightness=0.2)),
    "contrast": Augmentation(colour=Colour(contrast=0.2)),
    "saturation": Augmentation(colour=Colour(saturation=0.2)),
    "hue": Augmentation(colour=Colour(hue=0.1)),
    "rectangle": Augmentation(erasing=0.5),
}
MEAN = torch.tensor([33.318, 120.5, 99.9])


@pytest.fixture(autouse=True)
def as_in_jobs() -> Iterator[None]:
    """Jobs ask torch to refuse whatever is not deterministic."""
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(False)


def pictures(count: int, channels: int, height: int, width: int, seed: int = 0) -> Tensor:
    stream = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, channels, height, width), dtype=torch.uint8, generator=stream)


def one_by_one(images: Tensor, change: Callable[[Tensor, int], Tensor]) -> Tensor:
    return torch.stack([change(image, number) for number, image in enumerate(images)])


def colours(count: int, spec: Colour, seed: int = 0) -> Changes:
    return draw_changes(Augmentation(colour=spec), count, 1, 1, seed=seed, epoch=1)


# Pixels that only move: the very same bytes.


@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(2, 33),
    width=st.integers(2, 33),
    padding=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_crop_and_flip_are_torchvisions(channels: int, height: int, width: int, padding: int, seed: int) -> None:
    images = pictures(5, channels, height, width, seed)
    changes = draw_changes(Augmentation(crop_padding=padding, flip=True), 5, height, width, seed=seed, epoch=1)

    def reference(image: Tensor, number: int) -> Tensor:
        top, left = (changes.offset[number] + padding).tolist()
        cut = vision.crop(vision.pad(image, [padding] * 4), top, left, height, width)
        return vision.hflip(cut) if changes.flip[number] else cut

    assert torch.equal(augmented(images, changes, MEAN[:channels]), one_by_one(images, reference))


def test_flip_alone_and_crop_alone() -> None:
    images, flip = pictures(2, 3, 5, 4), torch.tensor([True, False])
    assert torch.equal(moves.crop_and_flip(images, None, flip), torch.stack([images[0].flip(2), images[1]]))
    moved = moves.crop_and_flip(images, torch.tensor([[1, -2], [0, 0]], dtype=torch.int32), None)
    assert torch.equal(moved[0, :, :4, 2:], images[0, :, 1:, :2])
    assert not moved[0, :, 4].any()
    assert not moved[0, :, :, :2].any()
    assert torch.equal(moved[1], images[1])


def turned_and_shifted(images: Tensor, changes: Changes, interpolation: InterpolationMode) -> Tensor:
    """With torchvision: two resamplings, one image at a time."""

    def reference(image: Tensor, number: int) -> Tensor:
        if changes.angle is not None:
            image = vision.rotate(image, float(changes.angle[number]), interpolation)
        if changes.shift is not None:
            down, right = changes.shift[number].tolist()
            image = vision.affine(image, 0.0, [right, down], 1.0, [0.0, 0.0], interpolation)
        return image

    return one_by_one(images, reference)


def undecided(changes: Changes, height: int, width: int) -> Tensor:
    """bool [images, 1, H, W]: sources that lie on the line between two pixels, as far as single precision can tell."""
    angle = changes.angle.double().deg2rad().view(-1, 1, 1)
    down, right = changes.shift.double().view(-1, 2, 1, 1).unbind(1)
    y = torch.arange(height).view(1, -1, 1) - down - (height - 1) / 2
    x = torch.arange(width).view(1, 1, -1) - right - (width - 1) / 2
    rows = x * angle.sin() + y * angle.cos() + height / 2
    columns = x * angle.cos() - y * angle.sin() + width / 2
    away = torch.minimum((rows - rows.round()).abs(), (columns - columns.round()).abs())
    return (away < 2e-5)[:, None]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("degrees", [10.0, 180.0])
def test_nearest_rotation_and_shift_are_torchvisions_two_in_one(shape: tuple[int, int, int], degrees: float) -> None:
    images = pictures(150, *shape)
    changes = draw_changes(Augmentation(rotation_degrees=degrees, shift=0.25), 150, *shape[1:], seed=1, epoch=1)
    expected = turned_and_shifted(images, changes, InterpolationMode.NEAREST)
    differs, free = augmented(images, changes, MEAN[: shape[0]]) != expected, undecided(changes, *shape[1:])
    assert not (differs & ~free).any()
    assert free.double().mean() < 5e-4
    assert expected.count_nonzero(dim=(1, 2, 3)).min() > 0  # something is left to compare


@given(
    channels=st.sampled_from([1, 3]),
    height=st.integers(2, 33),
    width=st.integers(2, 33),
    share=st.floats(0.01, 0.5),
    seed=st.integers(0, 99),
    interpolation=st.sampled_from(["nearest", "bilinear"]),
)
def test_a_shift_alone_is_torchvisions(
    channels: int, height: int, width: int, share: float, seed: int, interpolation: str
) -> None:
    images = pictures(4, channels, height, width, seed)
    spec = Augmentation(shift=share, interpolation=interpolation)
    changes = draw_changes(spec, 4, height, width, seed=seed, epoch=1)
    found = augmented(images, changes, MEAN[:channels])
    assert torch.equal(found, turned_and_shifted(images, changes, InterpolationMode(interpolation)))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("side", [1, 2, 5, 28, 31, 32])
def test_right_angles_move_whole_pixels(side: int, interpolation: str) -> None:
    images = pictures(4, 3, side, side)
    changes = Changes(angle=torch.tensor([0.0, 90.0, 180.0, -90.0]), bilinear=interpolation == "bilinear")
    expected = one_by_one(images, lambda image, number: image.rot90(number, (1, 2)))
    assert torch.equal(augmented(images, changes, MEAN), expected)


@pytest.mark.parametrize("shape", SHAPES)
def test_bilinear_rotation_and_shift_are_torchvisions_to_a_rounding(shape: tuple[int, int, int]) -> None:
    """Sources agree to about 1e-5 pixels, so values before rounding to 1e-2 and bytes to 1, and most are the same."""
    images = pictures(60, *shape)
    spec = Augmentation(rotation_degrees=180, shift=0.2, interpolation="bilinear")
    changes = draw_changes(spec, 60, *shape[1:], seed=1, epoch=1)
    expected = turned_and_shifted(images, changes, InterpolationMode.BILINEAR)
    differences = (augmented(images, changes, MEAN[: shape[0]]).int() - expected.int()).abs()
    assert differences.max() <= 1
    assert differences.double().mean() < 1e-3


# Colours: floating point, to a hundredth of a step of a byte.


def assert_same_colours(found: Tensor, fractions: Tensor) -> None:
    """torchvision computes in fractions of 1 and we in pixel units: a few roundings of 2^-24 of 255, and 6 in a hue."""
    torch.testing.assert_close(found, 255 * fractions, rtol=0, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("kind", "adjust"),
    [
        ("brightness", vision.adjust_brightness),
        ("contrast", vision.adjust_contrast),
        ("saturation", vision.adjust_saturation),
        ("hue", vision.adjust_hue),
    ],
)
def test_a_change_of_colour_is_torchvisions(
    kind: str, adjust: Callable[[Tensor, float], Tensor], shape: tuple[int, int, int]
) -> None:
    images = pictures(40, *shape)
    images[0] = 77  # no colour at all: the hue of grey must not divide by zero
    images[1, :, 0, 0] = 0
    changes = colours(40, Colour(**{kind: 0.5 if kind == "hue" else 1.0}))
    amounts = getattr(changes, kind)
    found = augmented(images, changes, MEAN[: shape[0]])
    assert_same_colours(found, one_by_one(images / 255, lambda image, number: adjust(image, float(amounts[number]))))


def test_every_mixture_of_few_values_turns_its_hue_as_torchvision_does() -> None:
    levels = torch.tensor([0, 1, 127, 128, 254, 255], dtype=torch.uint8)
    images = torch.cartesian_prod(levels, levels, levels).T.reshape(1, 3, 12, 18).expand(11, -1, -1, -1)
    turns = torch.linspace(-0.5, 0.5, 11)
    expected = one_by_one(images / 255, lambda image, number: vision.adjust_hue(image, float(turns[number])))
    assert_same_colours(augmented(images, Changes(hue=turns), MEAN), expected)


def test_the_order_of_colours_matters_only_around_the_hue() -> None:
    images = 100 + pictures(20, 3, 8, 8).float() / 8  # far from 0 and 255, so nothing is cut off
    drawn = colours(20, Colour(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.1))
    steps = {
        "brightness": lambda x: colour.brighten(x, drawn.brightness),
        "contrast": lambda x: colour.change_contrast(x, drawn.contrast),
        "saturation": lambda x: colour.saturate(x, drawn.saturation),
        "hue": lambda x: colour.turn_hue(x, drawn.hue),
    }

    def in_order(names: tuple[str, ...]) -> Tensor:
        result = images
        for name in names:
            result = steps[name](result)
        return result

    first = in_order(("brightness", "contrast", "saturation"))
    for order in permutations(("brightness", "contrast", "saturation")):
        # the weights of grey add up to 0.9999, which contrast and saturation do see
        torch.testing.assert_close(in_order(order), first, rtol=0, atol=0.02)
    torch.testing.assert_close(in_order(("hue", "brightness")), in_order(("brightness", "hue")), rtol=0, atol=2e-3)
    assert (in_order(("hue", "saturation")) - in_order(("saturation", "hue"))).abs().max() > 0.1


# Erasing, and all changes together.


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_erased_is_zero_after_normalisation_and_the_rest_untouched(shape: tuple[int, int, int]) -> None:
    images, mean, std = pictures(80, *shape), MEAN[: shape[0]], torch.tensor([70.0, 61.7, 55.1])[: shape[0]]
    changes = draw_changes(Augmentation(erasing=0.8), 80, *shape[1:], seed=2, epoch=1)

    def reference(image: Tensor, number: int) -> Tensor:
        top, left, tall, wide = changes.rectangle[number].tolist()
        return vision.erase(image, top, left, tall, wide, torch.zeros(1, 1, 1))

    expected = one_by_one(normalise(images, mean, std), reference)
    assert torch.equal(normalise(augmented(images, changes, mean), mean, std), expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_changes_are_made_in_the_order_of_the_keys(channels: int) -> None:
    images = pictures(24, channels, 32, 32)
    changes = draw_changes(EVERYTHING, 24, 32, 32, seed=3, epoch=1)
    changes = replace(changes, angle=90.0 * (torch.arange(24) % 4 - 1))  # no source lies between two pixels
    mean = MEAN[:channels].view(-1, 1, 1)

    def reference(image: Tensor, number: int) -> Tensor:
        top, left = (changes.offset[number] + 4).tolist()
        image = vision.crop(vision.pad(image, [4] * 4), top, left, 32, 32)
        image = vision.hflip(image) if changes.flip[number] else image
        image = vision.rotate(image, float(changes.angle[number]))
        down, right = changes.shift[number].tolist()
        image = vision.affine(image, 0.0, [right, down], 1.0, [0.0, 0.0]) / 255
        image = vision.adjust_brightness(image, float(changes.brightness[number]))
        image = vision.adjust_contrast(image, float(changes.contrast[number]))
        image = vision.adjust_saturation(image, float(changes.saturation[number]))
        image = vision.adjust_hue(image, float(changes.hue[number]))
        return vision.erase(image, *changes.rectangle[number].tolist(), mean / 255)

    assert_same_colours(augmented(images, changes, mean.view(-1)), one_by_one(images, reference))


def test_off_is_the_very_images() -> None:
    images = pictures(3, 1, 28, 28)
    changes = draw_changes(Augmentation(colour=Colour()), 3, 28, 28, seed=0, epoch=1)
    assert changes == Changes()
    assert augmented(images, changes[:2], MEAN[:1]) is images


@given(kinds=st.sets(st.sampled_from(sorted(KINDS))), channels=st.sampled_from([1, 3]), bilinear=st.booleans())
def test_the_given_images_are_never_written_to(kinds: set[str], channels: int, bilinear: bool) -> None:
    images, drawn = pictures(6, channels, 12, 10), draw_changes(EVERYTHING, 6, 12, 10, seed=0, epoch=1)
    changes = Changes(bilinear=bilinear, **{kind: getattr(drawn, kind) for kind in kinds})
    before, numbers = images.clone(), {kind: getattr(changes, kind).clone() for kind in kinds}
    found = augmented(images, changes, MEAN[:channels])
    assert found.shape == images.shape
    assert found.is_contiguous()
    assert torch.equal(images, before)
    assert all(torch.equal(getattr(changes, kind), numbers[kind]) for kind in kinds)
    moved_only = kinds <= {"offset", "flip", "angle", "shift"}
    assert found.dtype == (torch.uint8 if moved_only else torch.float32)
    assert 0 <= found.min() <= found.max() <= 255


def test_a_batch_is_its_images() -> None:
    images, changes = pictures(10, 3, 32, 32), draw_changes(EVERYTHING, 10, 32, 32, seed=0, epoch=1)
    together = augmented(images, changes, MEAN)
    alone = torch.cat([augmented(images[i : i + 1], changes[i : i + 1], MEAN) for i in range(10)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-3)  # the mean for contrast is summed in another order


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_no_value_is_read_back_from_the_device(interpolation: str) -> None:
    """Tensors on torch's `meta` device have no values: reading one, as a step on a GPU must not, is an error."""
    changes = draw_changes(EVERYTHING.model_copy(update={"interpolation": interpolation}), 6, 32, 32, seed=0, epoch=1)
    nowhere = torch.device("meta")
    found = augmented(pictures(4, 3, 32, 32).to(nowhere), changes.to(nowhere)[2:], MEAN.to(nowhere))
    assert found.device == nowhere
    assert found.shape == (4, 3, 32, 32)


# What is drawn.


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_draws_the_same_whatever_else_is_on(kind: str) -> None:
    alone, together = (draw_changes(spec, 50, 32, 32, seed=4, epoch=2) for spec in (KINDS[kind], EVERYTHING))
    assert torch.equal(getattr(alone, kind), getattr(together, kind))
    assert [f.name for f in fields(alone) if f.name != "bilinear" and getattr(alone, f.name) is not None] == [kind]


def test_kinds_do_not_share_a_stream() -> None:
    spec = Augmentation(rotation_degrees=1, colour=Colour(brightness=1, contrast=1, saturation=1, hue=0.5))
    drawn = draw_changes(spec, 50, 8, 8, seed=0, epoch=1)
    units = [drawn.angle, drawn.brightness - 1, drawn.contrast - 1, drawn.saturation - 1, 2 * drawn.hue]
    for number, first in enumerate(units):
        assert all((first - second).abs().max() > 0.1 for second in units[:number])


@pytest.mark.parametrize("kind", KINDS)
def test_seed_and_epoch_decide_and_nothing_else(kind: str) -> None:
    state = torch.get_rng_state()
    first, again = (getattr(draw_changes(EVERYTHING, 50, 32, 32, seed=4, epoch=2), kind) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, getattr(draw_changes(EVERYTHING, 50, 32, 32, seed=4, epoch=3), kind))
    assert not torch.equal(first, getattr(draw_changes(EVERYTHING, 50, 32, 32, seed=5, epoch=2), kind))


MANY = 40_000


def test_moves_are_drawn_evenly() -> None:
    drawn = draw_changes(EVERYTHING, MANY, 32, 20, seed=0, epoch=1)
    for side in (0, 1):
        counts = torch.bincount(drawn.offset[:, side] + 4, minlength=9) / MANY
        assert len(counts) == 9
        torch.testing.assert_close(counts, torch.full((9,), 1 / 9), rtol=0, atol=0.01)
    assert drawn.flip.double().mean() == pytest.approx(0.5, abs=0.015)
    assert drawn.angle.abs().max() <= 15
    assert drawn.angle.double().mean() == pytest.approx(0, abs=0.25)
    assert drawn.angle.double().std() == pytest.approx(15 / 3**0.5, rel=0.02)


def test_shifts_are_whole_pixels_of_each_side() -> None:
    """A tenth of 32 rows is 3.2: shifts of -3 to 3, the outermost from an interval of 0.7 of 6.4; of 20 columns, 2."""
    shift = draw_changes(EVERYTHING, MANY, 32, 20, seed=0, epoch=1).shift
    down, right = torch.bincount(shift[:, 0] + 3) / MANY, torch.bincount(shift[:, 1] + 2) / MANY
    torch.testing.assert_close(down, torch.tensor([0.7, 1, 1, 1, 1, 1, 0.7]) / 6.4, rtol=0, atol=0.01)
    torch.testing.assert_close(right, torch.tensor([0.5, 1, 1, 1, 0.5]) / 4, rtol=0, atol=0.01)


@pytest.mark.parametrize(("kind", "centre", "reach"), [("brightness", 1, 0.2), ("saturation", 1, 0.2), ("hue", 0, 0.1)])
def test_colours_are_drawn_evenly(kind: str, centre: float, reach: float) -> None:
    amounts = getattr(draw_changes(EVERYTHING, MANY, 32, 32, seed=0, epoch=1), kind).double()
    assert (amounts - centre).abs().max() <= reach + 1e-6
    assert amounts.mean() == pytest.approx(centre, abs=reach / 50)
    assert amounts.std() == pytest.approx(reach / 3**0.5, rel=0.02)


def test_rectangles_are_drawn_as_torchvision_draws_them() -> None:
    rectangle = draw_changes(EVERYTHING, MANY, 32, 24, seed=0, epoch=1).rectangle.double()
    erased = rectangle[rectangle[:, 2] > 0]
    assert len(erased) / MANY == pytest.approx(0.5, abs=0.015)
    assert (erased[:, :2] >= 0).all()
    assert (erased[:, :2] + erased[:, 2:] <= torch.tensor([32, 24])).all()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        image = torch.zeros(1, 32, 24)
        theirs = [RandomErasing.get_params(image, (0.02, 0.33), (0.3, 3.3), [0.0])[:4] for _ in range(4000)]
    expected = torch.tensor(theirs, dtype=torch.float64)
    # five standard errors of the 4,000
    tolerance = 5 * expected.std(0) / 4000**0.5
    assert ((erased.mean(0) - expected.mean(0)).abs() < tolerance).all()
    assert erased.std(0).tolist() == pytest.approx(expected.std(0).tolist(), rel=0.06)
    areas, theirs_areas = erased[:, 2] * erased[:, 3], expected[:, 2] * expected[:, 3]
    assert areas.mean() == pytest.approx(float(theirs_areas.mean()), rel=0.05)
    assert areas.max() / (32 * 24) < 0.36  # sides are rounded after the area is drawn


def test_where_no_rectangle_fits_nothing_is_erased() -> None:
    assert not draw_changes(Augmentation(erasing=1), 20, 1, 1, seed=0, epoch=1).rectangle[:, 2:].any()


def test_the_pixels_of_a_huge_batch_are_counted_beyond_32_bits() -> None:
    starts = moves.first_pixels(16, 2**28, torch.device("cpu"))
    assert starts[[7, 8, 15]].tolist() == [1879048192, 2147483648, 4026531840]
    assert moves.first_pixels(4, 9, torch.device("cpu")).dtype == torch.int32
