"""Bad inputs, one after the other in one process: `python tests/faults/bad_inputs.py FOLDER` says what each came to.

Each is a small file and what a user would do with it. Whatever it is, it must end in a sentence and the status 1: the
process prints, as JSON, each input's status, sentence and seconds, and its own peak memory.
"""

import io
import json
import os
import re
import resource
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "config"))
sys.path.insert(0, str(Path(__file__).parents[2]))
from study_text import SOUND

from lth.cli import main
from lth.errors import UserError

Content = bytes | str
FOREVER = "[" * 400 + "]" * 400
AUGMENTED = """\
study: texts
seeds: [0]
datasets: {talk: {source: opinions, tokenizer: tiny, validation: 100}}
networks: {net: {architecture: bert, model: tiny, classes: 2}}
recipes: {find: {optimiser: {learning_rate: 1e-3}, batch: 8, epochs: 1, augment: {flip: true}}}
tickets: {one: {network: net, recipe: find, dataset: talk, rounds: 1}}
"""
PICKLE = b"cos\nsystem\n(S'touch bad'\ntR."
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))


@dataclass(frozen=True)
class Bad:
    """An input, and the words that its sentence must have."""

    name: str
    words: str
    """A regular expression."""
    do: Callable[[Path], object]


def study(name: str, words: str, content: Content) -> Bad:
    """A study file that is checked."""
    return Bad(f"study: {name}", words, lambda folder: _command("check", _file(folder / "study.yaml", content)))


def changed(name: str, words: str, old: str, new: str) -> Bad:
    """The sound study with one thing changed."""
    assert old in SOUND, old
    return study(name, words, SOUND.replace(old, new, 1))


def artifact(name: str, words: str, content: Callable[[], bytes]) -> Bad:
    """A file that is shown as an artifact."""
    return Bad(f"artifact: {name}", words, lambda folder: _command("show", _file(folder / "x.safetensors", content())))


def ticket(name: str, words: str, **changes: Any) -> Bad:
    """A ticket that is read."""

    def read(folder: Path) -> object:
        from lth.tickets import Ticket

        return Ticket.load(_file(folder / "ticket.safetensors", _ticket(**changes)))

    return Bad(f"ticket: {name}", words, read)


def call(name: str, words: str, do: Callable[[Path], object]) -> Bad:
    """Anything else."""
    return Bad(name, words, do)


def _file(path: Path, content: Content) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def _command(*arguments: object) -> None:
    """A command of `python -m lth`; what it says on stderr is its sentence."""
    told = io.StringIO()
    with redirect_stderr(told), redirect_stdout(io.StringIO()):
        status = main([str(argument) for argument in arguments])
    if status:
        raise UserError(told.getvalue().strip())


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _of(metadata: object) -> Callable[[], bytes]:
    """A file without tensors, whose entry `lth` is this text or JSON."""
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    return lambda: _safetensors({"__metadata__": {"lth": text}})


def _ticket(mask: Any = None, weight: Any = None, forget: bool = False, **told: object) -> bytes:
    """A ticket of one layer of four weights, the last pruned; its checksum is right unless it is to be forgotten."""
    import tempfile

    import torch

    from lth.artifacts import write_tensors

    kept = torch.tensor([1, 1, 1, 0], dtype=torch.uint8) if mask is None else mask
    tensors = {"mask/w": kept, "weights/w": torch.tensor([1.0, 2, 3, 0]) if weight is None else weight}
    known = {"layers": ["w"], "seed": 0, "ticket": "t", "study": "s", "network": None, "parent": None}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ticket"
        write_tensors(path, "ticket", tensors, {**known, **told})
        content = path.read_bytes()
    return content[:-1] + bytes([content[-1] ^ 1]) if forget else content


def _tensor(values: list[float], kind: str) -> Any:
    import torch

    return torch.tensor(values, dtype=getattr(torch, kind))


def _idx(folder: Path, content: bytes) -> object:
    from lth.data.vision import mnist

    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        _file(folder / f"MNIST/raw/{name}-ubyte", content)
    return mnist(folder, 0)


def _cifar(folder: Path, content: bytes) -> object:
    from lth.data.vision import cifar10

    for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch", "batches.meta"):
        _file(folder / f"cifar-10-batches-py/{name}", content)
    return cifar10(folder, 0)


