"""The model card of an exported ticket: what it is, where it comes from, what was measured, and what was not."""

from collections.abc import Mapping
from typing import Any

from lth.export.beside import Beside
from lth.export.compact import Sizes

HUB_DATASETS = {
    "mnist": "ylecun/mnist",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}


def model_card(told: Mapping[str, Any], density: float, before: Sizes, after: Sizes, found: Beside) -> str:
    """README.md of a Hugging Face folder.

    Args:
        told: the record of the export.
        density: share of prunable weights that the ticket keeps, from 0 to 1.
        before: sizes of the dense network.
        after: sizes of what was exported.
        found: what the study's results say of the ticket.
    """
    network, source = told["network"], (found.source or "").partition(":")[0]
    hub = [f"datasets: [{HUB_DATASETS[source]}]"] if source in HUB_DATASETS else []
    trained = told["weights"] == "trained"
    weights = f"ones after training on `{told['trained_on']}`" if trained else "initial (untrained) ones"
    lines = ["---", "library_name: pytorch", "tags: [lottery-ticket, pruning, image-classification]", *hub, "---", ""]
    lines += [f"# Lottery ticket: {network['architecture']} at {100 * density:.2f} % density", ""]
    lines += [
        f"A sparse network of architecture `{network['architecture']}`, found by `{told['method']}` on the data set "
        f"`{told['dataset']}` (study `{told['study']}`, ticket `{told['ticket']}`, seed {told['seed']}, round "
        f"{told['round']}). It keeps {100 * density:.2f} % of the prunable weights (of convolutions and linear layers; "
        f"biases and norms are not pruned). The weights in this folder are the {weights}.",
        "",
        *_sizes(told, before, after),
        "",
        "## Use",
        "",
        "```python",
        "from model import load",
        "",
        "logits = load()(images)  # float [n, {}, {}, {}] -> [n, {}]".format(*told["shape"], network["classes"]),
        "```",
        "",
        *_input(found),
        "",
        "## Accuracy",
        "",
        *_accuracy(told, found),
        "",
        "## Data and licence",
        "",
        f"- Found on: {found.source or told['dataset']}",
        *([f"- Trained on: {told['trained_on']}"] if trained else []),
        f"- Licence of these data: {found.licence or 'not known here; ask where the data come from'}",
        "- Licence of the weights: to be named by whoever publishes them.",
        f"- SHA-256 of the ticket's file: `{told['ticket_sha256']}`",
    ]
    return "\n".join(lines) + "\n"


def _sizes(told: Mapping[str, Any], before: Sizes, after: Sizes) -> list[str]:
    how = (
        "Compacted: what computes nothing is removed" if told["compact"] else "Not compacted: pruned weights are zeros"
    )
    return [
        f"{how}. FLOPs are those of dense kernels, for one image.",
        "",
        "| | dense network | this export |",
        "|---|--:|--:|",
        f"| parameters | {before.parameters:,} | {after.parameters:,} |",
        f"| FLOPs | {before.flops:,} | {after.flops:,} |",
        f"| bytes of tensors | {before.bytes:,} | {after.bytes:,} |",
    ]


def _input(found: Beside) -> list[str]:
    if not found.mean:
        return ["Images are normalised as in the study's data set; its statistics are not known here."]
    mean, std = (", ".join(f"{value:.6g}" for value in values) for values in (found.mean, found.std))
    lines = [f"Images are pixels from 0 to 255, minus {mean}, divided by {std} (by channel)."]
    return [*lines, "", f"Classes, in order: {', '.join(found.classes)}."]


def _accuracy(told: Mapping[str, Any], found: Beside) -> list[str]:
    lines = []
    if found.own_accuracy is not None and told["weights"] == "trained":
        lines += [
            f"These weights: {found.own_accuracy:.2f} % on the test images of `{told['trained_on']}` "
            "(n = 1 training, so no interval).",
            "",
        ]
    if not found.arms:
        return [*lines, "The study's tables beside the ticket have no row about it, so nothing is said of its n."]
    lines += [
        "The ticket's round in the study's tables: trained anew on the data set named; mean test accuracy of n seeds.",
        "",
        "| arm | trained on | n | accuracy | interval |",
        "|---|---|--:|--:|--:|",
    ]
    for row in found.arms:
        low, high, level = (row.get(f"{key}_percent", "") for key in ("accuracy_low", "accuracy_high", "confidence"))
        interval = f"{low} to {high} % ({level} %)" if low and high else "none at this n"
        cells = (row["arm"], row.get("dataset", ""), row["n"], f"{row.get('accuracy_percent', '')} %", interval)
        lines.append(f"| {' | '.join(cells)} |")
    return lines
