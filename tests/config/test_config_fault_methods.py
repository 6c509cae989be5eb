"""Each fault of a way to find a ticket, of a recipe or of a comparison: its line, the sentence, and nothing besides."""

import time
from pathlib import Path

import pytest
from study_text import changed, expect, problems, study_of

from lth.checks.read import read_study
from lth.plan.plan import Plan

TRAINED = "network: lenet, recipe: find, dataset: digits"
"""What every ticket says; `find` takes 2 epochs of 19 steps on digits."""
AT_INIT = "method: at_init, densities: [0.5]"


def ticket(keys, name="new", trained=TRAINED):
    """A ticket more, on line 20."""
    return "  away:", f"  {name}: {{{trained}, {keys}}}\n  away:"


def recipe(keys, **optimiser):
    """A recipe more, on line 14, that a ticket of digits uses; 19 steps are an epoch."""
    rule = "".join(f", {key}: {value}" for key, value in optimiser.items())
    written = f"  new: {{optimiser: {{learning_rate: 0.1{rule}}}, batch_size: 60, {keys}}}\n"
    return ("  try:\n", written + "  try:\n"), (
        "home: {network: lenet, recipe: find",
        "home: {network: lenet, recipe: new",
    )


FLAT = ("  lenet: {", "  flat: {architecture: lenet_300_100}\n  lenet: {")
"""A network more, without convolutions."""


def comparison(keys, tickets="home, also", density=0.1296):
    """A comparison of home and another ticket of digits, on lines 29 to 32; its further keys on line 33."""
    text = f"comparisons:\n  at_home:\n    tickets: [{tickets}]\n    density: {density}\n{keys}"
    return ticket("rounds: 4, rate: 0.4", "also"), ("evaluations:\n", text + "evaluations:\n")


TWO_NETWORKS = ("  lenet: {", "  other: {architecture: lenet_300_100}\n  lenet: {")
OF_OTHER = "network: other, recipe: find, dataset: digits"

CONSTANTS = {
    "constants of progressive": (
        ticket("method: progressive, densities: [0.5]"),
        "20 tickets.new: `until_epoch` is missing; it must be a whole number above 0",
    ),
    "constants of dual": (
        ticket("method: dual, densities: [0.5]"),
        "20 tickets.new: `transform` is missing; it must be the name of one of `recipes`",
    ),
    "constants of derived": (
        ticket("method: derived"),
        "20 tickets.new: `of` is missing; it must be the name of one of `tickets`",
    ),
    "constants of combined": (
        ticket("method: combined"),
        "20 tickets.new: `of` is missing; it must be a list of exactly 2 names, such as [one, other]",
    ),
    "constants of another method": (
        ticket("rounds: 2, update_interval: 50"),
        "20 tickets.new.update_interval: only `method: dynamic` has it, and `method` is 'imp'; take it out",
    ),
    "rewinding without rounds to rewind": (
        ticket("method: at_init, densities: [0.5], rewind: trained"),
        "20 tickets.new.rewind: only `method: imp` has it, and `method` is 'at_init'; take it out",
    ),
    "rewinding to a parent that another method has not": (
        ticket("method: at_init, densities: [0.5], rewind: parent"),
        "20 tickets.new.rewind: only `method: imp` has it",
    ),
    "rewinding to a step that another method has not": (
        ticket("method: at_init, densities: [0.5], rewind: step"),
        "20 tickets.new.rewind: only `method: imp` has it",
    ),
    "a start of another method": (
        ticket("method: at_init, densities: [0.1], start: {ticket: home, round: 1}"),
        "20 tickets.new.start: only `method: imp` has it",
    ),
    "scope of a dense ticket": (
        ticket("method: dense, scope: global"),
        "20 tickets.new.scope: only `method: imp`, `method: at_init`, `method: progressive`, `method: "
        "dynamic`, `method: dual` have it, and `method` is 'dense'; take it out",
    ),
    "rate of a derived ticket": (
        ticket("method: derived, of: home, rate: 0.1"),
        "20 tickets.new.rate: only `method: imp`, `method: at_init`, `method: progressive`, `method: "
        "dynamic`, `method: dual` have it, and `method` is 'derived'; take it out",
    ),
    "rounds of a dense ticket": (
        ticket("method: dense, rounds: 2"),
        "20 tickets.new.rounds: only `method: imp`, `method: at_init`, `method: progressive`, `method: "
        "dynamic`, `method: dual` have it, and `method` is 'dense'; take it out",
    ),
    "densities of a derived ticket": (
        ticket("method: derived, of: home, densities: [0.5]"),
        "20 tickets.new.densities: only `method: imp`, `method: at_init`, `method: progressive`, "
        "`method: dynamic`, `method: dual` have it, and `method` is 'derived'; take it out",
    ),
    "a dense ticket without data": (
        ticket("method: dense", trained="network: lenet, recipe: find"),
        "20 tickets.new: has no `dataset` to be trained on; give one",
    ),
    "a chain of another method": (
        ticket("method: at_init, chain: [{dataset: digits, rounds: 2}]", trained="network: lenet, recipe: find"),
        "20 tickets.new.chain: only `method: imp` has it, and `method` is 'at_init'; take it out",
    ),
    "nothing to prune to": (
        ticket("method: at_init"),
        "20 tickets.new: has `dataset` but no `densities`; give `dataset` and `densities`",
    ),
    "rounds besides densities": (
        ticket("rounds: 2, densities: [0.5]"),
        "20 tickets.new: has `rounds` besides `densities`; give one of them",
    ),
    "a chain besides densities": (
        ticket("densities: [0.5], chain: [{dataset: digits, rounds: 2}]", trained="network: lenet, recipe: find"),
        "20 tickets.new: has a `chain` besides `densities`; give either the chain or",
    ),
    "skipping rounds that are needed": (
        ticket("rounds: 6, every: 3"),
        "20 tickets.new.every: each round prunes what the one before has trained",
        "take it out, or set `one_shot: true`",
    ),
}