def _tsv(content: Content) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from lth.text.sources import sst2

        for name in ("train", "dev"):
            _file(folder / f"glue/SST-2/{name}.tsv", content)
        return sst2(folder, 0)

    return read


def _data(content: Callable[[], bytes]) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from lth.data.examples import load_examples

        return load_examples(_file(folder / "data.safetensors", content()))

    return read


def _weights(folder: Path) -> object:
    """Weights beside another ticket than the one they were trained from."""
    from lth.tickets import TrainedWeights

    _file(folder / "ticket.safetensors", _ticket())
    TrainedWeights(last={"w": _tensor([1.0], "float32")}).save(folder / "trained", folder / "ticket.safetensors")
    _file(folder / "ticket.safetensors", _ticket(seed=1))
    return TrainedWeights.load(folder / "trained", folder / "ticket.safetensors")


def _foreign(folder: Path) -> object:
    """A ticket of another network than the one that is asked for."""
    from lth.config.models import Network
    from lth.tickets import Ticket

    network = Network(architecture="lenet5")
    path = _file(folder / "ticket", _ticket(network=network.model_dump()))
    return Ticket.load(path, Network(architecture="lenet5_classic"))


def _pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def _large(path: Path) -> Path:
    """A study and 200 MB that take no place on the disk."""
    with _file(path, SOUND + "# ").open("ab") as file:
        file.truncate(200_000_000)
    return path


def _verdict_of_a_study(folder: Path) -> None:
    _command("verdict", _file(folder / "study.yaml", SOUND))


def _data_of_nobody(_: Path) -> object:
    from lth.data.root import data_root

    with mock.patch.dict(os.environ, LTH_DATA="~nobody_here"):
        return data_root(None)


