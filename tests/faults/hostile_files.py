"""The hostile files themselves: what is in them, and where they are put."""

import gzip
import json
import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bad_inputs import SOUND, _file, _of, _safetensors, _tensor, _ticket
from tiny import Project

from lth.data.vision import IDX_FILES

Content = Callable[[], bytes]
DEEP = 100_000
ESCAPE = "\x1b]0;owned\x07\x1b[2J"
SENTENCES = b"sentence\tlabel\nfine\t1\n"


def _sound(*replacements: tuple[str, str]) -> Content:
    """The sound study with each first text replaced."""

    def content() -> bytes:
        text = SOUND
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new, 1)
        return text.encode("utf-8", "surrogatepass")

    return content


def _head(line: str) -> Content:
    """The sound study with a line before it."""
    return lambda: f"{line}\n{SOUND}".encode("utf-8", "surrogatepass")


def studies() -> Iterator[tuple[str, Content, bool]]:
    """Study files: name, content, and whether they may be accepted."""
    about = "study: small\nabout: "
    yield "a merge cycle", _head("x: &x {<<: *x}"), False
    yield "a merge cycle of two", _head("x: &x {y: &y {<<: *x}, <<: *y}"), False
    yield "a merge of a list of itself", _head("x: &x {<<: [*x, *x]}"), False
    yield "an anchor as its own key", _head("? &a [*a]\n: 1"), False
    yield "a lone surrogate in about", _sound(("study: small", about + '"\\ud800"')), False
    yield "an escape sequence in about", _sound(("study: small", about + '"\\e]0;owned\\a\\e[2J"')), True
    yield "text that turns its direction in about", _sound(("study: small", about + '"\\u202egnp.exe"')), True
    yield "a zero byte in about", _sound(("study: small", about + '"a\\0b"')), True
    yield "an escape sequence as a key", _head('"\\e[2Jkey": 1'), False
    yield "an escape sequence as a value", _sound(("lenet5_classic", '"\\e[2J"')), False
    yield "a key of a megabyte", _head("k" * 2**20 + ": 1"), False
    yield "a value of a megabyte", _sound(("lenet5_classic", "v" * 2**20)), False
    yield "a zero byte in data_root", _head('data_root: "a\\0b"'), False
    yield "a zero byte in scratch", _head('compute: {scratch: "a\\0b"}'), False
    yield "nobody's home as scratch", _head("compute: {scratch: ~nobody_here/x}"), False
    yield "nobody's home as data_root", _head("data_root: ~nobody_here/x"), False
    yield "UTF-16", lambda: SOUND.encode("utf-16"), False
    yield "UTF-32", lambda: SOUND.encode("utf-32"), False
    yield "an integer of 5,000 digits", _sound(("[0, 1, 2]", f"[{'9' * 5000}]")), False
    yield "a hexadecimal integer of 5,000 digits", _sound(("[0, 1, 2]", f"[0x{'f' * 5000}]")), False
    yield "a float of 5,000 digits", _sound(("1.2e-3", "0." + "1" * 5000)), True
    yield "brackets 100,000 deep", lambda: b"[" * DEEP, False
    yield "maps 100,000 deep", lambda: b"{a: " * DEEP, False
    yield "indented 2,000 deep", lambda: "".join(f"{' ' * n}a:\n" for n in range(2000)).encode(), False
    yield "a seed that YAML reads as octal", _sound(("[0, 1, 2]", "[010]")), False
    yield "a seed in base sixty", _sound(("[0, 1, 2]", "[1:30]")), False
    yield "a seed that is true", _sound(("[0, 1, 2]", "[true]")), False
    yield "a study named con", _sound(("study: small", "study: con")), False
    yield "a study named null", _sound(("study: small", "study: null")), False
    yield "a ticket named nan", _sound(("  home: {", "  .nan: {")), False
    yield "a rate of 1e-300", _sound(("rate: 0.4}", "rate: 1e-300}")), False
    yield "a rate just below 1", _sound(("rate: 0.4}", "rate: 0.9999999999999999}")), False
    yield "a million seeds", _sound(("[0, 1, 2]", f"[{', '.join(map(str, range(10**6)))}]")), False
    yield "200 MB of spaces", lambda: b" " * (200 << 20), False
    yield "200 MB of a list", lambda: b"a: [" + b"1," * (100 << 20), False
    yield "a date for a name", _sound(("study: small", "study: 2026-01-01")), False
    yield "a date that is none", _sound(("study: small", "study: 2026-99-99")), False
    yield "a set", _head("x: !!set {a, b}"), False
    yield "binary", _head("x: !!binary aGVsbG8="), False
    yield "a directive", f"%YAML 9.9\n---\n{SOUND}".encode, False