SCORES = {
    "stability at initialisation": (
        ticket(f"{AT_INIT}, score: stability"),
        "20 tickets.new.score: 'stability' cannot be used here: `method: at_init` scores untrained weights, "
        "and this score "
        "needs the weights of the best epoch; use magnitude, random, snip, grasp, synflow",
    ),
    "SNIP after training": (
        ticket("rounds: 2, score: snip"),
        "20 tickets.new.score: 'snip' cannot be used here: `method: imp` scores trained weights; "
        "use magnitude, stability, random",
    ),
    "SynFlow through a gate": (
        ("lenet5_classic}", "'torchvision:mobilenet_v3_small', size: 32}"),
        ("grey: true, size: 28", "grey: true"),
        ("digits, validation: 200", "digits, validation: 200, size: 32"),
        ("letters, validation: 500", "letters, validation: 500, size: 32"),
        ticket(f"{AT_INIT}, score: synflow"),
        "20 tickets.new.score: 'synflow' needs a network of convolutions, linear layers, batch norm, ReLU and pooling, "
        "which 'torchvision:mobilenet_v3_small' is not",
    ),
    "a score where there is none": (
        ticket("method: dynamic, densities: [0.5], update_interval: 5, score: random"),
        "20 tickets.new.score: only `method: imp`, `method: at_init` have it, and `method` is 'dynamic'; take it out",
    ),
    "images for a score without any": (
        ticket(f"{AT_INIT}, score: synflow, per_class: 5"),
        "20 tickets.new.per_class: has no effect: 'synflow' looks at no images; take it out",
    ),
}

DENSITIES = {
    "rates of layers that compete": (
        ticket("rounds: 2, scope: global, layer_rates: {output: 0.1}"),
        "20 tickets.new.layer_rates: needs `scope: layerwise`, found 'global'; take one of them out",
    ),
    "rates of layers besides Erdos-Renyi": (
        ticket("rounds: 2, scope: erk, layer_rates: {output: 0.1}"),
        "20 tickets.new.layer_rates: needs `scope: layerwise`, found 'erk'; take one of them out",
    ),
    "rates of layers besides densities": (
        ticket("densities: [0.5], layer_rates: {output: 0.1}"),
        "20 tickets.new.layer_rates: goes with `rounds` and `rate`, found `densities`; take one of them out",
    ),
    "rates of layers at initialisation": (
        ticket("method: at_init, rounds: 2, layer_rates: {output: 0.1}"),
        "20 tickets.new.layer_rates: only `method: imp` has it, and `method` is 'at_init'; take it out",
    ),
    "rate of layers that are left whole": (
        ticket("rounds: 2, unpruned: [output], layer_rates: {output: 0.1}"),
        "20 tickets.new.layer_rates.output: these layers are never pruned, since `unpruned` has "
        "'output'; take one of them out",
    ),
    "a rate besides densities": (
        ticket("densities: [0.5], rate: 0.1"),
        "20 tickets.new.rate: has no effect beside `densities`; take one of them out",
    ),
    "all layers whole": (
        ticket("rounds: 2, unpruned: [first, convolution, dense, output]"),
        "20 tickets.new.unpruned: leaves nothing to prune: 'lenet5_classic' has first, convolution, "
        "dense, output layers only; take one of them out",
    ),
    "a pooler of a network of images": (
        ticket("rounds: 2, unpruned: [output, pooler]"),
        "20 tickets.new.unpruned[1]: 'lenet5_classic' has no 'pooler' layers; its layers are first, "
        "convolution, dense, output",
    ),
    "whole twice": (
        ticket("rounds: 2, unpruned: [output, first, output]"),
        "20 tickets.new.unpruned[2]: 'output' is given twice; keep one of them",
    ),
    "densities that rise": (
        ticket("densities: [0.5, 0.2, 0.3]"),
        "20 tickets.new.densities[2]: densities must fall from round to round, found 0.3 after 0.2",
    ),
    "densities that stay": (ticket("densities: [0.5, 0.5]"), "20 tickets.new.densities[1]", "found 0.5 after 0.5"),
    "densities above that of the start": (
        ticket("densities: [0.4, 0.2], start: {ticket: home, round: 2}"),
        "20 tickets.new.densities[0]: densities must fall from round to round, found 0.4 after 0.36",
    ),
    "rounds of dual": (
        ticket("method: dual, rounds: 2, transform: find, penalty: {rise: 1}"),
        "20 tickets.new.rounds: `method: dual` masks to each density in cycles of its own, not in rounds; "
        "give `densities`",
    ),
    "rates of a stage's layers over the network": (
        ticket(
            "scope: global, "
            "chain: [{dataset: digits, rounds: 1}, {dataset: digits, rounds: 1, layer_rates: {output: 0.1}}]",
            trained="network: lenet, recipe: find",
        ),
        "20 tickets.new.chain[1].layer_rates: needs `scope: layerwise`, found 'global'; take one of them out",
    ),
    "one shot over several data sets": (
        ticket(
            "one_shot: true, chain: [{dataset: digits, rounds: 1}, {dataset: letters, rounds: 1}]",
            trained="network: lenet, recipe: find",
        ),
        "20 tickets.new.one_shot: prunes what was trained on 'digits' only, found a `chain` over digits, letters; take "
        "one of them out",
    ),
    "layers after the network": (
        ticket("rounds: 2, rate: 0.4, scope: global", "wide"),
        ("ticket: home", "ticket: wide"),
        "28 tickets.cross.start: 'wide' was pruned with `scope: global`, so that layers may have less "
        "left than this ticket's `scope: layerwise` is to keep; use `scope: global` or that of the other",
    ),
    "layers after a follower of the network": (
        ticket("rounds: 2, rate: 0.4, scope: global", "wide"),
        ticket("method: derived, of: wide, kind: shuffled", "shuffled"),
        ("ticket: home", "ticket: shuffled"),
        "29 tickets.cross.start: 'wide' was pruned with `scope: global`",
    ),
    "a start from combined tickets": (
        ticket("method: at_init, score: snip, densities: [0.5], scope: global", "one"),
        ticket("method: at_init, score: grasp, densities: [0.5], scope: global", "other"),
        ticket("method: combined, of: [one, other], rule: intersection", "both"),
        ticket("rounds: 1, scope: global, start: {ticket: both, round: 1}", "from_both"),
        "23 tickets.from_both.start: 'both' is combined, and how many weights that leaves is not known beforehand; "
        "start from one of one, other",
    ),
    "a start from what is derived of combined tickets": (
        ticket("method: at_init, score: snip, densities: [0.5], scope: global", "one"),
        ticket("method: at_init, score: grasp, densities: [0.5], scope: global", "other"),
        ticket("method: combined, of: [one, other], rule: union", "both"),
        ticket("method: derived, of: both, kind: shuffled", "mixed"),
        ticket("rounds: 1, scope: global, start: {ticket: mixed, round: 1}", "from_mixed"),
        "24 tickets.from_mixed.start: 'mixed' is combined",
    ),
    "a start that left other layers whole": (
        ticket("rounds: 2, scope: global", "wide"),
        ticket("rounds: 1, scope: global, unpruned: [output], start: {ticket: wide, round: 2}", "narrow"),
        "21 tickets.narrow.start: 'wide' was pruned with `unpruned: []`, this ticket has `unpruned: [output]`; give "
        "both the same",
    ),
    "densities after rates of kinds": (
        ticket("rounds: 2, layer_rates: {dense: 0.9}", "uneven"),
        ticket("densities: [0.5], start: {ticket: uneven, round: 2}", "even"),
        "21 tickets.even.start: 'uneven' was pruned with `layer_rates`, so that its layers keep "
        "different shares, which `densities` of this ticket does not go on from; use `rounds` and "
        "layerwise scope",
    ),
    "the whole network after rates of kinds": (
        ticket("rounds: 2, layer_rates: {dense: 0.9}", "uneven"),
        ticket("rounds: 1, start: {ticket: uneven, round: 2}", "same"),
        ticket("rounds: 1, scope: global, start: {ticket: same, round: 3}", "wide"),
        "22 tickets.wide.start: 'same' was pruned with `layer_rates`, so that its layers keep different "
        "shares, which `scope: global` of this ticket does not go on from; use `rounds` and layerwise "
        "scope",
    ),
    "rates of layers that are not there": (
        FLAT,
        ticket("rounds: 2, layer_rates: {convolution: 0.1}", trained="network: flat, recipe: find, dataset: digits"),
        "21 tickets.new.layer_rates.convolution: 'lenet_300_100' has no 'convolution' layers; its "
        "layers are dense, output",
    ),
    "all layers that are there whole": (
        FLAT,
        ticket("rounds: 2, unpruned: [dense, output]", trained="network: flat, recipe: find, dataset: digits"),
        "21 tickets.new.unpruned: leaves nothing to prune: 'lenet_300_100' has dense, output layers "
        "only; take one of them out",
    ),
    "shuffled masks of a ticket over other weights": (
        ticket("rounds: 2, rewind: step, rewind_step: 3", "late"),
        ticket("method: derived, of: late, kind: shuffled"),
        "21 tickets.new.of: a shuffled mask is over theta_0, and 'late' starts from step 3 of 'find' on "
        "'digits', so that two things would differ; derive a ticket over theta_0",
    ),
}