def bad_inputs() -> Iterator[Bad]:
    """All of them."""
    yield study("empty", "study.yaml", "")
    yield study("a list", "study.yaml", "- a\n- b\n")
    yield study("a word", "study.yaml", "hello")
    yield study("a tab", "study.yaml:2", "study: a\n\tseeds: [0]\n")
    yield study("an open bracket", "study.yaml", "seeds: [0, 1\n")
    yield study("bytes", "study.yaml", b"\x00\x01\x02\xff")
    yield study("Latin-1", "study.yaml", SOUND.replace("small", "größe").encode("latin-1"))
    yield study("a tag that runs code", "study.yaml:1", "study: !!python/object/apply:os.system [touch bad]\n")
    yield study("a tag of its own", "study.yaml:1", "study: !thing {a: 1}\n")
    yield study("an alias bomb", "study.yaml", BOMB + SOUND)
    yield study("an alias to its parent", "study.yaml", "a: &a [*a]\n" + SOUND)
    yield study("an alias to nothing", "study.yaml:1", "study: *nothing\n")
    yield study("four hundred brackets", "study.yaml", f"study: {FOREVER}\n")
    yield study("a key twice", "study.yaml:2 study: given twice", SOUND.replace("seeds:", "study: other\nseeds:", 1))
    yield study("two documents", "study.yaml", SOUND + "---\n" + SOUND)
    yield changed("an unknown key", "did you mean", "rate: 0.4}", "Rate: 0.4}")
    yield changed("a rate of 1.2", "tickets.home.rate", "rate: 0.4}", "rate: 1.2}")
    yield changed("not a number", "learning_rate", "1.2e-3", ".nan")
    yield changed("infinite", "learning_rate", "1.2e-3", ".inf")
    yield changed("a word for a number", "batch", "batch: 60", "batch: sixty")
    yield changed("a seed below 0", "seeds", "[0, 1, 2]", "[-1, 1, 2]")
    yield changed("a seed beyond all", "seeds", "[0, 1, 2]", f"[{10**40}]")
    yield changed("a seed twice", "seeds", "[0, 1, 2]", "[0, 1, 1]")
    yield changed("no seeds", "seeds", "[0, 1, 2]", "[]")
    yield changed("a billion rounds", "rounds", "rounds: 4", "rounds: 1000000000")
    yield changed("a name with dots", "study", "study: small", "study: ../../etc")
    yield changed("a name with a slash", "tickets", "  home: {", "  ho/me: {")
    yield changed("a name of spaces", "datasets", "  digits: {", '  " ": {')
    yield changed("a source that is not there", "there is no source 'digit'", "source: digits", "source: digit")
    yield changed("an architecture that is not there", "there is no architecture", "lenet5_classic", "lenet6")
    yield changed("a data set that nobody defines", "'digit' is not defined", "dataset: digits", "dataset: digit")
    yield changed("a density that no round has", "density", "density: 0.1296", "density: 0.5")
    yield changed("a round past the end", "round", "round: 2}", "round: 9}")
    yield changed("an arm that is not there", "there is no arm", "[cross-own, dense]", "[cross-own, dens]")
    yield changed("texts for a network of images", "texts", "source: digits,", "source: opinions, tokenizer: tiny,")
    yield changed("a tokenizer for images", "tokenizer", "source: digits,", "source: digits, tokenizer: tiny,")
    yield changed("a model for a network of images", "model", "lenet5_classic}", "lenet5_classic, model: tiny}")
    yield study("augmented texts", "recipes.find.augment: changes images", AUGMENTED)
    yield changed("more images than there are", "validation", "validation: 200", "validation: 20000")
    yield study("merged with itself", "study.yaml:1: an alias", "x: &x {<<: *x}\n" + SOUND)
    yield study("half a surrogate pair", "study.yaml:38: text with half of", SOUND + 'about: "\\ud800"\n')
    yield study("a terminal escape", "study.yaml:38: text with a control character", SOUND + 'about: "\\e[2J"\n')
    yield study("UTF-16", "study.yaml:1: looks like UTF-16", SOUND.encode("utf-16"))
    yield study("a hundred thousand brackets", "study.yaml:1: nested too deeply", "study: " + "[" * 100_000)
    yield study("a hundred thousand values", "study.yaml:1: holds more than", f"study: [{'1,' * 100_000}]\n")
    yield changed("a rate next to nothing", "tickets.home.rate: must be", "rate: 0.4}", "rate: 1e-300}")
    yield changed("an alpha next to nothing", "alpha: must be", "seeds:", "alpha: 1e-300\nseeds:")
    yield changed("a seed of 5,000 digits", "study.yaml:2: a number of 5000", "[0, 1, 2]", f"[{'1' * 5000}]")
    yield changed("an octal seed", "reads 010 as 8", "[0, 1, 2]", "[010]")
    yield changed("the name of a device", "Windows keeps 'con'", "study: small", "study: con")
    yield changed("the home folder of nobody", "does not exist", "seeds:", "data_root: ~nobody_here\nseeds:")
    yield study("fifteen hundred unknown keys", "and 150 more", SOUND + "".join(f"k{n}: 1\n" for n in range(1500)))
    yield call("study: without end", "is a pipe or a device", lambda _: _command("check", "/dev/zero"))
    yield call("study: a pipe", "is a pipe or a device", lambda folder: _command("check", _pipe(folder / "s.yaml")))
    yield call("study: 200 MB", "is larger than 250 kB", lambda folder: _command("check", _large(folder / "s.yaml")))
    yield call("results: a study file", r"did you mean results.small", _verdict_of_a_study)
    yield call("LTH_DATA: the home folder of nobody", "LTH_DATA: ~nobody_here begins with", _data_of_nobody)
    yield call("study: a folder", "is a directory", lambda folder: _command("check", folder))
    yield call("study: no file", "nowhere.yaml", lambda folder: _command("check", folder / "nowhere.yaml"))
    yield artifact("empty", "damaged or not a safetensors file", lambda: b"")
    yield artifact("wrong magic", "damaged or not a safetensors file", lambda: b"PK\x03\x04" + b"x" * 100)
    yield artifact("a header of 8 GB", "damaged or not a safetensors", lambda: _safetensors({}, length=8 << 30))
    yield artifact("a header longer than the file", "damaged or not", lambda: _safetensors({}, length=1000))
    yield artifact("a header that is not JSON", "damaged or not a safetensors file", lambda: _safetensors(b"{{{{{{{{"))
    yield artifact("no metadata", "not an artifact of this project", lambda: _safetensors({}))
    yield artifact("metadata that is not JSON", "not an artifact of this project", _of("{"))
    yield artifact("metadata that is a list", "not an artifact of this project", _of([1, 2]))
    yield artifact("metadata without a kind", "not an artifact of this project", _of({"a": 1}))
    yield artifact("a truncated ticket", "damaged or not a safetensors file", lambda: _ticket()[:-3])
    yield artifact("an offset beyond the end", "damaged", lambda: _safetensors({"w": _entry([0, 400])}, b"x" * 16))
    yield artifact("a shape that is not its bytes", "damaged", lambda: _safetensors({"w": _entry([0, 8])}, b"x" * 8))
    yield ticket("a flipped bit", "altered after it was written", forget=True)
    yield ticket("a mask of twos", "values other than 0 and 1", mask=_tensor([1, 2, 1, 0], "uint8"))
    yield ticket("a mask of floats", "values other than 0 and 1", mask=_tensor([1, 1, 1, 0], "float32"))
    yield ticket("a mask of another shape", "mask of w has shape", mask=_tensor([1, 1, 0], "uint8"))
    yield ticket("a weight that is not a number", "not finite", weight=_tensor([float("nan"), 2, 3, 0], "float32"))
    yield ticket("an infinite weight", "not finite", weight=_tensor([float("inf"), 2, 3, 0], "float32"))
    yield ticket(
        "a pruned weight that is not zero", "pruned weights that are not zero", weight=_tensor([1.0] * 4, "float32")
    )
    yield ticket("layers that it does not have", "metadata lists the layers", layers=["v"])
    yield ticket("no layers at all", "metadata lists the layers", layers=None)
    yield call("ticket: of another network", "belongs to network lenet5 .* not to network lenet5_classic", _foreign)
    yield call("weights: of another ticket", "was not trained from", _weights)
    yield call("data: a ticket for a data set", "holds a ticket, where a dataset is needed", _data(_ticket))
    yield call("data: bytes", "damaged or not a safetensors file", _data(lambda: b"\x89PNG" + b"0" * 50))
    yield call("MNIST: bytes", "checksum|damaged", lambda folder: _idx(folder, b"\x00\x00\x08\x03" + b"0" * 40))
    yield call("MNIST: empty", "checksum|damaged", lambda folder: _idx(folder, b""))
    yield call(
        "CIFAR-10: a pickle that runs code",
        "checksum|damaged",
        lambda folder: _cifar(folder, b"cos\nsystem\n(S'touch bad'\ntR."),
    )
    yield call("SST-2: a column missing", "has no column 'sentence'", _tsv("text\tlabel\na\t1\n"))
    yield call("SST-2: an empty sentence", r"train.tsv:2: its sentence is empty", _tsv("sentence\tlabel\n \t1\n"))
    yield call("SST-2: a label outside the set", r"label is '7'", _tsv("sentence\tlabel\na\t7\n"))
    yield call("SST-2: another encoding", "is not UTF-8", _tsv("sentence\tlabel\nschön\t1\n".encode("latin-1")))
    yield call("SST-2: a part of it", "has 1 training and 1 development", _tsv("sentence\tlabel\na\t1\n"))
    yield call("results: no manifest", "manifest.json: no such file", lambda folder: _command("verify", folder))
    yield call("results: no verdict", "has no verdict yet", lambda folder: _command("verdict", folder))


def _entry(offsets: list[int]) -> dict[str, object]:
    return {"dtype": "F32", "shape": [100], "data_offsets": offsets}


def run(folder: Path) -> dict[str, Any]:
    """What every input came to. Libraries are there before, or the first to need them would be charged with them."""
    import torch  # noqa: F401

    found = {}
    for number, bad in enumerate(bad_inputs()):
        place = folder / str(number)
        place.mkdir()
        started, status, sentence = time.process_time(), 0, ""
        try:
            bad.do(place)
        except UserError as error:
            status, sentence = 1, str(error)
        except BaseException:  # whatever it is, it must not end the others
            status, sentence = 2, traceback.format_exc()
        found[bad.name] = {"status": status, "sentence": sentence, "seconds": time.process_time() - started}
    return {"inputs": found, "peak_mb": _peak_megabytes()}


def _peak_megabytes() -> float:
    """Of this process alone (`ru_maxrss` counts that of the one which started it, too)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
    assert peak is not None
    return int(peak[1]) / 1024


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]))))
