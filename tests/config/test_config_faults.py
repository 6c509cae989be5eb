"""Each fault of a study: its line, and the sentence that says it."""

import os

import pytest
import yaml
from study_text import SOUND, changed, expect, problems

from lth.checks.problems import StudyError
from lth.checks.read import read_study

STRUCTURE = {
    "unknown key": (
        ("seeds:", "sedes:"),
        "2 sedes: unknown key (did you mean 'seeds'?); the keys of a study are study, about, seeds, data_root,",
        "... (16 in all)",
    ),
    "missing key": (("seeds: [0, 1, 2]\n", ""), "1: `seeds` is missing; it must be a list with at least one entry"),
    "abbreviation": (("{name: adam, learning_rate", "{name: adam, lr"), "11 recipes.find.optimiser.lr: unknown key"),
    "abbreviation in capitals": (("learning_rate: 1.2e-3", "LR: 1"), "11 recipes.find.optimiser.LR", "'learning_rate'"),
    "capitals": (
        ("    batch_size: 60", "    Batch_Size: 60"),
        "12 recipes.find.Batch_Size: unknown key (did you mean 'batch_size'?)",
    ),
    "earlier name": (
        ("    batch_size: 60", "    batch: 60"),
        "12 recipes.find.batch: unknown key (did you mean 'batch_size'?)",
    ),
    "key one level too high": (
        ("    batch_size: 60", "    lr: 0.1\n    batch_size: 60"),
        "12 recipes.find.lr: unknown key",
        "(did you mean 'learning_rate', under `optimiser`?)",
    ),
    "missing in an entry": (
        ("    batch_size: 60\n", ""),
        "10 recipes.find: `batch_size` is missing; it must be a whole number above 0",
    ),
    "text for a number": (
        ("batch_size: 60", "batch_size: sixty"),
        "12 recipes.find.batch_size: must be a whole number above 0, found 'sixty'",
    ),
    "fraction for a count": (
        ("epochs: 2", "epochs: 2.5"),
        "13 recipes.find.epochs: must be a whole number above 0, found 2.5",
    ),
    "truth for a number": (
        ("epochs: 2", "epochs: yes"),
        "13 recipes.find.epochs: must be a whole number above 0, found true",
    ),
    "truth in a list of numbers": (
        ("[0, 1, 2]", "[0, true]"),
        "2 seeds[1]: must be a whole number at least 0, found true",
    ),
    "zero": (
        ("batch_size: 60", "batch_size: 0"),
        "12 recipes.find.batch_size: must be a whole number above 0, found 0",
    ),
    "rate of one": (("rate: 0.4}", "rate: 1}"), "19 tickets.home.rate: must be a number above 0 and below 1, found 1"),
    "density in percent": (
        ("0.1296", "12.96"),
        "33 evaluations.transfer.density: must be a number above 0 and at most 1",
    ),
    "density in percent, suggested": (
        ("0.1296", "21.6"),
        "33 evaluations.transfer.density: must be a number above 0 and at most 1, found 21.6 (did you mean 0.216?)",
    ),
    "rate with a percent sign": (
        ("rate: 0.4}", "rate: 40 %}"),
        "19 tickets.home.rate: must be a number above 0 and below 1, found '40 %' (did you mean 0.4?)",
    ),
    "learning rate that is no percentage": (
        ("learning_rate: 0.1", "learning_rate: 200"),
        "15 recipes.try.optimiser.learning_rate: must be a number above 0 and at most 100, found 200",
    ),
    "rate next to nothing": (
        ("rate: 0.4}", "rate: 1e-300}"),
        "19 tickets.home.rate: must be a number at least 1e-09 and below 1, found '1e-300'",
    ),
    "alpha of infinite intervals": (
        ("seeds:", "alpha: 1.0e-17\nseeds:"),
        "2 alpha: must be a number at least 1e-09 and below 1, found 1e-17",
    ),
    "name of a device": (("study: small", "study: con"), "1 study: cannot be a name: Windows keeps 'con' for a device"),
    "entry named as a device": (
        ("  letters: {", "  lpt1: {"),
        "5 datasets.lpt1: cannot be a name: Windows keeps 'lpt1'",
    ),
    "home folder of nobody": (
        ("seeds:", "data_root: ~nobody_here/data\nseeds:"),
        "2 data_root: begins with the home folder of a user who does not exist, found '~nobody_here'",
    ),
    "scratch of nobody": (
        ("seeds:", "compute: {scratch: ~nobody_here}\nseeds:"),
        "2 compute.scratch: begins with the home folder of a user who does not exist",
    ),
    "folder of a very long name": (
        ("seeds:", f"data_root: data/{'x' * 256}\nseeds:"),
        "2 data_root: has a part that is longer than the 255 bytes",
    ),
    "about as a book": (
        ("seeds:", f"about: {'word ' * 500}\nseeds:"),
        "2 about: must be text of at most 2000 characters, found 'word word",
    ),
    "rounds without end": (
        ("rounds: 4, rate: 0.4}", "rounds: 10000000, rate: 0.4}"),
        "19 tickets.home.rounds: must be a whole number above 0 and at most 500, found 10000000",
    ),
    "not a number": (("0.1296", ".nan"), "33 evaluations.transfer.density: must be a number", "found nan"),
    "infinite": (("0.1296", ".inf"), "33 evaluations.transfer.density: must be a number", "found inf"),
    "negative seed": (("[0, 1, 2]", "[-1]"), "2 seeds[0]: must be a whole number at least 0, found -1"),
    "seed too large": (
        ("[0, 1, 2]", "[9999999999999999999999]"),
        "2 seeds[0]: must be a whole number",
        "a huge number",
    ),
    "no seeds": (("[0, 1, 2]", "[]"), "2 seeds: must be a list with at least one entry, found an empty list"),
    "one seed, no list": (("[0, 1, 2]", "0"), "2 seeds: must be a list with at least one entry, found 0"),
    "number for text": (("study: small", "study: 5"), "1 study: must be a name: lower-case letters", "found 5"),
    "unusable study name": (("study: small", "study: My Study"), "1 study: must be a name", "found 'My Study'"),
    "unusable name": (
        ("  away:", "  Away-2:"),
        "20 tickets.Away-2: cannot be a name; must be a name: lower-case letters",
    ),
    "choice": (
        ("name: sgd", "name: SGD"),
        "15 recipes.try.optimiser.name: found 'SGD' (did you mean 'sgd'?); must be one of adam, adamw, sgd",
    ),
    "method": (
        ("rounds: 2\n", "rounds: 2\n    method: lmp\n"),
        "26 tickets.cross.method: there is no method 'lmp' (did you mean 'imp'?); there are imp, dense, "
        "at_init, progressive, dynamic, dual, derived, given, ... (9 in all)",
    ),
    "density of a list": (
        ("rounds: 4, rate: 0.4}", "densities: [0.5, half]}"),
        "19 tickets.home.densities[1]: must be a number above 0 and below 1, found 'half'",
    ),
    "one of two tickets": (
        ("rounds: 4, rate: 0.4}", "method: combined, of: [away]}"),
        "19 tickets.home.of: must be a list of exactly 2 names, such as [one, other], found a list of 1",
    ),
    "penalty, three levels down": (
        (
            "  away:",
            "  new:\n    transform: find, penalty: {rise: 0}\n    method: dual\n    densities: [0.5]\n  away:",
        ),
        ("    method: dual\n", "    method: dual\n    network: lenet\n    recipe: find\n    dataset: digits\n"),
        "21: not valid YAML: a ':' where none can stand; often the indentation or a quote is wrong; the "
        "line is `    transform: find, penalty: {rise: 0}`",
    ),
    "abbreviation of another table": (
        ("    epochs: 2\n", "    steps: 2\n"),
        "13 recipes.find.steps: unknown key",
        "(did you mean 'iterations'?)",
    ),
    "text for a truth": (("grey: true", "grey: maybe"), "6 datasets.photos.grey: must be true or false, found 'maybe'"),
    "nothing": (("study: small", "study:"), "1 study: must be a name", "found nothing"),
    "empty section": (
        ("  lenet: {architecture: lenet5_classic}\n", ""),
        "7 networks: must be a mapping of names",
        "found nothing",
    ),
    "no mapping": (
        ("{architecture: lenet5_classic}", "lenet5"),
        "8 networks.lenet: must be a mapping with the keys architecture",
    ),
    "list for a mapping": (
        ("{ticket: home, round: 2}", "[home, 2]"),
        "27 tickets.cross.start: must be a mapping",
        "a list of 2",
    ),
    "one arm": (
        ("[cross-own, dense]", "[dense]"),
        "37 evaluations.transfer.compare[1]: must be a list of exactly 2 names",
    ),
    "three arms": (
        ("cross-own, dense]", "cross-own, dense, dense]"),
        "37 evaluations.transfer.compare[1]",
        "found a list of 3",
    ),
    "image size": (
        ("size: 28", "size: 4"),
        "6 datasets.photos.size: must be a whole number at least 8 and at most 512, found 4",
    ),
    "no margin at all": (
        ("    matched_to: cross", "    equivalence_margin: 0\n    matched_to: cross"),
        "34 evaluations.transfer.equivalence_margin: must be a number at least 0.001 and at most 10, found 0",
    ),
    "a format that there is not": (
        ("seeds:", "figures: {formats: [svg, gif]}\nseeds:"),
        "2 figures.formats[1]: must be one of svg, pdf, png, found 'gif'",
    ),
    "a margin of everything": (
        ("    matched_to: cross", "    equivalence_margin: 100\n    matched_to: cross"),
        "34 evaluations.transfer.equivalence_margin: must be a number at least 0.001 and at most 10, found 100",
    ),
    "empty chain": (
        ("    dataset: letters\n    rounds: 2\n", "    chain: []\n"),
        "24 tickets.cross.chain: must be a list with at least one entry, found an empty list",
    ),
    "negative round": (
        ("round: 2}", "round: -1}"),
        "27 tickets.cross.start.round: must be a whole number at least 0, found -1",
    ),
}