REWINDING = {
    "a dense network whose training starts from another": (
        ticket("rounds: 1, rate: 0.4, retrain: try, start: {ticket: home, round: 0}, rewind: parent", "pre"),
        ticket("rounds: 2, rate: 0.4, dense_of: pre"),
        "21 tickets.new.dense_of: round 0 of 'pre' starts from round 0 of 'home', and this ticket's dense network "
        "would start from theta_0; name a ticket without `start`",
    ),
    "no step to rewind to": (
        ticket("rounds: 2, rewind: step"),
        "20 tickets.new: `rewind_step` is missing, which says how far back `rewind: step` goes",
    ),
    "a step of another rewinding": (
        ticket("rounds: 2, rewind: trained, rewind_step: 5"),
        "20 tickets.new.rewind_step: only `rewind: step` has it, and `rewind` is 'trained'; take it out",
    ),
    "a step after a start": (
        ticket("rounds: 2, rate: 0.4, rewind: step, rewind_step: 5, start: {ticket: home, round: 1}"),
        "20 tickets.new.rewind: 'step' needs a dense training of its own, found `start`; take one of them out",
    ),
    "a step beyond the training": (
        ticket("rounds: 2, rewind: step, rewind_step: 38"),
        "20 tickets.new.rewind_step: recipe 'find' has 38 steps on 'digits', found 38; must be below that",
    ),
}

