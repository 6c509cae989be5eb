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
import zlib
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "config"))
sys.path.insert(0, str(Path(__file__).parents[2]))
from study_text import SOUND

from lth.cli import main
from lth.errors import UserError

Content = bytes | str
TEXTS = find_spec("transformers") is not None
FOREVER = "[" * 400 + "]" * 400
AUGMENTED = """\
study: texts
seeds: [0]
datasets: {talk: {source: opinions, tokenizer: tiny, validation: 100}}
networks: {net: {architecture: bert, model: tiny, classes: 2}}
recipes: {find: {optimiser: {learning_rate: 1e-3}, batch_size: 8, epochs: 1, augment: {flip: true}}}
tickets: {one: {network: net, recipe: find, dataset: talk, rounds: 1}}
"""
PICKLE = b"cos\nsystem\n(S'touch bad'\ntR."
DEEP = "[" * 100_000 + "]" * 100_000
WORDY = '{"model_type": "bert", "hidden_size": "large", "num_attention_heads": []}'
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
        from lth.artifacts.tickets import Ticket

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
    """A command of `lth`; what it says on stderr is its sentence."""
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


def _ticket(
    mask: Any = None, values: Any = None, forget: bool = False, others: dict[str, Any] | None = None, **told: object
) -> bytes:
    """A ticket of one layer of four weights, the last pruned; its checksum is right unless it is to be forgotten."""
    import torch

    kept = torch.tensor([0b11100000], dtype=torch.uint8) if mask is None else mask
    tensors = {"mask/w": kept, "values/w": torch.tensor([1.0, 2, 3]) if values is None else values, **(others or {})}
    known = {"layers": ["w"], "shapes": {"w": [4]}, "seed": 0, "ticket": "t", "study": "s", "network": None}
    held = {name: tensor for name, tensor in tensors.items() if tensor is not False}
    content = _artifact("ticket", held, {**known, "parent": None, **told})
    return content[:-1] + bytes([content[-1] ^ 1]) if forget else content


def _artifact(kind: Any, tensors: dict[str, Any], metadata: dict[str, Any]) -> bytes:
    """An artifact whose checksum is right, whatever is in it."""
    import tempfile

    from lth.artifacts.tensors import write_tensors

    with tempfile.TemporaryDirectory() as folder:
        write_tensors(Path(folder) / "made", kind, tensors, metadata)
        return (Path(folder) / "made").read_bytes()


def _tensor(values: list[float], kind: str) -> Any:
    import torch

    return torch.tensor(values, dtype=getattr(torch, kind))


def _bytes(*values: int) -> Any:
    return _tensor([*values], "uint8")


def _gaps(*values: int) -> dict[str, Any]:
    return {"gaps/w": _bytes(*values)}


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
    from lth.artifacts.trained_weights import TrainedWeights

    _file(folder / "ticket.safetensors", _ticket())
    TrainedWeights(last={"w": _tensor([1, 2, 3, 0], "float32")}).save(folder / "trained", folder / "ticket.safetensors")
    _file(folder / "ticket.safetensors", _ticket(seed=1))
    return TrainedWeights.load(folder / "trained", folder / "ticket.safetensors")


def _foreign(found: object) -> Callable[[Path], object]:
    """A ticket that says it is of this network, where another one is asked for."""

    def read(folder: Path) -> object:
        from lth.artifacts.tickets import Ticket
        from lth.config.data import Network

        return Ticket.load(_file(folder / "ticket", _ticket(network=found)), Network(architecture="lenet5_classic"))

    return read


def _lenet5() -> dict[str, Any]:
    from lth.config.data import Network

    return Network(architecture="lenet5").model_dump()


def _other_names(folder: Path) -> object:
    """A ticket of the network that is asked for, by what it says, with other parameters than that has."""
    from lth.artifacts.tickets import Ticket
    from lth.config.data import Network

    network = Network(architecture="lenet5_classic")
    return Ticket.load(_file(folder / "ticket", _ticket(network=network.model_dump())), network)


