"""A network of one's own: find tickets on one data set, carry them to another beside two controls, compare, export.

    python examples/own_network.py --data digits --target letters

Data sets are whatever `lth.dataset` takes by name, such as `cifar100` or `folder:my_images`. Seven seeds are the
fewest with which two comparisons can show a difference at the 5 % level.
"""

import argparse

from torch import Tensor, nn

import lth


class Small(nn.Module):
    """Two convolutions and two linear layers; gets channels, size and classes from the data."""

    def __init__(self, channels: int, size: int, classes: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, 8, 5, stride=2, padding=2)
        self.hidden = nn.Linear(8 * ((size + 1) // 2) ** 2, 48)
        self.output = nn.Linear(48, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.hidden(self.convolution(images).relu().flatten(1)).relu())


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
settings = {"data": "digits", "target": "letters", "to": "own-ticket", "seeds": 7, "epochs": 2, "limit": 1000}
for name, value in settings.items():
    parser.add_argument(f"--{name}", type=type(value), default=value)
told = parser.parse_args()
source, target = (lth.dataset(name, grey=True, size=28, limit=told.limit) for name in (told.data, told.target))
recipe = lth.recipe(epochs=told.epochs, batch_size=30, learning_rate=2e-3)
arms: dict[str, list[lth.Result]] = {"own": [], "shuffled": [], "reinitialised": []}
for seed in range(told.seeds):
    ticket = lth.find(Small, source, rounds=3, rate=0.5, recipe=recipe, seed=seed)
    for kind, results in arms.items():
        results.append(lth.train(ticket if kind == "own" else lth.control(ticket, kind), target, recipe))
print(lth.compare(arms))

ticket.save(f"{told.to}.safetensors")  # masks and initial weights; `arms["own"][-1].module()` is the trained network
print(*lth.export_ticket(arms["own"][-1], told.to, compact=True), sep="\n")