LENGTHS = {
    "progressive beyond the epochs": (
        ticket("method: progressive, densities: [0.5], until_epoch: 3"),
        "20 tickets.new.until_epoch: must be at most 2 (`order: prune_train`; recipe 'find' has 2 epochs on 'digits'), "
        "found 3",
    ),
    "progressive beyond the epochs, pruned after them": (
        ticket("method: progressive, densities: [0.5], until_epoch: 2, order: train_prune"),
        "20 tickets.new.until_epoch: must be at most 1 (`order: train_prune`; recipe 'find' has 2 epochs on 'digits'), "
        "found 2",
    ),
    "progressive beyond the iterations": (
        *recipe("iterations: 50"),
        ticket("method: progressive, densities: [0.5], until_epoch: 4"),
        ("new: {network: lenet, recipe: find", "new: {network: lenet, recipe: new"),
        "21 tickets.new.until_epoch: must be at most 3 (`order: prune_train`; recipe 'new' has 2.632 epochs on "
        "'digits'), found 4",
    ),
    "progressive from a density below the final ones": (
        ticket("method: progressive, densities: [0.6, 0.5], until_epoch: 2, from_density: 0.6"),
        "20 tickets.new.from_density: must be above the densities that are pruned to, the highest of which is 0.6; "
        "found 0.6",
    ),
    "images for a score of weights alone": (
        ticket("rounds: 2, score: magnitude, per_class: 5"),
        "20 tickets.new.per_class: has no effect: 'magnitude' looks at no images; take it out",
    ),
    "one cycle without a rise": (
        *recipe("epochs: 9, schedule: {name: one_cycle}"),
        "14 recipes.new.schedule: `warmup_epochs` is missing: the epochs over which the rate rises (a third of them, "
        "for instance)",
    ),
    "the beginning of another schedule": (
        *recipe("epochs: 9, schedule: {name: cosine, initial: 0.1}"),
        "14 recipes.new.schedule.initial: only `one_cycle` has it, and `name` is 'cosine'; take it out",
    ),
    "patience that is never over": (
        *recipe("epochs: 4, patience: 4"),
        "14 recipes.new.patience: must be below the 4 epochs to end a training early, found 4",
    ),
    "patience that is never over, in iterations": (
        *recipe("iterations: 38, patience: 2"),
        "14 recipes.new.patience: must be below the 2 evaluations of a training on 'digits' to end it early, found 2",
    ),
    "patience that is never over, by steps": (
        *recipe("epochs: 4, evaluate_every: 30, patience: 3"),
        "14 recipes.new.patience: must be below the 3 evaluations of a training on 'digits' to end it early, found 3",
    ),
    "a last batch of one image": (
        ("  lenet: {", "  other: {architecture: alexnet_s}\n  lenet: {"),
        ("    batch_size: 60\n    epochs: 2\n  try", "    batch_size: 137\n    epochs: 2\n  try"),
        ticket("rounds: 2", trained="network: other, recipe: find, dataset: digits"),
        "13 recipes.find.batch_size: batch norm of network 'other' needs more than one image, and the last batch of an "
        "epoch of 1097 examples of 'digits' has one; change it, or the number of training examples",
    ),
    "interpolation of pixels that are not moved": (
        *recipe("epochs: 4, augment: {flip: true, interpolation: bilinear}"),
        "14 recipes.new.augment.interpolation: only `rotation_degrees` and `shift` have it, found neither; take it "
        "out, or give one of them",
    ),
    "a rate of no stage": (
        ticket(
            "rate: 0.4, chain: [{dataset: digits, rounds: 1, rate: 0.1}, {dataset: letters, rounds: 1, rate: 0.3}]",
            trained="network: lenet, recipe: find",
        ),
        "20 tickets.new.rate: has no effect: each stage of the `chain` has a `rate` of its own; take it out",
    ),
    "rounds that one of two combined tickets has not": (
        ticket("method: combined, of: [home, away], of_rounds: [4, 5]"),
        "20 tickets.new.of_rounds[1]: no such round: 'away' has rounds 0 to 4, found 5",
    ),
    "every so-many-th of one round": (
        ticket("method: combined, of: [home, away], of_rounds: [4, 3], every: 2"),
        "20 tickets.new.every: has no effect beside `of_rounds`, which names one round; take one of them out",
    ),
    "a round to derive from that there is not": (
        ticket("method: derived, of: away, of_round: 5"),
        "20 tickets.new.of_round: no such round: 'away' has rounds 0 to 4, found 5",
    ),
    "one round to derive from, and every other": (
        ticket("method: derived, of: away, of_round: 4, every: 2"),
        "20 tickets.new.every: has no effect beside `of_round`, which names one round; take one of them out",
    ),
    "progressive backwards": (
        ticket("method: progressive, densities: [0.5], from_epoch: 1, until_epoch: 1"),
        "20 tickets.new.until_epoch: must be above `from_epoch` (1), found 1",
    ),
    "stability that is scored at the end only": (
        *recipe("iterations: 10"),
        ticket("rounds: 2, score: stability, scope: global", trained="network: lenet, recipe: new, dataset: digits"),
        "21 tickets.new.score: 'stability' needs a best step before the last, and recipe 'new' is scored only at its "
        "end on 'digits'; train longer or set its `evaluate_every`",
    ),
    "restarts that never come": (
        *recipe("epochs: 9, schedule: {name: cosine_restarts, period_epochs: 9}"),
        "14 recipes.new.schedule.period_epochs: must be below the 9 epochs of the recipe, found 9",
    ),
    "restarts at less than a step": (
        *recipe("epochs: 9, schedule: {name: cosine_restarts, period_epochs: 0.01}"),
        "14 recipes.new.schedule.period_epochs: must be at least a step, 0.05263 of an epoch of 'digits', found 0.01",
    ),
    "restarts at next to nothing": (
        *recipe("epochs: 9, schedule: {name: cosine_restarts, period_epochs: 1e-18}"),
        "14 recipes.new.schedule.period_epochs: must be a number at least 0.001, found '1e-18'",
    ),
    "a penalty that leaps over its limit": (
        ticket("method: dual, densities: [0.5], transform: find, penalty: {rise: 5}"),
        "20 tickets.new.penalty: rises by 5 each time, beyond its `limit` of 1; lower `rise`",
    ),
    "a mask that never moves": (
        ticket("method: dynamic, densities: [0.5]"),
        "20 tickets.new.update_interval: no mask update happens before `until` (step 29 of 38), found "
        "100; must be below that",
    ),
    "growth by the gradient of no step": (
        ticket("method: dynamic, densities: [0.5], update_interval: 5, replaces_step: false"),
        "20 tickets.new.replaces_step: `grow: gradient` needs the gradient of a step that is not made, found false; "
        "take it out",
    ),
    "a penalty longer than its epochs": (
        ticket("method: dual, densities: [0.5], transform: find"),
        "20 tickets.new.penalty: takes 49996 steps to its limit, and recipe 'find' has 38 on 'digits'; "
        "raise `rise`, or lower `limit` or `every`",
    ),
    "a penalty longer than its iterations": (
        *recipe("iterations: 9"),
        ticket("method: dual, densities: [0.5], transform: new, penalty: {rise: 0.1, every: 1}"),
        "21 tickets.new.penalty: takes 10 steps to its limit, and recipe 'new' has 9 on 'digits'; raise "
        "`rise`, or lower `limit` or `every`",
    ),
}