MEANING = {
    "a margin for no pairs": (
        (
            "    matched_to: cross\n    compare:\n      - [cross-own, home-own]\n      - [cross-own, dense]\n",
            "    equivalence_margin: 1\n",
        ),
        "34 evaluations.transfer.equivalence_margin: has no effect without `compare`, whose pairs it is for",
    ),
    "a margin at an alpha without an interval": (
        ("    matched_to: cross", "    equivalence_margin: 1\n    matched_to: cross"),
        ("seeds:", "alpha: 0.6\nseeds:"),
        "35 evaluations.transfer.equivalence_margin: needs an alpha below 0.5, found 0.6: its interval covers 1 - 2",
    ),
    "a matching margin at an alpha without an interval": (
        ("seeds:", "alpha: 0.6\nmatching_margin: 1\nseeds:"),
        "3 matching_margin: needs an alpha below 0.5, found 0.6: its interval covers 1 - 2 alpha",
    ),
    "figures that the report cannot show": (
        ("seeds:", "figures: {formats: [pdf, png]}\nseeds:"),
        "2 figures.formats: must have `svg`, which the report shows, found only pdf, png",
    ),
    "network": (
        ("{network: lenet,", "{network: lennet,"),
        "19 tickets.home.network: 'lennet' is not defined",
        "'lenet'?",
    ),
    "recipe": (
        ("recipe: try", "recipe: tri"),
        "31 evaluations.transfer.recipe: 'tri' is not defined (did you mean 'try'?); `recipes` has find, try",
    ),
    "data set": (("dataset: digits", "dataset: digit"), "19 tickets.home.dataset: 'digit' is not defined", "'digits'?"),
    "ticket": (
        ("[home, away, cross]", "[home, awya]"),
        "32 evaluations.transfer.tickets[1]: 'awya' is not defined",
        "'away'?",
    ),
    "start": (
        ("ticket: home", "ticket: hom"),
        "27 tickets.cross.start.ticket: 'hom' is not defined",
        "(did you mean 'home'?)",
    ),
    "matched_to": (("matched_to: cross", "matched_to: x"), "34 evaluations.transfer.matched_to: 'x' is not defined"),
    "data set of a chain": (
        ("    dataset: letters\n    rounds: 2\n", "    chain:\n      - {dataset: leters, rounds: 2}\n"),
        "25 tickets.cross.chain[0].dataset: 'leters' is not defined",
    ),
    "architecture": (
        ("lenet5_classic", "lenet_5"),
        "8 networks.lenet.architecture: there is no architecture 'lenet_5'",
        "'lenet5'?",
    ),
    "source": (
        ("source: digits", "source: digit"),
        "4 datasets.digits.source: there is no source 'digit'",
        "'digits'?",
    ),
    "score": (
        ("rounds: 2\n", "rounds: 2\n    score: size\n"),
        "26 tickets.cross.score: there is no score 'size'; there are magnitude, stability, random",
    ),
    "chain beside rounds": (
        ("    rounds: 2\n", "    rounds: 2\n    chain: [{dataset: digits, rounds: 1}]\n"),
        "21 tickets.cross: has a `chain` besides `dataset` and `rounds`; give either the chain or",
    ),
    "neither": (
        ("    dataset: letters\n    rounds: 2\n", ""),
        "21 tickets.cross: does not say what it prunes on; give",
    ),
    "no rounds": (("    rounds: 2\n", ""), "21 tickets.cross: has `dataset` but no `rounds`"),
    "no data set": (("    dataset: letters\n", ""), "21 tickets.cross: has `rounds` but no `dataset`"),
    "circle": (
        ("rounds: 4, rate: 0.4}", "rounds: 4, rate: 0.4, start: {ticket: cross, round: 3}}"),
        "19 tickets.home.start: cyclic ticket dependency: home <- cross <- home; one of them must be "
        "made without the others",
    ),
    "start from itself": (
        ("ticket: home", "ticket: cross"),
        "27 tickets.cross.start: cyclic ticket dependency: cross <- cross; one of them must be made without the others",
    ),
    "no such round": (
        ("round: 2}", "round: 5}"),
        "27 tickets.cross.start.round: no such round: 'home' has rounds 0 to 4, found 5",
    ),
    "start of another network": (
        ("  lenet: {", "  other: {architecture: lenet_300_100}\n  lenet: {"),
        ("    network: lenet\n", "    network: other\n"),
        "28 tickets.cross.start.ticket: 'home' has network 'lenet', this ticket has 'other'; a mask fits only",
    ),
    "dense network beside a start": (
        ("start: {ticket: home, round: 2}", "start: {ticket: home, round: 2}\n    dense_of: home"),
        "28 tickets.cross.dense_of: goes with tickets that begin dense, found `start`; take one of them out",
    ),
    "dense network of another data set": (
        ("dataset: letters, rounds: 4, rate: 0.4}", "dataset: letters, rounds: 4, rate: 0.4, dense_of: home}"),
        "20 tickets.away.dense_of: the dense network of 'home' has dataset 'digits', this ticket's would",
    ),
    "dense network by another recipe": (
        ("recipe: find, dataset: letters, rounds: 4", "recipe: try, dataset: digits, dense_of: home, rounds: 4"),
        "20 tickets.away.dense_of: the dense network of 'home' has recipe 'find', this ticket's would have 'try'",
    ),
    "no dense network": (
        ("dataset: letters, rounds: 4, rate: 0.4}", "dataset: letters, rounds: 4, rate: 0.4, dense_of: cross}"),
        "20 tickets.away.dense_of: 'cross' trains no dense network, found rounds 2 to 4; name one with round 0",
    ),
    "dense network without the step": (
        (
            "dataset: letters, rounds: 4, rate: 0.4}",
            "dataset: digits, rounds: 4, rate: 0.4, dense_of: home, rewind: step, rewind_step: 7}",
        ),
        "20 tickets.away.dense_of: 'home' is to keep the weights of step 7 of its dense training, and keeps none; name",
    ),
    "dense network without the best step": (
        ("dataset: letters, rounds: 4, rate: 0.4}", "dataset: digits, rounds: 4, dense_of: home, score: stability}"),
        "20 tickets.away.dense_of: 'stability' needs the weights of the best step of the dense training, which 'home'",
    ),
    "dense network of itself": (
        ("dataset: letters, rounds: 4, rate: 0.4}", "dataset: letters, rounds: 4, rate: 0.4, dense_of: away}"),
        "20 tickets.away.dense_of: cyclic ticket dependency: away <- away; one of them must be made without the others",
    ),
    "rewind to no parent": (
        ("rate: 0.4}", "rate: 0.4, rewind: parent}"),
        "19 tickets.home.rewind: 'parent' needs a `start`",
    ),
    "colour into grey": (
        ("grey: true, size: 28", "size: 28"),
        "30 evaluations.transfer.dataset: data set 'photos' has 3x28x28 images in 10 classes, but network 'lenet'",
        "set `grey: true` on the data set",
    ),
    "size": (
        ("grey: true, size: 28", "grey: true"),
        "30 evaluations.transfer.dataset",
        "set `size: 28` on the data set",
    ),
    "classes": (
        ("{architecture: lenet5_classic", "{architecture: lenet5_classic, classes: 9"),
        "`classes: 10` on the network",
    ),
    "data set of a ticket": (
        ("dataset: digits,", "dataset: photos,"),
        ("grey: true, ", ""),
        "19 tickets.home.dataset: data set 'photos'",
    ),
    "too small": (
        ("lenet5_classic}", "lenet5_classic, size: 11}"),
        "8 networks.lenet.size: 'lenet5_classic' needs at least 12 pixels a side, found 11",
    ),
    "all validation": (
        ("validation: 200", "validation: 1297"),
        "4 datasets.digits.validation: leaves no training images",
        "1297",
    ),
    "default validation": (
        ("source: digits, validation: 200", "source: digits"),
        "4 datasets.digits.validation: leaves no training images: 'digits' has 1297, found 5000, which it is unless "
        "the study says otherwise; must be below that",
    ),
    "too many for training": (
        ("validation: 500", "validation: 500, train: 3501"),
        "5 datasets.letters.train: more images than there are: 'letters' has 4000",
    ),
    "too many for the test": (
        ("validation: 500", "validation: 500, test: 1001"),
        "5 datasets.letters.test: more images than there are",
    ),
    "unreached density": (
        ("0.1296", "0.17"),
        "33 evaluations.transfer.density: no round of 'home', 'away', 'cross' keeps within 2% of 0.17; "
        "the nearest: round 3 keeps 0.216 and round 4 keeps 0.1296",
    ),
    "tickets of two networks": (
        ("  lenet: {", "  other: {architecture: lenet_300_100}\n  lenet: {"),
        ("  away: {network: lenet", "  away: {network: other"),
        "33 evaluations.transfer.tickets[1]: 'away' has network 'other', 'home' has 'lenet'",
    ),
    "no such arm": (
        ("cross-own, dense", "cros-own, dense"),
        "37 evaluations.transfer.compare[1][0]: there is no arm 'cros-own'",
        "'cross-own'?",
    ),
    "arm of a control that is off": (
        ("    matched_to", "    controls: [random]\n    matched_to"),
        "38 evaluations.transfer.compare[1][1]: there is no arm 'dense'; the arms are home-own",
    ),
    "arm with itself": (
        ("cross-own, dense", "dense, dense"),
        "37 evaluations.transfer.compare[1]: compares 'dense' with itself",
    ),
    "compared twice": (
        ("cross-own, dense", "home-own, cross-own"),
        "37 evaluations.transfer.compare[1]",
        "are compared twice",
    ),
    "seed twice": (("[0, 1, 2]", "[0, 1, 0]"), "2 seeds[2]: 0 is given twice; keep one of them"),
    "ticket twice": (
        ("[home, away, cross]", "[home, away, home]"),
        "32 evaluations.transfer.tickets[2]: 'home' is given twice",
    ),
    "initialisation twice": (
        ("    matched_to", "    initialisations: [own, own]\n    matched_to"),
        "34 evaluations.transfer.initialisations[1]: 'own' is given twice",
    ),
    "momentum of Adam": (
        ("name: sgd", "name: adam"),
        "15 recipes.try.optimiser.momentum: only `sgd` has it, and `name` is 'adam'",
    ),
    "Nesterov of Adam": (
        ("learning_rate: 1.2e-3", "learning_rate: 1.2e-3, nesterov: true"),
        "11 recipes.find.optimiser.nesterov: only",
    ),
    "Nesterov without momentum": (
        ("momentum: 0.9", "nesterov: true"),
        "15 recipes.try.optimiser.nesterov: needs momentum, found none",
    ),
}