def special() -> Iterator[tuple[str, Callable[[Path], None]]]:
    """What is no file, and how to make it."""
    yield "a FIFO", os.mkfifo
    yield "a link to endless zeros", lambda path: path.symlink_to("/dev/zero")
    yield "a link to itself", lambda path: path.symlink_to(path)
    yield "a folder", lambda path: path.mkdir()
    yield "a socket", _socket


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        before = Path.cwd()
        os.chdir(path.parent)  # the path of a socket is at most 108 bytes long
        try:
            made.bind(path.name)
        finally:
            os.chdir(before)


def artifacts() -> Iterator[tuple[str, Content]]:
    """Forged files, consistent in themselves: names, shapes, types, metadata."""
    yield "an empty tensor", lambda: _ticket(mask=_tensor([], "uint8"), weight=_tensor([], "float32"))
    yield "a tensor without axes", lambda: _ticket(mask=_tensor([1], "uint8")[0], weight=_tensor([1], "float32")[0])
    for kind in ("float8_e4m3fn", "complex64", "int64", "bool"):
        yield f"weights of type {kind}", lambda kind=kind: _ticket(weight=_typed(kind))
    yield "metadata nested 100,000 deep", _of('{"kind": "ticket", "x": ' + "[" * DEEP + "]" * DEEP + "}")
    yield "a header nested 100,000 deep", lambda: _safetensors(b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b"}")
    yield "a kind that is a list", _of({"kind": ["ticket"]})
    yield "a kind that is nothing", _of({"kind": None})
    yield "an integer of 5,000 digits", _of('{"kind": "ticket", "seed": ' + "9" * 5000 + "}")
    yield "a parent that cannot be hashed", lambda: _ticket(parent=[{}], forget=True)
    for told in ({"layers": [1]}, {"layers": [["w"]]}, {"layers": {"w": 1}}, {"layers": "w"}, {"layers": ["w", "w"]}):
        yield f"{json.dumps(told)}", lambda told=told: _ticket(**told)
    yield "escape sequences in its metadata", lambda: _ticket(ticket=ESCAPE, forget=True)
    yield "a megabyte in its metadata", lambda: _ticket(ticket="t" * 2**20, forget=True)
    yield "an escape sequence as a tensor's name", lambda: _entry_named(ESCAPE)
    yield "a name of a megabyte", lambda: _entry_named("n" * 2**20)
    yield "a header of exabytes", lambda: struct.pack("<Q", 2**63) + b"{}"


def _typed(kind: str) -> Any:
    import torch

    return torch.tensor([1, 1, 1, 0], dtype=torch.float32).to(getattr(torch, kind))


def _entry_named(name: str) -> bytes:
    entry = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
    told = {"lth": json.dumps({"kind": "ticket", "content": "x"})}
    return _safetensors({"__metadata__": told, name: entry}, b"\0" * 4)


def data() -> Iterator[tuple[str, Callable[[Path], Callable[[], object]]]]:
    """Data files: where they are put, and how they are read."""
    yield "a gzip bomb", _mnist(lambda: gzip.compress(bytes(10 << 20)) * 200, ".gz")
    yield "a gzip that ends early", _mnist(lambda: gzip.compress(bytes(1000))[:-9], ".gz")
    yield "an idx of huge axes", _mnist(lambda: b"\0\0\x08\x03" + b"\x7f\xff\xff\xff" * 3)
    yield "an idx that is too long", _mnist(lambda: bytes(100 << 20))
    yield "a table of ten million columns", _tsv(lambda: b"\t" * 10**7)
    yield "a line of 30 MB", _tsv(lambda: b"sentence\tlabel\n" + b"x" * (30 << 20) + b"\n")
    yield "a label of 1 MB", _tsv(lambda: b"sentence\tlabel\nfine\t" + b"1" * 2**20 + b"\n")
    yield "a label with an escape sequence", _tsv(lambda: b"sentence\tlabel\nfine\t" + ESCAPE.encode() + b"\n")
    yield "a header with an escape sequence", _tsv(lambda: ESCAPE.encode() + b"\tlabel\nfine\t1\n")
    yield "a pickle", _mnist(lambda: b"cos\nsystem\n(S'touch bad'\ntR.")
    yield "a model folder with its own Python", _model