FOLLOWERS = {
    "derived from another network": (
        TWO_NETWORKS,
        ticket("method: derived, of: home", trained=OF_OTHER),
        "21 tickets.new.of: 'home' has network 'lenet', this ticket has 'other'; a mask fits only the network "
        "that it was found in",
    ),
    "combined with another network": (
        TWO_NETWORKS,
        ticket("rounds: 2", "foreign", OF_OTHER),
        ticket("method: combined, of: [home, foreign]"),
        "22 tickets.new.of[1]: 'foreign' has network 'other', this ticket has 'lenet'; a mask fits only the network "
        "that it was found in",
    ),
    "derived from a dense ticket": (
        ticket("method: dense", "whole"),
        ticket("method: derived, of: whole"),
        "21 tickets.new.of: follows the pruned rounds of another ticket, but 'whole' has none",
    ),
    "derived from what has nothing to follow": (
        ticket("method: dense", "whole"),
        ticket("method: derived, of: new", "newer"),
        ticket("method: derived, of: whole"),
        "22 tickets.new.of: follows the pruned rounds of another ticket, but 'whole' has none",
    ),
    "started from what has nothing to follow": (
        ticket("method: dense", "whole"),
        ticket("method: derived, of: whole"),
        ("ticket: home, round: 2", "ticket: new, round: 1"),
        "21 tickets.new.of: follows the pruned rounds of another ticket, but 'whole' has none",
    ),
    "evaluated without anything to follow": (
        ticket("method: dense", "whole"),
        ticket("method: derived, of: whole"),
        ("[home, away, cross]", "[home, away, cross, new]"),
        "21 tickets.new.of: follows the pruned rounds of another ticket, but 'whole' has none",
    ),
    "combined rounds that never meet": (
        ticket("one_shot: true, rounds: 4, rate: 0.4, every: 2", "odd"),
        ticket("rounds: 2, rate: 0.4, start: {ticket: home, round: 4}", "late"),
        ticket("method: combined, of: [odd, late]"),
        "22 tickets.new.of: combines rounds of equal number, but 'odd' has rounds 1, 3 and 'late' has rounds 4 to 6",
    ),
    "combined with itself": (
        ticket("method: combined, of: [home, home]"),
        "20 tickets.new.of: combines 'home' with itself; give two tickets",
    ),
    "combined over different draws": (
        ticket("method: derived, of: home, kind: permuted", "one"),
        ticket("method: derived, of: home, kind: permuted, draw: 1", "other"),
        ticket("method: combined, of: [one, other]"),
        "22 tickets.new.of: 'one' starts from permuted, of home in round 1, 'other' from permuted (draw 1), of home in "
        "round 1; combine tickets that start from the same weights",
    ),
    "combined over the weights of different rounds": (
        ticket("method: derived, of: home, kind: permuted, of_round: 3", "one"),
        ticket("method: derived, of: home, kind: permuted, of_round: 4", "other"),
        ticket("method: combined, of: [one, other], of_rounds: [3, 4]"),
        "22 tickets.new.of: 'one' starts from permuted, of home in round 3, 'other' from permuted, of home in round 4; "
        "combine tickets that start from the same weights",
    ),
    "combined over the weights of different rounds of controls": (
        ticket("method: derived, of: home, kind: permuted", "one"),
        ticket("method: derived, of: home, kind: permuted", "other"),
        ticket("method: combined, of: [one, other], of_rounds: [3, 4]"),
        "22 tickets.new.of: 'one' starts from permuted, of home in round 3, 'other' from permuted, of home in round 4; "
        "combine tickets that start from the same weights",
    ),
    "combined over the weights of different starts": (
        ticket("rounds: 2, rate: 0.4, rewind: trained", "moved"),
        ticket("rounds: 2, rate: 0.4, start: {ticket: moved, round: 1}", "one"),
        ticket("rounds: 1, rate: 0.4, start: {ticket: moved, round: 2}", "other"),
        ticket("method: combined, of: [one, other]"),
        "23 tickets.new.of: 'one' starts from weights of its own ('moved' has `rewind: trained`) in round 1, 'other' "
        "from weights of its own ('moved' has `rewind: trained`) in round 2; combine tickets that start from the same "
        "weights",
    ),
    "combined with a start of which later rounds begin elsewhere": (
        ticket("rounds: 1, rate: 0.4, start: {ticket: home, round: 2}, rewind: trained", "moved"),
        ticket("method: combined, of: [home, moved]"),
        "21 tickets.new.of: 'home' starts from theta_0, 'moved' from weights of its own ('moved' has `rewind: "
        "trained`) in round 3; combine tickets that start from the same weights",
    ),
    "combined over different weights": (
        ticket("rounds: 2, rewind: step, rewind_step: 5", "late"),
        ticket("method: combined, of: [home, late]"),
        "21 tickets.new.of: 'home' starts from theta_0, 'late' from step 5 of 'find' on 'digits'; "
        "combine tickets that start from the same weights",
    ),
    "combined over weights that training made": (
        ticket("rounds: 2, rewind: trained", "moved"),
        ticket("method: combined, of: [moved, home]"),
        "21 tickets.new.of: 'moved' starts from weights of its own ('moved' has `rewind: trained`) in round 1, "
        "'home' from theta_0; combine tickets that start from the same weights",
    ),
    "combined with itself in a circle": (
        ticket("method: combined, of: [home, round]", "round"),
        "20 tickets.round.of: cyclic ticket dependency: round <- round; one of them must be made without the others",
    ),
    "combined and derived in a circle": (
        ticket("method: combined, of: [home, new]", "both"),
        ticket("method: derived, of: both"),
        "20 tickets.both.of: cyclic ticket dependency: both <- new <- both; one of them must be made "
        "without the others",
    ),
    "unknown recipe of retraining": (
        ticket("rounds: 2, retrain: fine"),
        "20 tickets.new.retrain: 'fine' is not defined (did you mean 'find'?); `recipes` has find, try",
    ),
    "a transformation that ends early": (
        *recipe("epochs: 9, patience: 2"),
        ticket("method: dual, densities: [0.5], transform: new, penalty: {rise: 0.1, every: 1}"),
        "21 tickets.new.transform: is trained to its end, found `patience` in recipe 'new'; give it one without",
    ),
    "unknown recipe of dual": (
        ticket("method: dual, densities: [0.5], transform: tri"),
        "20 tickets.new.transform: 'tri' is not defined (did you mean 'try'?); `recipes` has find, try",
    ),
    "derived from nothing known": (
        ticket("method: derived, of: hom"),
        "20 tickets.new.of: 'hom' is not defined (did you mean 'home'?); `tickets` has home, new, away, cross",
    ),
    "combined with nothing known": (
        ticket("method: combined, of: [home, awya]"),
        "20 tickets.new.of[1]: 'awya' is not defined (did you mean 'away'?); `tickets` has home, new, away, cross",
    ),
}

RECIPES = {
    "epochs and iterations": (
        ("    epochs: 2\n", "    epochs: 2\n    iterations: 5\n"),
        "14 recipes.find.iterations: given besides `epochs`; take one of them out",
    ),
    "neither epochs nor iterations": (
        ("    epochs: 2\n", ""),
        "10 recipes.find: does not say how long to train; give `epochs` or `iterations`",
    ),
    "milestones of a cosine": (
        *recipe("epochs: 9, schedule: {name: cosine, milestones: [3]}"),
        "14 recipes.new.schedule.milestones: only `step` has it, and `name` is 'cosine'; take it out",
    ),
    "end of a step schedule": (
        *recipe("epochs: 9, schedule: {name: step, milestones: [3], final: 0.1}"),
        "14 recipes.new.schedule.final: only `linear`, `cosine`, `cosine_restarts` and `one_cycle` have it, and "
        "`name` is 'step'",
    ),
    "cycles of a constant rate": (
        *recipe("epochs: 9, schedule: {period_epochs: 3}"),
        "14 recipes.new.schedule.period_epochs: only `cosine_restarts` has it, and `name` is 'constant'; take it out",
    ),
    "no milestones": (
        *recipe("epochs: 9, schedule: {name: step}"),
        "14 recipes.new.schedule: `milestones` is missing: the epochs after which the rate falls",
    ),
    "no cycles": (
        *recipe("epochs: 9, schedule: {name: cosine_restarts}"),
        "14 recipes.new.schedule: `period_epochs` is missing: how many epochs the first cycle has",
    ),
    "milestones that do not rise": (
        *recipe("epochs: 9, schedule: {name: step, milestones: [6, 3]}"),
        "14 recipes.new.schedule.milestones: must rise, found 6, 3",
    ),
    "milestones beyond the epochs": (
        *recipe("epochs: 9, schedule: {name: step, milestones: [3, 9]}"),
        "14 recipes.new.schedule.milestones: must be below the 9 epochs of the recipe, found 9",
    ),
    "milestones beyond the iterations": (
        *recipe("iterations: 38, schedule: {name: step, milestones: [1, 2.5]}"),
        "14 recipes.new.schedule.milestones: must be below the 2 epochs of 'digits' that 38 iterations are, found 2.5",
    ),
    "warm-up to the end": (
        *recipe("epochs: 3, schedule: {warmup_epochs: 3}"),
        "14 recipes.new.schedule.warmup_epochs: must be below the 3 epochs of the recipe, found 3",
    ),
    "dropout without a place": (
        ("lenet5_classic}", "lenet5_classic, dropout: 0.5}"),
        "8 networks.lenet.dropout: 'lenet5_classic' has no place for dropout, found 0.5; conv2, conv4, conv6",
    ),
    "pixels that patches do not cover": (
        ("  lenet: {", "  other: {architecture: 'torchvision:vit_b_16', size: 40}\n  lenet: {"),
        "8 networks.other.size: 'torchvision:vit_b_16' needs a multiple of 16 pixels a side, found 40",
    ),
}