FILES = {
    "empty": ("", "1: the file is empty"),
    "only a comment": ("# nothing\n", "1: the file is empty"),
    "list": ("- study: x\n", "1: a list at top level; a study is a mapping"),
    "text": ("study\n", "1: a single value at top level"),
    "tab": ("study: x\nseeds:\n\t- 1\n", "3: not valid YAML: a tab is used for indentation; YAML indents with spaces"),
    "open bracket": (
        "study: x\nseeds: [1, 2\ndatasets: {}\n",
        "2: not valid YAML: the '[' is never closed; the line is `seeds: [1, 2`",
    ),
    "stray colon": ("study: a: b\n", "1: not valid YAML: a ':' where none can stand"),
    "open bracket at the end": ("study: x\nseeds: [1, 2\n", "2: not valid YAML: the '[' is never closed"),
    "missing comma": (
        "study: x\nseeds: [\n  1,\n  2\n  3: 4,\n]\n",
        "5: not valid YAML: a ',' is missing before or on this line, in what the '[' of line 2 opens",
        "; the line is `  3: 4,`",
    ),
    "missing comma on one line": (
        "study: x\nseeds: {a: 1 b: 2}\n",
        "2: not valid YAML: a ',' is missing, or a bracket",
    ),
    "anchor twice": ("a: &x 1\nb: &x 2\n", "2: not valid YAML: an anchor (&) of a name that another one has"),
    "open quote": (
        'study: "x\nseeds: [0]\n',
        '1: not valid YAML: a quote is opened here and never closed; the line is `study: "x`',
    ),
    "missing colon": (
        "study: x\nseeds [0]\ndatasets: {}\n",
        "2: not valid YAML: a ':' is missing after a key; the line is `seeds [0]`",
    ),
    "shown tab": ("study: x\nseeds:\n\t- 1\n", r"the line is `\t- 1`"),
    "shown line of no end": (f"study: a: {'k' * 5000}\n", "1: not valid YAML: a ':' where none", "kkk ... kkk"),
    "merge of itself": ("x: &x {<<: *x}\n" + SOUND, "1: an alias (*) stands inside of what it stands for"),
    "merge in a circle": ("x: &x {a: &a {<<: *x}}\n" + SOUND, "1: an alias (*) stands inside of what it stands for"),
    "template": (
        "__use_yte__: true\nabout: ?print()\n" + SOUND,
        "1 __use_yte__: makes Snakemake run Python that is written in this file, before any check",
    ),
    "octal seed": (
        changed(("[0, 1, 2]", "[0, 010]")),
        "2 seeds[1]: YAML reads 010 as 8; write a decimal number",
    ),
    "constants for channels that are not there": (
        changed(("grey: true, size: 28", "grey: true, size: 28, normalise: {mean: [0.5, 0.5, 0.5], std: [0.3]}")),
        "6 datasets.photos.normalise.mean: needs a number for each channel, 1 here, found 3",
    ),
    "seed to the base of 60": (changed(("[0, 1, 2]", "[1:30]")), "2 seeds[0]: YAML reads 1:30 as 90"),
    "five thousand digits": (changed(("[0, 1, 2]", f"[{'1' * 5000}]")), "2: a number of 5000 characters"),
    "half a surrogate pair": (
        changed(("seeds:", 'about: "\\ud800"\nseeds:')),
        r"2: text with half of a surrogate pair (U+D800), which cannot be shown or written; take it out",
        r'; the line is `about: "\ud800"`',
    ),
    "half a surrogate pair as a key": (SOUND + '"\\udfff": 1\n', "38: text with half of a surrogate pair (U+DFFF)"),
    "terminal escape": (SOUND + 'about: "\\e[2J"\n', "38: text with a control character (U+001B)"),
    "NUL in a path": (SOUND + 'data_root: "a\\0b"\n', "38: text with a control character (U+0000)"),
    "UTF-16": (SOUND.encode("utf-16"), "1: looks like UTF-16"),
    "UTF-16 without a mark": (SOUND.encode("utf-16-be"), "1: looks like UTF-16"),
    "nesting in blocks": (
        "".join(f"{' ' * depth}a:\n" for depth in range(600)),
        "41: nested too deeply; a study nests fewer than 40 levels",
    ),
    "many values": (f"study: [{'1,' * 20_000}]\n", "1: holds more than 6000 values"),
    "many kilobytes": ("# " + "x" * 300_000, "has 300,002 bytes, where at most 250,000 are allowed"),
    "two documents": (SOUND + "---\nstudy: y\n", "38: not valid YAML: a second document"),
    "unknown alias": ("study: *other\n", "1: not valid YAML: an alias (*) to an anchor (&) that is not defined"),
    "tag": (
        "study: x\nseeds: !!python/object/apply:os.system ['true']\n",
        "2: the YAML tag '!!python/object/apply:os.system'",
    ),
    "own tag": ("study: !name x\n", "1: the YAML tag '!name' is not allowed"),
    "impossible date": ("study: 2020-13-45\n", "1: '2020-13-45' is not the kind of value that it looks like"),
    "latin-1": ("study: x\nabout: caf\xe9\n".encode("latin-1"), "2: not UTF-8 text; save the file as UTF-8"),
    "control character": (b"study: x\nabout: \x00\n", "2: a control character"),
    "its own alias": ("study: &a [*a]\n", "1: an alias (*) stands inside of what it stands for"),
    "endless nesting": ("study: " + "[" * 5000, "1: nested too deeply"),
    "alias bomb": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefg", "bcdefgh", strict=True)),
        "4: holds more than 6000 values; a study has a few hundred; aliases (*) repeat",
    ),
    "wrong merge": ("study: x\n<<: 5\n", "2: `<<` takes in a mapping"),
    "key twice": (SOUND + "seeds: [1]\n", "38 seeds: given twice, first on line 2; keep one of them"),
    "inner key twice": (
        changed(("batch_size: 60", "batch_size: 60\n    batch_size: 50")),
        "13 recipes.find.batch_size: given twice, first on line 12",
    ),
    "key that YAML reads as a truth": (
        changed(("  away:", "  no:")),
        "20 tickets.False: a key must be a word, but YAML reads this one as false",
    ),
    "key that is a list": ("study: x\n? [a, b]\n: 1\n", "a key must be a word"),
}