def _other_moments(folder: Path) -> object:
    """Trained weights whose tensors are called otherwise."""
    from lth.artifacts.trained_weights import TrainedWeights
    from lth.files import checksum

    ticket = _file(folder / "ticket", _ticket())
    told = {"ticket": checksum(ticket)}
    trained = _file(folder / "trained", _artifact("weights", {"first/w": _tensor([1.0] * 4, "float32")}, told))
    return TrainedWeights.load(trained, ticket)


def _other_weights(folder: Path) -> object:
    """Trained weights of the ticket beside them, by what they say, with another shape."""
    from lth.artifacts.trained_weights import TrainedWeights
    from lth.files import checksum

    ticket = _file(folder / "ticket", _ticket())
    told = {"ticket": checksum(ticket)}
    trained = _file(folder / "trained", _artifact("weights", {"last/w": _tensor([1.0], "float32")}, told))
    return TrainedWeights.load(trained, ticket)


def _images(labels: list[float], count: int = 3, **changes: Any) -> Callable[[], bytes]:
    """A data set of three images of 2x2 a split, with these labels."""

    def made() -> bytes:
        import torch

        tensors = {"mean": torch.zeros(1), "std": torch.ones(1)}
        for split in ("train", "validation", "test"):
            tensors[f"{split}/images"] = torch.zeros(count, 1, 2, 2, dtype=torch.uint8)
            tensors[f"{split}/labels"] = _tensor(labels, "int16")
        metadata = {"name": "d", "classes": ["a", "b"]}
        kept = {name: changes.get(name, tensor) for name, tensor in tensors.items()}
        told = {key: changes.get(key, value) for key, value in metadata.items()}
        return _artifact(
            "dataset",
            {name: tensor for name, tensor in kept.items() if tensor is not None},
            {key: value for key, value in told.items() if value is not None},
        )

    return made


def _texts(**changes: Any) -> Callable[[], bytes]:
    """A data set of two texts of three tokens a split."""

    def made() -> bytes:
        import torch

        tensors = {}
        for split in ("train", "validation", "test"):
            tensors[f"{split}/ids"] = changes.get("ids", torch.ones(2, 3, dtype=torch.int32))
            tensors[f"{split}/lengths"] = changes.get("lengths", torch.tensor([3, 3], dtype=torch.int16)).clone()
            tensors[f"{split}/second"] = torch.tensor([3, 3], dtype=torch.int16)
            tensors[f"{split}/labels"] = torch.tensor([0, 1], dtype=torch.int16)
        told = {"name": "d", "classes": ["a", "b"], "tokenizer": "tiny", "vocabulary": changes.get("vocabulary", 5)}
        return _artifact("texts", tensors, told)

    return made


def _fifo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    return path


def _fifo_of_images(name: str) -> Callable[[Path], object]:
    """A data set whose second file is a FIFO, which nobody writes to."""

    def read(folder: Path) -> object:
        from lth.data.vision import mnist

        for number, file in enumerate(
            ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
        ):
            path = folder / f"MNIST/raw/{file}-ubyte"
            _file(path, b"") if number else _fifo(path.with_name(f"{path.name}{name}"))
        return mnist(folder, 0)

    return read


def _fifo_of_texts(folder: Path) -> object:
    from lth.text.sources import sst2

    _file(folder / "glue/SST-2/train.tsv", "sentence\tlabel\na\t1\n")
    _fifo(folder / "glue/SST-2/dev.tsv")
    return sst2(folder, 0)


def _model(folder: Path) -> Path:
    """A folder with a small model and its tokenizer."""
    from lth.text.tiny import tiny_config, tiny_tokenizer

    tiny_tokenizer().save_pretrained(folder)
    _file(folder / "config.json", json.dumps(tiny_config()))
    return folder