def _mnist(content: Content, ending: str = "") -> Callable[[Path], Callable[[], object]]:
    def place(folder: Path) -> Callable[[], object]:
        made = content()
        for name in IDX_FILES:
            _file(folder / f"MNIST/raw/{name}{ending}", made)
        return lambda: read_mnist(folder)

    return place


def read_mnist(folder: Path) -> object:
    """As the job `data` does."""
    from lth.data.vision import mnist

    return mnist(folder, 0)


def _tsv(content: Content) -> Callable[[Path], Callable[[], object]]:
    def place(folder: Path) -> Callable[[], object]:
        _file(folder / "glue/SST-2/train.tsv", content())
        _file(folder / "glue/SST-2/dev.tsv", SENTENCES)
        return lambda: read_sst2(folder)

    return place


def read_sst2(folder: Path) -> object:
    """As the job `data` does."""
    from lth.text.sources import sst2

    return sst2(folder, 0)


def _model(folder: Path) -> Callable[[], object]:
    """A folder that asks for a tokenizer of its own code; refused, or read without that code."""
    run = "from pathlib import Path\nPath('bad').touch()\nclass T:\n    pass\n"
    auto = {"AutoTokenizer": ["own.T", None], "AutoConfig": "own.T"}
    _file(folder / "model/own.py", run)
    _file(folder / "model/vocab.txt", "a\n")
    _file(folder / "model/config.json", json.dumps({"model_type": "owned", "auto_map": auto}))
    _file(folder / "model/tokenizer_config.json", json.dumps({"tokenizer_class": "T", "auto_map": auto}))

    def read() -> object:
        from lth.text.checkpoints import tokenizer_of

        return tokenizer_of("model")

    return read


def plants() -> Iterator[tuple[str, Callable[[Path, Path], None]]]:
    """Planted among results: the folder of the results, and one outside that holds `mine.txt`."""
    yield "a FIFO beside a ticket", lambda results, _: os.mkfifo(results / "tickets/digits/pipe")
    yield "a FIFO that looks like a ticket", lambda results, _: os.mkfifo(results / "tickets/x.safetensors")
    yield "a link out of the results", lambda results, out: (results / "tables/x.csv").symlink_to(out / "mine.txt")
    yield "a link to a folder outside", lambda results, out: (results / "tickets/other").symlink_to(out)
    yield "a link to itself", lambda results, _: (results / "tables/x.csv").symlink_to("x.csv")
    yield "a link to its own parent", lambda results, _: (results / "tickets/up").symlink_to(results)
    yield "a link to endless zeros", lambda results, _: (results / "data/x.safetensors").symlink_to("/dev/zero")
    yield "a socket", lambda results, _: _socket(results / "data/s")
    yield "a name that is no text", lambda results, _: Path(os.fsdecode(bytes(results) + b"/tables/\xff")).touch()
    yield "a name with an escape sequence", lambda results, _: (results / f"tables/{ESCAPE[:-4]}.csv").touch()
    yield "a name of two lines", lambda results, _: (results / "tables/a\nall is well.csv").touch()


def scratches() -> Iterator[tuple[str, str, str]]:
    """Scratch folders of a study, and a file of the user's that lies there; `link:` links a folder there instead."""
    yield "scratch is the results", "results", "results/mine.txt"
    yield "scratch is the project", ".", "tiny/mine.txt"
    yield "scratch is the parent of the project's folder of that name", "stuff", "stuff/tiny/mine.txt"
    yield "scratch is a folder of the results", "results/tiny/tables", "results/tiny/tables/tiny/mine.txt"
    yield "a file of mine in the usual scratch", "", "results/tiny/scratch/mine.txt"
    yield "a link in the usual scratch", "", "link:results/tiny/scratch/out"
    yield "the usual scratch is a link", "", "link:results/tiny/scratch"


def link(project: Project, mine: str, outside: Path) -> None:
    """Link a folder outside into the project."""
    path = project.folder / mine.removeprefix("link:")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside)