DANGLING = ("unusable name", "entry named as a device", "empty section")
"""Structural faults that are not reported alone: what refers to them by their right names is reported, too."""


@pytest.mark.parametrize("name", STRUCTURE | MEANING)
def test_a_fault_is_named_with_its_line_and_one_of_structure_drags_nothing_along(tmp_path, name):
    case = (STRUCTURE | MEANING)[name]
    replacements = [part for part in case if isinstance(part, tuple)]
    found = problems(tmp_path, changed(*replacements))
    expect(found, *(part for part in case if isinstance(part, str)))
    assert len(found) == 1 or name in MEANING or name in DANGLING, "\n".join(found)


@pytest.mark.parametrize(("text", "sentences"), [(text, rest) for text, *rest in FILES.values()], ids=FILES)
def test_a_file_that_is_no_study(tmp_path, text, sentences):
    expect(problems(tmp_path, text), *sentences)


@pytest.mark.parametrize("name", ["/dev/zero", "pipe"])
def test_a_file_that_never_ends_is_not_begun(tmp_path, name):
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    with pytest.raises(StudyError, match=rf"{path}: is a (FIFO|device), where a file is needed"):
        read_study(None, [path])


@pytest.mark.parametrize("change", [("rate: 0.4}", "rate: 1}"), ("learning_rate: 0.1,", "learning_rate: 200,")])
def test_what_is_no_percentage_is_not_taken_for_one(tmp_path, change):
    (sentence,) = problems(tmp_path, changed(change))
    assert "did you mean" not in sentence


