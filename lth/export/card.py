"""The model card of an exported ticket: what it is, where it comes from, what was measured, and what was not."""

from collections.abc import Iterable, Mapping
from typing import Any

from lth.catalog.controls import ARM_KINDS
from lth.export.beside import Beside
from lth.export.compact import Sizes

HUB_DATASETS = {
    "mnist": "ylecun/mnist",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "cifar10": "uoft-cs/cifar10",
}


def front_matter(sources: Iterable[str]) -> list[str]:
    """What the Hub reads at the top of a model card.

    Args:
        sources: of the data; those that the Hub has are named.
    """
    hub = dict.fromkeys(HUB_DATASETS[source] for source in sources if source in HUB_DATASETS)
    named = [f"datasets: [{', '.join(hub)}]"] if hub else []
    return ["---", "library_name: pytorch", "tags: [lottery-ticket, pruning, image-classification]", *named, "---"]


def model_card(told: Mapping[str, Any], density: float, before: Sizes, after: Sizes, found: Beside) -> str:
    """README.md of a Hugging Face folder.

    Args:
        told: the record of the export.
        density: share of prunable weights that the ticket keeps, from 0 to 1.
        before: sizes of the dense network.
        after: sizes of what was exported.
        found: what the study's results say of the ticket.
    """
    network = told["network"]
    lines = [*front_matter(used.source for used in found.data), ""]
    lines += [f"# {name_of(told)}: {network['architecture']} at {100 * density:.2f} % density", ""]
    lines += [
        f"A {'sparse' if density < 1 else 'dense'} network of architecture `{network['architecture']}`"
        f"{_origin(told, found)}. It keeps {100 * density:.2f} % of the prunable weights (of convolutions and linear "
        f"layers; biases and norms are not pruned). The weights in this folder are {_weights(told)}.",
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
        *_input(told, found),
        "",
        "## Accuracy",
        "",
        *_accuracy(told, found),
        "",
        "## Data and licence",
        "",
        *_data(told, found),
        *_licences(found),
        "- Licence of the weights: to be named by whoever publishes them.",
        f"- SHA-256 of the ticket's file: `{told['ticket_sha256']}`",
    ]
    return "\n".join(lines) + "\n"


def name_of(told: Mapping[str, Any]) -> str:
    """What an export is, in a few words.

    Args:
        told: its record.
    """
    if kind := told.get("control"):
        return f"Control ({kind}) of a lottery ticket"
    return "Pruned network of a checkpoint" if _is_checkpoint(told) else "Lottery ticket"


def _is_checkpoint(told: Mapping[str, Any]) -> bool:
    """Whether it was made from another program's checkpoint; a ticket that a study was given has the study's name."""
    return told["method"] == "given" and told["study"] is None


def _origin(told: Mapping[str, Any], found: Beside) -> str:
    """The rest of the sentence that names the architecture: how the ticket came about, and where in a study."""
    method, kind, words = told["method"], told.get("control"), ""
    known = {key: told[key] for key in ("study", "ticket", "seed", "round") if told[key] is not None}
    place = [f"{key} `{value}`" if isinstance(value, str) else f"{key} {value}" for key, value in known.items()]
    if method == "given":
        made = "made from a checkpoint of another program" if _is_checkpoint(told) else "taken over from a file"
        words, place = f" {made}", [f"SHA-256 `{told.get('given')}`", *([", ".join(place)] if place else [])]
    elif method is not None:
        words = f" found by `{method}`{_on(told, found)}"
    words += f" ({('; ' if method == 'given' else ', ').join(place)})" if place else ""
    if kind is None:
        return f",{words}" if words else ""
    words = f": a control (`{kind}`) of {'the' if method else 'a'} ticket{words}"
    if kind == "dense" or kind not in ARM_KINDS or told["ticket"] is None:
        return words
    what = ARM_KINDS[kind].sentence.format(of=f"`{told['ticket']}`")
    return f"{words}. It is {what}, with as many weights in each layer as the ticket"


def _on(told: Mapping[str, Any], found: Beside) -> str:
    """The data sets that a chain or a combined ticket was found on; else the ticket's own."""
    if len(found.data) > 1:
        return f" on the data sets {', '.join(f'`{used.dataset}`' for used in found.data)}"
    return f" on the data set `{told['dataset']}`" if told["dataset"] else ""


def _weights(told: Mapping[str, Any]) -> str:
    if told["weights"] == "trained":
        return "the ones after training" + (f" on `{told['trained_on']}`" if told["trained_on"] else "")
    if told["method"] != "given":
        return "the initial (untrained) ones"
    if told.get("control"):
        return "the initial ones"
    if sha := told.get("given_weights"):
        return f"those of another checkpoint (SHA-256 `{sha}`)"
    return "the checkpoint's" if _is_checkpoint(told) else "the file's"


def _data(told: Mapping[str, Any], found: Beside) -> list[str]:
    """The data that the ticket has to do with, and those of trained weights."""
    label = "Data set of its study" if told["method"] == "given" else "Found on"
    label = "The ticket was found on" if told.get("control") and told["method"] != "given" else label
    own = [f"{used.source}: {used.about}" if used.about else used.source for used in found.data]
    own = own or [str(told["dataset"])] * bool(told["dataset"])
    trained = told["trained_on"] if told["weights"] == "trained" else None
    return [*(f"- {label}: {one}" for one in own), *([f"- Trained on: {trained}"] if trained else [])]


def _licences(found: Beside) -> list[str]:
    unknown = "not known here; ask where the data come from"
    licences = {used.source: used.licence or unknown for used in found.data}
    if len(licences) > 1:
        return [f"- Licence of `{source}`: {licence}" for source, licence in licences.items()]
    return [f"- Licence of these data: {next(iter(licences.values()), unknown)}"]


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


def _input(told: Mapping[str, Any], found: Beside) -> list[str]:
    if not found.mean and told["study"] is None:
        return ["Images are pixels; how they are normalised is not known here."]
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
