"""Order and normalisation of batches."""

import torch

from lth.data.batches import epoch_order, normalise


def test_an_epoch_visits_every_image_once() -> None:
    assert epoch_order(101, seed=3, epoch=1).sort().values.tolist() == list(range(101))


def test_order_depends_on_seed_and_epoch_alone() -> None:
    torch.manual_seed(5)
    first = epoch_order(50, seed=3, epoch=1)
    torch.rand(7)
    assert torch.equal(first, epoch_order(50, seed=3, epoch=1))
    assert not torch.equal(first, epoch_order(50, seed=3, epoch=2))
    assert not torch.equal(first, epoch_order(50, seed=4, epoch=1))


def test_normalise_by_hand() -> None:
    images = torch.tensor([[[[0, 255]], [[10, 30]]]], dtype=torch.uint8)  # one image, two channels, 1x2 pixels
    found = normalise(images, torch.tensor([55.0, 20.0]), torch.tensor([100.0, 5.0]))
    assert torch.equal(found, torch.tensor([[[[-0.55, 2.0]], [[-2.0, 2.0]]]]))
    assert found.dtype == torch.float32


def test_normalise_leaves_the_data_set_alone() -> None:
    images = torch.arange(32, dtype=torch.uint8).reshape(2, 1, 4, 4)
    before = images.clone()
    grey = normalise(images, torch.tensor([3.0]), torch.tensor([2.0]))
    assert torch.equal(images, before)
    assert torch.equal(grey, (before.float() - 3) / 2)