def test_one_fault_of_many_places_is_one_sentence(tmp_path):
    found = problems(tmp_path, SOUND.replace("network: lenet", "network: lennet"))
    assert found == [
        "19 tickets.home.network: 'lennet' is not defined (did you mean 'lenet'?); `networks` has lenet "
        "(also line 20, line 22)"
    ]


def test_one_data_set_that_does_not_fit_is_one_sentence(tmp_path):
    found = problems(tmp_path, SOUND.replace("dataset: letters", "dataset: photos").replace("grey: true, ", ""))
    assert ["(also line 24, line 30)" in line for line in found] == [True], "\n".join(found)


def test_a_template_is_refused_where_snakemake_has_taken_its_mark_out(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("__use_yte__: true\n" + SOUND)
    with pytest.raises(StudyError) as caught:
        read_study(yaml.safe_load(SOUND), [path])
    assert str(caught.value).startswith(f"{path}:1 __use_yte__: makes Snakemake run Python")
    assert len(caught.value.problems) == 1


def test_hundreds_of_faults_are_counted(tmp_path):
    found = problems(tmp_path, SOUND + "".join(f"key{number}: 1\n" for number in range(1500)))
    assert len(found) == 51
    assert found[0].startswith("38 key0: unknown key")
    assert found[-1] == "and 150 more"


def test_a_row_of_hundreds_of_tickets_is_refused_where_it_is_too_long(tmp_path):
    """Python's own limit is at some hundred calls inside each other."""
    row = "".join(
        f"  t{n}: {{network: lenet, recipe: find, dataset: digits, rounds: 1, "
        f"start: {{ticket: {f't{n - 1}' if n else 'home'}, round: {n}}}}}\n"
        for n in range(250)
    )
    found = problems(tmp_path, SOUND.replace("tickets:\n", f"tickets:\n{row}", 1))
    expect(found, "118 tickets.t99: the last of a row of more than 100 tickets")
    assert len(found) == 1


def test_text_from_the_command_line_that_cannot_be_written_is_refused(tmp_path):
    for text, kind in (("\udcff", "half of a surrogate pair"), ("\x1b[2J", "a control character")):
        for data in ({"about": text}, {"datasets": {text: {}}}):
            with pytest.raises(StudyError, match=f"^--config: text with {kind} ") as caught:
                read_study(data, [])
            assert str(caught.value).isprintable()


def test_there_is_no_file(tmp_path):
    with pytest.raises(StudyError, match=r"nowhere\.yaml: cannot be read: No such file or directory"):
        read_study(None, [tmp_path / "nowhere.yaml"])


def test_everything_wrong_is_reported_at_once_in_order(tmp_path):
    """First what is wrong with single entries, then what is wrong between them: each batch complete, sorted by line."""
    text = changed(
        ("seeds: [0, 1, 2]", "seeds: [0, 0]"),
        ("validation: 200", "validaton: 200"),
        ("lenet5_classic", "lenet6"),
        ("epochs: 2", "epochs: two"),
        ("network: lenet, recipe: find, dataset: digits", "network: lennet, recipe: find, dataset: digits"),
        ("round: 2}", "round: 9}"),
        ("0.1296", "0.5"),
        ("cross-own, dense", "cross-own, denes"),
    )
    assert _lines(problems(tmp_path, text)) == [2, 4, 8, 13, 19]
    between = changed(("round: 2}", "round: 9}"), ("0.1296", "0.5"), ("cross-own, dense", "cross-own, denes"))
    assert _lines(problems(tmp_path, between)) == [27, 33, 37]


def _lines(found):
    return [int(line.split()[0].rstrip(":")) for line in found]


OTHER = "    density: 0.1296\n    other_initialisations: [{}]\n"
PUBLISHED = """\
    density: 0.1296
    published:
      cross-own: {citation: "a paper, one run", accuracy_percent: [41.5, 45]}
"""


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        (
            "    epochs: 2\n",
            "    epochs: 2\n    freeze: {rule: negative}\n",
            ["rule", "'negative'", "below, magnitude"],
        ),
        ("    density: 0.1296\n", OTHER.format("glorot_normal"), ["is the initialisation of network 'lenet'"]),
        ("    density: 0.1296\n", OTHER.format("he_normal"), ["he_normal", "kaiming_normal"]),
        (
            "    density: 0.1296\n",
            OTHER.format("kaiming_normal") + "    initialisations: [own]\n    controls: [permuted]\n",
            ["other_initialisations", "has no effect: no arm has newly drawn weights or theta_0"],
        ),
        ("    density: 0.1296\n", PUBLISHED.replace("cross-own", "cross-ow"), ["no arm", "cross-ow", "cross-own"]),
        ("    density: 0.1296\n", PUBLISHED.replace("45]", "45, 46]"), ["recipe 'try' has 2 epochs", "after epoch 3"]),
        ("    density: 0.1296\n", PUBLISHED.replace("45]", "451]"), ["at most 100", "451"]),
        (
            "    density: 0.1296\n",
            PUBLISHED.replace("45]", "45], epochs: [2]"),
            ["epochs", "needs an epoch for each of the 2 accuracies, found 1"],
        ),
        ("    density: 0.1296\n", PUBLISHED.replace("45]", "45], epochs: [2, 1]"), ["must rise, found 2, 1"]),
    ],
)
def test_what_is_wrong_with_repeating_a_published_study(tmp_path, old, new, parts):
    expect(problems(tmp_path, changed((old, new))), *parts)


def test_published_accuracies_need_scores_after_each_epoch(tmp_path):
    text = changed(("    density: 0.1296\n", PUBLISHED)).replace("epochs: 2\ntickets", "iterations: 50\ntickets")
    expect(problems(tmp_path, text), "needs a recipe that is scored after each epoch: give recipe 'try' `epochs`")
