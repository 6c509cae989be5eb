"""A deep network of dense layers."""

from torch import nn

MLP_HIDDEN, MLP_WIDTH = 6, 100


def mlp_7(channels: int, size: int, classes: int) -> nn.Module:
    """Seven dense layers, six hidden ones of 100: 154,010 parameters on 32x32 grey images, 130,010 on 28x28.

    Lee et al. (2020), *A Signal Propagation Perspective for Pruning Neural Networks at Initialization*, section 5: the
    network of its experiments on MNIST (padded to 32x32), here with ReLU.
    """
    layers: list[nn.Module] = [nn.Flatten()]
    inputs = channels * size * size
    for _ in range(MLP_HIDDEN):
        layers += [nn.Linear(inputs, MLP_WIDTH), nn.ReLU()]
        inputs = MLP_WIDTH
    return nn.Sequential(*layers, nn.Linear(MLP_WIDTH, classes))