COMPARISONS = {
    "two networks": (
        FLAT,
        ticket("rounds: 4, rate: 0.4", "wide", trained="network: flat, recipe: find, dataset: digits"),
        *comparison("", "home, wide"),
        "comparisons.at_home.tickets[1]: 'wide' has network 'flat', 'home' has 'lenet'; arms that are compared "
        "are of one network",
    ),
    "more examples than there are": (
        ("    density: 0.1296\n", "    density: 0.1296\n    examples: 99999\n"),
        "34 evaluations.transfer.examples: 'photos' has 45000 training examples, found 99999; must be at most that",
    ),
    "draws of nothing": (
        ("    density: 0.1296\n", "    density: 0.1296\n    draws: 3\n"),
        "34 evaluations.transfer.draws: has no effect without `examples`, of which they are draws; give both or none",
    ),
    "controls of a ticket that is not evaluated": (
        ("[home, away, cross]", "[home, cross]"),
        ("matched_to: cross", "matched_to: away\n    controls: [random]"),
        ("    density: 0.1296\n    matched", "    density: 0.1296\n    matched"),
        "evaluations.transfer.matched_to: found 'away'; must be one of `tickets`: 'home', 'cross'",
    ),
    "unknown ticket": (
        *comparison("", "home, awya"),
        "31 comparisons.at_home.tickets[1]: 'awya' is not defined",
    ),
    "ticket twice": (*comparison("", "home, home"), "31 comparisons.at_home.tickets[1]: 'home' is given twice"),
    "two data sets": (
        *comparison("", "home, away"),
        "31 comparisons.at_home.tickets[1]: 'away' was trained on 'letters' in round 4, 'home' on 'digits'; "
        "a comparison needs one data set",
    ),
    "dense on another data set": (
        *comparison("", "cross"),
        "31 comparisons.at_home.tickets: 'home' was trained on 'digits' in round 0, 'cross' on 'letters'; "
        "add a ticket with `method: dense` on 'letters', as the arm `dense`",
    ),
    "unreached density": (
        *comparison("", density=0.2),
        "32 comparisons.at_home.density: no round of 'home', 'also' keeps within 2% of 0.2; "
        "the nearest: round 3 keeps 0.216",
    ),
    "no such arm": (
        *comparison("    compare: [[home, allso]]\n"),
        "33 comparisons.at_home.compare[0][1]: there is no arm 'allso' (did you mean 'also'?); "
        "the arms are home, also, dense",
    ),
    "named as an evaluation": (
        *comparison(""),
        ("  at_home:", "  transfer:"),
        "30 comparisons.transfer: is the name of an evaluation, too; their tables would lie in one folder",
    ),
    "dense tickets only": (
        ticket("method: dense", "one"),
        *comparison("", "one"),
        "32 comparisons.at_home.tickets: has no sparse ticket to compare with the dense network; add one",
    ),
    "a density at which nothing is pruned": (
        *comparison("", density=1),
        "32 comparisons.at_home.density: round 0 of 'home', the nearest to 1, is the arm `dense` itself; must be a "
        "density to which something is pruned",
    ),
    "two dense tickets": (
        ticket("method: dense", "one"),
        ticket("method: dense", "two"),
        *comparison("", "home, one, two"),
        "33 comparisons.at_home.tickets: has more than one dense ticket (one, two)",
    ),
    "a pruned ticket called dense": (
        ticket("rounds: 4, rate: 0.4", "dense"),
        *comparison("", "home, dense"),
        "32 comparisons.at_home.tickets[1]: one arm is called `dense`, the dense network; give this "
        "ticket another name, or `method: dense`",
    ),
}

TEXTS = "  words: {architecture: bert, model: tiny, classes: 2"
NAMES_OF_TEXTS = {
    "initialisation of an encoder": (
        ("  lenet: {", f"{TEXTS}, initialisation: constructor}}\n  lenet: {{"),
        "8 networks.words.initialisation: is decided by the `model` of 'bert', found constructor; leave it out",
    ),
    "size of an encoder": (
        ("  lenet: {", f"{TEXTS}, size: 64}}\n  lenet: {{"),
        "8 networks.words.size: is decided by the `model` of 'bert', found 64; leave it out",
    ),
    "texts that are not counted": (
        ("  photos: {", "  pairs: {source: qqp_subset, tokenizer: tiny, test: 100}\n  photos: {"),
        "6 datasets.pairs: `train` is missing: the number of texts of 'qqp_subset' depends on its folder; "
        "name how many are trained on",
    ),
    "sparse kernels in bf16": (
        *recipe("epochs: 2, kernels: sparse, precision: bf16"),
        "14 recipes.new.kernels: sparse ones compute in fp32, found `precision: bf16`; take one of them out",
    ),
    "one cycle that begins at its top": (
        *recipe("epochs: 2, schedule: {name: one_cycle, warmup_epochs: 0.1}"),
        "14 recipes.new.schedule.warmup_epochs: must be at least two steps, 0.1053 of an epoch of 'digits', found 0.1",
    ),
}

GROUPED = ticket("densities: [0.1296], groups: filters, unpruned: [output]", "slim")
TWO_FEATURES = {
    "rewired masks of whole filters": (
        GROUPED,
        ("[home, away, cross]", "[home, away, cross, slim]"),
        ("    matched_to: cross\n", "    matched_to: cross\n    controls: [dense, rewired]\n"),
        "evaluations.transfer.controls[1]: 'slim' keeps whole filters or channels (`groups`), for which there is no "
        "other mask with as many weights at each unit; found 'rewired', take it out",
    ),
    "a derived ticket of them": (
        GROUPED,
        ticket("method: derived, of: slim, kind: rewired_rescaled"),
        "tickets.new.kind: 'slim' keeps whole filters or channels (`groups`), for which there is no",
    ),
    "freeze beside weights that grow": (
        ticket(
            "method: dynamic, densities: [0.3], update_interval: 5",
            trained="network: lenet, recipe: new, dataset: digits",
        ),
        recipe("epochs: 2, freeze: {rule: magnitude}")[0],
        "tickets.new.recipe: weights that grow begin at zero, where `freeze` zeroes their gradients for good, found it "
        "in recipe 'new'; use a recipe without it",
    ),
    "freeze between cycles": (
        ticket("method: dual, densities: [0.3], transform: new, cycles: 2, tune_between: find, penalty: {rise: 0.5}"),
        recipe("epochs: 2, freeze: {rule: below}")[0],
        "tickets.new.transform: weights that were removed are zero in the next cycle, where `freeze` zeroes their",
    ),
}