def _fifo_of_model(name: str) -> Callable[[Path], object]:
    def read(folder: Path) -> object:
        from lth.text.checkpoints import save_model, tokenizer_of

        _model(folder / "model")
        (folder / "model" / name).unlink(missing_ok=True)
        _fifo(folder / "model" / name)
        return tokenizer_of(str(folder / "model")), save_model(str(folder / "model"), folder / "made")

    return read


def _config(content: Content) -> Callable[[Path], object]:
    """A model with this as its configuration."""

    def read(folder: Path) -> object:
        from lth.text.checkpoints import save_model

        _file(_model(folder / "model") / "config.json", content)
        return save_model(str(folder / "model"), folder / "made")

    return read


def _tokenizer(content: Content) -> Callable[[Path], object]:
    """A model with this as its tokenizer."""

    def read(folder: Path) -> object:
        from lth.text.checkpoints import tokenizer_of

        _file(_model(folder / "model") / "tokenizer.json", content)
        return tokenizer_of(str(folder / "model"))

    return read


def _gzip_bomb(folder: Path) -> object:
    """Files of a few kilobytes that become 610 MB, where 47 MB are expected."""
    from lth.data.vision import mnist

    packer = zlib.compressobj(1, wbits=zlib.MAX_WBITS | 16)
    head, block = (packer.compress(bytes(10**7)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    bomb = head + block * 60  # a stream of 610 MB; each block stands for itself
    for name in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        _file(folder / f"MNIST/raw/{name}-ubyte.gz", bomb)
    return mnist(folder, 0)


def _sparse(folder: Path) -> object:
    """A file that says it has 3 GB, and takes none."""
    from lth.artifacts.tickets import Ticket

    path = folder / "ticket"
    with path.open("wb") as file:
        file.truncate(3 << 30)
    return Ticket.load(path)


def _verified(**told: object) -> Callable[[Path], object]:
    """A finished study with a ticket that says this of itself."""

    def verify(folder: Path) -> None:
        from lth.checks.read import load_study
        from lth.files import checksum

        ticket = _file(folder / "results/small/tickets/home/ticket.safetensors", _ticket(**told))
        model = load_study(_file(folder / "study.yaml", SOUND))
        files = {"tickets/home/ticket.safetensors": checksum(ticket)}
        manifest = {"study": model.model_dump(mode="json", exclude={"compute", "data_root"}), "files": files}
        _file(folder / "results/small/manifest.json", json.dumps(manifest))
        _command("verify", folder / "results/small")

    return verify


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
    from bad_sources import bad_sources

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
    yield changed("a word for a number", "batch_size", "batch_size: 60", "batch_size: sixty")
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
    yield call("study: without end", "is a device", lambda _: _command("check", "/dev/zero"))
    yield call("study: a pipe", "is a FIFO", lambda folder: _command("check", _pipe(folder / "s.yaml")))
    yield call("study: 200 MB", "at most 250,000 are", lambda folder: _command("check", _large(folder / "s.yaml")))
    yield call("results: a study file", r"did you mean results.small", _verdict_of_a_study)
    yield call(
        "LTH_DATA: the home folder of nobody",
        "LTH_DATA: begins with the home folder of a user who does not exist, found '~nobody_here'",
        _data_of_nobody,
    )
    yield call("study: a folder", "is a folder", lambda folder: _command("check", folder))
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
    yield ticket("a bit beyond the end", "mask of w has bits set beyond its 4", mask=_tensor([0b11100001], "uint8"))
    yield ticket("a mask of floats", r"w is float32 \[1\], where bytes", mask=_tensor([224.0], "float32"))
    yield ticket("a mask that is too long", "mask of w has 2 bytes, where its 4 weights take 1", mask=_bytes(224, 0))
    yield ticket("a mask of another shape", "mask of w has 1 bytes, where its 9 weights take 2", shapes={"w": [3, 3]})
    yield ticket("a value too few", "has 2 values of w, where its mask keeps 3", values=_tensor([1, 2], "float32"))
    yield ticket("a value too many", "has 4 values of w, where its mask keeps 3", values=_tensor([1] * 4, "float32"))
    yield ticket("a weight that is not a number", "not finite", values=_tensor([float("nan"), 2, 3], "float32"))
    yield ticket("an infinite weight", "not finite", values=_tensor([float("inf"), 2, 3], "float32"))
    gaps = {"mask/w": False, "values/w": _tensor([1.0], "float32")}
    yield ticket("gaps that end early", "gaps of w end after 3 weights, where it has 4", others={**gaps, **_gaps(1, 1)})
    yield ticket("gaps that end late", "gaps of w end after 5 weights", others={**gaps, **_gaps(1, 3)})
    yield ticket("gaps without an end", "gaps of w end after 257 weights", others={**gaps, **_gaps(1, 255)})
    yield ticket("no gaps at all", "gaps of w end after 0 weights", others={**gaps, **_gaps()})
    yield ticket("a mask and gaps", r"its masks are for \['w', 'w'\]", others=_gaps(0, 0, 0, 1))
    yield ticket("a mask without values", "w has a mask but no values", others={"values/w": False})
    yield ticket("values without a mask", "v has values but no mask", others={"values/v": _tensor([1.0], "float32")})
    yield ticket(
        "whole weights too", "w is masked and has other weights", others={"weights/w": _tensor([1.0], "float32")}
    )
    yield ticket("no shapes, as before 0.1.0", "no shapes of its layers.* delete the results", shapes=None)
    for shape in ("4", [4.0], [-4], [True], {"4": 4}, None):
        yield ticket(f"the shape {shape!r}", "w has the shape .* where sizes are needed", shapes={"w": shape})
    yield ticket("a shape of 8 TB", "where its 1000000000000 weights take", shapes={"w": [10**6, 10**6]})
    yield ticket("gaps of 8 TB", "gaps of w end after 4", shapes={"w": [10**12]}, others={**gaps, **_gaps(1, 2)})
    yield ticket("layers that it does not have", "metadata lists the layers", layers=["v"])
    yield ticket("no layers at all", "metadata lists the layers", layers=None)
    yield call(
        "ticket: of another network",
        "belongs to network lenet5 .* not to network lenet5_classic",
        _foreign(_lenet5()),
    )
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
    yield call(
        "results: no verdict", "has no verdict; expected the results folder", lambda folder: _command("verdict", folder)
    )
    yield from _forged_tickets()
    yield from _forged_artifacts()
    yield from _hostile_data()
    if TEXTS:
        yield from _hostile_models()
    yield from bad_sources()


def _forged_tickets() -> Iterator[Bad]:
    """Tickets whose checksum is right, and nothing else is."""
    yield ticket("an empty tensor", "w has no values", mask=_tensor([], "uint8"), shapes={"w": [2, 0]})
    yield call("ticket: numbers for tensors", "w is a single number", _scalar)
    for kind in ("float8_e4m3fn", "complex64", "int32", "float64", "bool"):
        yield Bad(f"ticket: weights of {kind}", f"w is {kind}, where float32", _weights_of(kind))
    yield Bad("ticket: another parameter of complex64", "weights/b is complex64", _others("b", "complex64"))
    yield Bad(
        "ticket: another parameter that is NaN", "b holds values that are not finite", _others("b", "float32", True)
    )
    yield Bad("ticket: a tensor of another name", "has a tensor 'momentum/w'", _named("momentum/w"))
    yield Bad("ticket: no tensors at all", "has no masks", _nothing)
    yield Bad("ticket: a layer that is a number", r"metadata lists the layers \[1\]", _numbered)
    yield ticket("a layer twice", "metadata lists the layers", layers=["w", "w"])
    yield ticket("a wrong count", "says kept is 4, where its masks have 3", kept=4)
    yield call("ticket: an empty network", "belongs to an unknown network, not to network lenet5_classic", _foreign({}))
    yield call(
        "ticket: a network of another kind", "belongs to an unknown network", _foreign({"model": True, "size": []})
    )
    yield call(
        "ticket: a network whose parameters it has not",
        "lacks 10 of the 10 parameters .* first '0.weight'",
        _other_names,
    )
    yield call(
        "verify: a parent that is a list",
        "2 artifacts failed verification",
        _verified(study="small", ticket="home", parent=[]),
    )
    yield call(
        "verify: everything a list",
        "2 artifacts failed verification",
        _verified(study=[], ticket=[], seed=[], parent={}),
    )


def _forged_artifacts() -> Iterator[Bad]:
    """Other artifacts of that kind, and JSON that no parser should follow."""
    yield artifact("metadata 100,000 deep", "not an artifact of this project", _of(DEEP))
    yield artifact("a header 100,000 deep", "damaged or not a safetensors", lambda: _safetensors(DEEP.encode()))
    yield artifact("a number of 10,000 digits", "not an artifact of this project", _of(f'{{"kind": {"9" * 10_000}}}'))
    yield artifact("a kind that is a list", "not an artifact of this project", _of({"kind": [], "content": ""}))
    yield artifact(
        "a kind that nobody knows", "not an artifact of this project", _of({"kind": "cookie", "content": ""})
    )
    yield artifact(
        "escapes in its kind", "not an artifact of this project", _of({"kind": "\x1b[2J" * 200, "content": ""})
    )
    yield artifact(
        "escapes in a damaged header", "damaged", lambda: _safetensors({"\x1b]0;x\x07": _entry([0, 400])}, b"x")
    )
    yield call("ticket: 3 GB of nothing", "damaged or not", _sparse)
    yield call(
        "artifact: a FIFO",
        "is a FIFO, where an artifact is needed",
        lambda folder: _command("show", _fifo(folder / "x")),
    )
    yield call(
        "artifact: a device", "is a device, where an artifact is needed", lambda folder: _command("show", "/dev/zero")
    )
    yield call("weights: of other names", "has a tensor 'first/w'", _other_moments)
    yield call(
        "weights: of another shape",
        r"last/w is float32 \[1\], where its ticket has float32 \[4\] and keeps 3",
        _other_weights,
    )
    yield call(
        "data: a split missing", "lacks the tensor 'test/images'", _data(_images([0, 1, 1], **{"test/images": None}))
    )
    yield call("data: a label outside", "train/labels holds values outside 0 to 1", _data(_images([0, 1, 2])))
    yield call(
        "data: more images than labels", r"train/labels has shape \[2\], where \[3\] is needed", _data(_images([0, 1]))
    )
    yield call("data: no classes", "'classes' in its metadata", _data(_images([0, 1, 1], classes=None)))
    yield call(
        "data: no images",
        r"train/images has shape \[0, 1, 2, 2\], where \[n, 1, n, n\] is needed",
        _data(_images([], count=0)),
    )
    yield call("data: a kind that is a list", "not an artifact of this project", _data(_of({"kind": []})))
    yield call("texts: a token outside", "train/ids holds values outside 0 to 0", _data(_texts(vocabulary=1)))
    yield call(
        "texts: a length outside",
        "train/lengths holds values outside 1 to 3",
        _data(_texts(lengths=_tensor([3, 9], "int16"))),
    )
    yield call("texts: a vocabulary of words", "'vocabulary' in its metadata", _data(_texts(vocabulary="many")))
    yield call("results: a manifest 100,000 deep", "1 artifact failed verification", _manifest)


def _hostile_data() -> Iterator[Bad]:
    """Data files that never end, or become something else than their size says."""
    for ending in ("", ".gz"):
        yield call(f"MNIST: a FIFO{ending}", "is a FIFO, where a file is needed", _fifo_of_images(ending))
    yield call("SST-2: a FIFO", "dev.tsv: is a FIFO, where a file is needed", _fifo_of_texts)
    yield call("MNIST: a gzip bomb", "is longer than the published file", _gzip_bomb)
    columns = "\t".join(["sentence", "label", *map(str, range(10**6))])
    yield call("SST-2: a million columns", "has 1,000,002 columns", _tsv(columns + "\n"))
    yield call("SST-2: a name of 10 MB", "has no column 'sentence'; found x{60}", _tsv("x" * 10**7 + "\n"))
    yield call("SST-2: a label of 10 MB", "label is '1{60}", _tsv("sentence\tlabel\na\t" + "1" * 10**7 + "\n"))
    yield call("SST-2: escapes in a label", r"label is '\\x1b\[2J'", _tsv("sentence\tlabel\na\t\x1b[2J\n"))


def _hostile_models() -> Iterator[Bad]:
    """Folders of pre-trained models."""
    yield call("model: a configuration 100,000 deep", "config.json: cannot be read as JSON", _config(DEEP))
    yield call("model: a configuration of lists", "config.json: .*model_type", _config('{"model_type": []}'))
    yield call("model: a size of words", "configuration is none that transformers knows", _config(WORDY))
    yield call("model: a tokenizer 100,000 deep", "has no tokenizer", _tokenizer(DEEP))
    yield call("model: a tokenizer of numbers", "has no tokenizer", _tokenizer('{"model": 1}'))
    for name in ("config.json", "tokenizer_config.json", "model.safetensors"):
        yield call(f"model: {name} is a FIFO", f"{name}: is a FIFO", _fifo_of_model(name))


def _weights_of(kind: str) -> Callable[[Path], object]:
    return lambda folder: _load(folder, values=_tensor([1, 1, 1], "float32").to(_dtype(kind)))


def _others(name: str, kind: str, broken: bool = False) -> Callable[[Path], object]:
    value = float("nan") if broken else 1.0
    return lambda folder: _load(folder, others={f"weights/{name}": _tensor([value], "float32").to(_dtype(kind))})


def _named(name: str) -> Callable[[Path], object]:
    return lambda folder: _load(folder, others={name: _tensor([1.0], "float32")})


def _scalar(folder: Path) -> object:
    return _load(folder, values=_tensor([1], "float32")[0].clone(), shapes={"w": []})


def _nothing(folder: Path) -> object:
    from lth.artifacts.tickets import Ticket

    return Ticket.load(_file(folder / "ticket", _artifact("ticket", {}, {"layers": []}))).density


def _numbered(folder: Path) -> object:
    from lth.artifacts.tickets import Ticket

    tensors = {"mask/1": _bytes(128), "values/1": _tensor([1.0], "float32")}
    return Ticket.load(_file(folder / "ticket", _artifact("ticket", tensors, {"layers": [1]})))


def _load(folder: Path, **changes: Any) -> object:
    from lth.artifacts.tickets import Ticket

    return Ticket.load(_file(folder / "ticket", _ticket(**changes))).layers()


def _dtype(kind: str) -> Any:
    import torch

    return getattr(torch, kind)


def _manifest(folder: Path) -> None:
    _file(folder / "manifest.json", DEEP)
    _command("verify", folder)


def _entry(offsets: list[int]) -> dict[str, object]:
    return {"dtype": "F32", "shape": [100], "data_offsets": offsets}


def run(folder: Path) -> dict[str, Any]:
    """What every input came to. Libraries are there before, or the first to need them would be charged with them."""
    import torch  # noqa: F401

    if TEXTS:
        from lth.text.extra import transformers
        from lth.text.tiny import tiny_config, tiny_tokenizer

        tiny_tokenizer().save_pretrained(folder / "tokenizer")
        transformers().AutoConfig.for_model(**tiny_config())  # imports the modules of all configurations

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