CASES = (
    TWO_FEATURES
    | NAMES_OF_TEXTS
    | CONSTANTS
    | SCORES
    | DENSITIES
    | REWINDING
    | LENGTHS
    | FOLLOWERS
    | RECIPES
    | COMPARISONS
)


def test_a_few_examples_have_many_epochs(tmp_path):
    """100 examples in batches of 50 are 2 steps an epoch, so 100 iterations of them are 50 epochs."""
    few = ("    density: 0.1296\n", "    density: 0.1296\n    examples: 100\n")
    steps = "    batch_size: 50\n    iterations: 100\n    schedule: {}\ntickets"
    rare = ("    batch_size: 60\n    epochs: 2\ntickets", steps)
    within, beyond = (("{}", f"{{name: step, milestones: [{milestone}]}}") for milestone in (40, 50))
    study_of(tmp_path, changed(few, rare, within))
    expect(
        problems(tmp_path, changed(few, rare, beyond)),
        "recipes.try.schedule.milestones: must be below the 50 epochs of 100 examples of 'photos' that 100 iterations",
    )


def test_a_recipe_fits_the_data_sets_that_it_is_used_on(tmp_path):
    """With `retrain`, the dense network's alone: 38 iterations are 2 epochs of digits, and 0.644 of letters."""
    short = recipe("iterations: 38, schedule: {name: step, milestones: [1.5]}")[0]

    def chain(first: str, second: str, keys: str = "retrain: find, ") -> str:
        stages = f"chain: [{{dataset: {first}, rounds: 2}}, {{dataset: {second}, rounds: 1}}]"
        return changed(short, ticket(keys + stages, trained="network: lenet, recipe: new"))

    study_of(tmp_path, chain("digits", "letters"))
    for text in (chain("letters", "digits"), chain("digits", "letters", keys="")):
        (found,) = problems(tmp_path, text)
        words = "must be below the 0.6441 epochs of 'letters' that 38 iterations are, found 1.5"
        assert found == f"14 recipes.new.schedule.milestones: {words}"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_fault_is_named_with_its_line_and_nothing_besides(tmp_path, case):
    replacements = [part for part in case if isinstance(part, tuple)]
    found = problems(tmp_path, changed(*replacements))
    expect(found, *(part for part in case if isinstance(part, str)))
    assert len({line.split()[1] for line in found}) == 1, "\n".join(found)


def test_tickets_over_the_same_weights_are_combined_whatever_their_chains_rewind_to(tmp_path):
    """The weights of a round, not of a ticket: of round 0, and of a first round after a start."""
    lines = {
        "late": "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5",
        "begun": "rounds: 4, rate: 0.4, start: {ticket: late, round: 0}",
        "union": "method: combined, of: [home, begun]",
        "shuffled": "method: derived, of: begun, kind: shuffled",
        "moved": "rounds: 1, rate: 0.4, start: {ticket: home, round: 2}, rewind: trained",
        "first": "method: combined, of: [home, moved], of_rounds: [2, 2]",
        "steps": "rounds: 1, rate: 0.4, start: {ticket: late, round: 2}",
        "stepped": "method: combined, of: [late, steps]",
        "drawn": "method: derived, of: home, draw: 1",
        "redrawn": "method: derived, of: late, draw: 1",
        "draws": "method: combined, of: [drawn, redrawn], of_rounds: [2, 3]",
    }
    texts = [f"  {name}: {{{TRAINED}, {keys}}}\n" for name, keys in lines.items()]
    plan = Plan(study_of(tmp_path, changed(("  away:", "".join(texts) + "  away:"))))
    assert [plan.rounds(name) for name in ("union", "first", "stepped")] == [(1, 2, 3, 4), (2,), (2, 3)]


def test_a_broken_ladder_of_combinations_takes_no_time(tmp_path):
    """Each of 60 tickets of the two before: followed anew from each, that were 2^60 ways."""
    rungs = [f"  t{n}: {{{TRAINED}, method: combined, of: [t{n - 1}, t{n - 2}]}}\n" for n in range(2, 61)]
    bottom = "".join(f"  t{n}: {{{TRAINED}, rounds: 4, rate: 0.4}}\n" for n in (0, 1))
    sound = changed(
        ("  away:", bottom + "".join(rungs) + "  away:"), ("[home, away, cross]", "[home, away, cross, t60]")
    )
    started = time.process_time()
    plan = Plan(study_of(tmp_path, sound))
    assert plan.rounds("t60") == (1, 2, 3, 4)
    for bottom_fault in (("t0: {", "t0: {rewind: reinitialised, "), ("t1: {network: lenet", "t1: {network: lennet")):
        assert problems(tmp_path, sound.replace(*bottom_fault))
    circle = sound.replace(
        bottom.splitlines()[0], rungs[0].replace("t2", "t0").replace("[t1, t0]", "[t60, t59]").rstrip()
    )
    assert any("cyclic ticket dependency" in line for line in problems(tmp_path, circle))
    assert time.process_time() - started < 1


COLOUR = "augment: {colour: {brightness: 0.2, saturation: 0.2, hue: 0.1}}"
WARNINGS = {
    "colours of grey images": (
        *recipe(f"epochs: 2, {COLOUR}"),
        "14 recipes.new.augment.colour.hue: has no effect: the images of digits are grey",
        "14 recipes.new.augment.colour.saturation: has no effect: the images of digits are grey",
    ),
    "scored at the ends only": (
        *recipe("epochs: 2, evaluate_every: 100"),
        "14 recipes.new.evaluate_every: only the untrained and the trained network are scored: 38 steps on 'digits', "
        "found 100",
    ),
}


@pytest.mark.parametrize("case", WARNINGS.values(), ids=WARNINGS)
def test_what_has_no_effect_is_warned_of(tmp_path, case):
    path = tmp_path / "study.yaml"
    path.write_text(changed(*(part for part in case if isinstance(part, tuple))))
    warnings = [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]
    assert [line for line in warnings if line.startswith("14 ")] == [part for part in case if isinstance(part, str)]


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("method: dynamic, densities: [0.3], grow: random", "step 19 of 38 (evaluations left: 1)"),
        ("method: progressive, densities: [0.3], until_epoch: 2", "step 19 of 38 (evaluations left: 1)"),
        ("method: progressive, densities: [0.3], until_epoch: 1", None),
        ("method: dynamic, densities: [0.3], grow: gradient, update_interval: 5, until: 0.5", None),
        ("rounds: 4, rate: 0.4", None),
    ],
)
def test_patience_that_begins_too_late_is_warned_of(tmp_path, method, told):
    """A recipe of two epochs of 19 steps and patience of one."""
    patient = ("    batch_size: 60\n    epochs: 2\n  try", "    batch_size: 60\n    epochs: 2\n    patience: 1\n  try")
    found = warned(tmp_path, changed(patient, ticket(method)))
    lines = [line for line in found if "recipes.find.patience" in line]
    words = f"recipes.find.patience: ends no training of 'new' early: its masks change until {told}"
    assert [line.partition(" ")[2] for line in lines] == ([words] if told else [])


def test_a_clipped_penalty_is_warned_of(tmp_path):
    dual = ticket("method: dual, densities: [0.3], transform: new, penalty: {rise: 0.5}")
    told = [
        line for line in warned(tmp_path, changed(recipe("epochs: 2, clip_grad_norm: 1")[0], dual)) if "clip" in line
    ]
    assert [line.partition(": ")[2] for line in told] == [
        "clips the penalty on masked weights together with the gradients of the others ('new'), so that these shrink "
        "as lambda rises"
    ]
    none = ticket("method: dual, densities: [0.3], transform: new, remove: start")
    assert "clips" not in " ".join(warned(tmp_path, changed(recipe("epochs: 2, clip_grad_norm: 1")[0], none)))


def test_combined_tickets_begin_where_both_did(tmp_path):
    """At step 5 if both were rewound to it; at 0 where one of them was trained again, in whichever order they stand."""
    lines = {
        "late": "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5",
        "retrained": "rounds: 4, rate: 0.4, dense_of: late, rewind: step, rewind_step: 5, retrain: find",
        "second": "rounds: 4, rate: 0.4, rewind: step, rewind_step: 5",
        "one": "method: combined, of: [late, retrained]",
        "other": "method: combined, of: [retrained, late]",
        "both": "method: combined, of: [late, second]",
    }
    texts = [f"  {name}: {{{TRAINED}, {keys}}}\n" for name, keys in lines.items()]
    plan = Plan(study_of(tmp_path, changed(("  away:", "".join(texts) + "  away:"))))
    assert [plan.first_step(name, 2) for name in lines] == [5, 0, 5, 0, 0, 5]


def test_where_the_rounds_of_a_long_chain_begin_is_found_at_once(tmp_path):
    """Each round begins where the one before does, of combined tickets where both do: looked up once each."""
    lines = dict.fromkeys(("late", "same"), "rounds: 30, rate: 0.1, rewind: step, rewind_step: 5")
    lines |= {f"t{n}": f"method: combined, of: [{a}, {b}]" for n, a, b in [(0, "late", "same"), (1, "t0", "late")]}
    lines |= {f"t{n}": f"method: combined, of: [t{n - 1}, t{n - 2}]" for n in range(2, 40)}
    texts = [f"  {name}: {{{TRAINED}, {keys}}}\n" for name, keys in lines.items()]
    plan = Plan(study_of(tmp_path, changed(("  away:", "".join(texts) + "  away:"))))
    started = time.process_time()
    assert {plan.first_step(name, round_) for name in lines for round_ in plan.rounds(name)} == {0, 5}
    assert plan.first_step("t39", 30) == 5
    assert time.process_time() - started < 5


def test_few_examples_are_looked_at_by_themselves(tmp_path):
    """Eight examples are a step an epoch, and two of ten classes are always missing."""
    few = ("    density: 0.1296\n", "    density: 0.1296\n    examples: 8\n")
    rare = ("momentum: 0.9}\n    batch_size: 60", "momentum: 0.9}\n    evaluate_every: 20\n    batch_size: 60")
    told = " ".join(warned(tmp_path, changed(few, rare)))
    assert "evaluate_every: only the untrained and the trained network are scored: 2 steps on 8 examples of" in told
    assert "evaluations.transfer.examples: 8 examples of 10 classes: each draw lacks some of them" in told
    assert "each draw lacks" not in " ".join(warned(tmp_path, changed((few[0], few[1].replace("8", "10")))))


def warned(folder, text):
    """The warnings about a study."""
    path = folder / "study.yaml"
    path.write_text(text)
    return [str(warning).removeprefix(f"{path}:") for warning in read_study(None, [path])[1]]


def test_controls_over_other_weights_than_the_ticket_are_warned_of(tmp_path):
    late = (
        "home: {network: lenet, recipe: find,",
        "home: {network: lenet, recipe: find, rewind: step, rewind_step: 3,",
    )
    controls = (
        "    matched_to: cross\n",
        "    matched_to: cross\n    controls: [dense, shuffled, random, rewired_rescaled, permuted]\n",
    )
    (tmp_path / "study.yaml").write_text(changed(late, controls))
    (told,) = [str(one) for one in read_study(None, [tmp_path / "study.yaml"])[1] if "such arms differ" in str(one)]
    assert told.endswith(
        "evaluations.transfer.controls: shuffled and random masks start from theta_0, 'home' from step 3 of 'find' on "
        "'digits', 'cross' from step 3 of 'find' on 'digits': such arms differ in the mask and in the weights"
    )


def test_an_unpruned_layer_is_one_that_encoders_have(tmp_path):
    text = (Path(__file__).parents[2] / "config" / "text-quick.yaml").read_text()
    found = {
        kinds: problems(tmp_path, text.replace("unpruned: [pooler]", f"unpruned: {kinds}", 1))
        for kinds in ("[output]", "[pooler, dense]")
    }
    words = "'bert' has no 'output' layers; its layers are dense, pooler"
    expect(found["[output]"], f"tickets.sst2.unpruned[0]: {words}")
    expect(found["[pooler, dense]"], "tickets.sst2.unpruned: leaves nothing to prune")


def test_a_last_batch_of_one_image_is_no_fault_without_such_a_norm_or_before_the_end_of_an_epoch(tmp_path):
    """1,097 digits in batches of 137 are 8 and one; a 2D norm has a value for each pixel."""
    ones = ("    batch_size: 60\n    epochs: 2\n  try", "    batch_size: 137\n    epochs: 2\n  try")
    study_of(tmp_path, changed(ones))
    study_of(tmp_path, changed(ones, ("lenet5_classic}", "resnet20}")))
    alexnet, short = ("lenet5_classic}", "alexnet_s}"), ("137\n    epochs: 2", "137\n    iterations: 8")
    assert problems(tmp_path, changed(ones, alexnet))
    study_of(tmp_path, changed(ones, alexnet, short))


def test_the_sound_study_with_a_ticket_more_is_sound(tmp_path):
    """So that each case above has but the fault it is about."""
    assert study_of(tmp_path, changed(ticket("rounds: 2"))).tickets["new"].rounds == 2
    assert study_of(tmp_path, changed(*comparison(""))).comparisons
    assert study_of(tmp_path, changed(*recipe("iterations: 40"))).recipes["new"].iterations == 40
