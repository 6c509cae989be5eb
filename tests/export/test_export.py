"""Exports: each loads without `lth` and computes the same, and what is damaged is refused by its name."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from nets import graph, sparse, spec
from safetensors.numpy import load_file
from synthetic import study
from torch import Tensor

from lth.artifacts.records import csv_text, json_text, seal, seal_rows
from lth.artifacts.tickets import RECORD, Ticket
from lth.artifacts.trained_weights import TrainedWeights
from lth.cli import main
from lth.errors import UserError
from lth.export.folder import export, read_export
from lth.export.graph import module_of
from lth.export.options import Format
from lth.files import checksum, write_text
from lth.pruning.masks import apply_masks

ALL = get_args(Format)
TOLD = {"study": "s", "ticket": "t", "method": "imp", "dataset": "mnist", "seed": 3, "round": 2}


def _found(folder: Path, architecture: str = "lenet5_classic", density: float = 0.1, **told: Any) -> Path:
    """A ticket with trained weights beside it, of which this is told as well; the ticket's path."""
    ticket = sparse(spec(architecture), density)
    path = folder / "results/s/tickets/t/seed3/round02/ticket.safetensors"
    history = path.with_name("history.csv")
    write_text(history, "split,accuracy_percent\ntest,50\nvalidation,7\ntest,91.25\n")
    record = seal({"files": {"history.csv": checksum(history)}})
    ticket.derive(ticket.masks, ticket.weights, **TOLD | told, **{RECORD: record}).save(path)
    trained = apply_masks({name: weight * 2 for name, weight in ticket.weights.items()}, ticket.masks)
    TrainedWeights(last=trained).save(path.with_name("trained.safetensors"), path)
    return path


def _logits(path: Path, weights: str = "trained") -> tuple[Tensor, Tensor]:
    """Images, and what the ticket's network gives for them."""
    ticket = Ticket.load(path)
    held = TrainedWeights.load(path.with_name("trained.safetensors"), path).last if weights == "trained" else {}
    network = Ticket(ticket.masks, {**ticket.weights, **held}, ticket.provenance).module().eval()
    images = torch.randn(5, 1, 16, 16, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        return images, network(images)


def _export(path: Path, to: Path, kind: Any, *, compact: bool = False, weights: Any = "trained") -> list[str]:
    return [*export(path, to, kind, compact=compact, weights=weights)]


def _close(one: Tensor, other: Tensor) -> bool:
    return one.allclose(other, rtol=0, atol=1e-5 * max(1.0, float(other.abs().max())))


def test_they_load_in_torch_without_lth(tmp_path: Path) -> None:
    expected = {}
    for architecture, compact in (("lenet5_classic", False), ("resnet20", True), ("resnet20", False), ("vgg11", True)):
        path = _found(tmp_path / architecture, architecture)
        images, logits = _logits(path)
        for kind in ("torch", "huggingface"):
            _export(path, tmp_path / f"{architecture}-{compact}-{kind}", kind, compact=compact)
            expected[f"{architecture}-{compact}-{kind}"] = logits
    np.save(tmp_path / "images.npy", images.numpy())
    code = (
        "import sys\nsys.modules['lth'] = None  # importing it fails\n"
        "import numpy, runpy, torch\nimages = torch.from_numpy(numpy.load('images.npy'))\n"
        f"for name in {[*expected]!r}:\n"
        "    network = runpy.run_path(f'{name}/model.py')['load']()\n"
        "    numpy.save(f'{name}.npy', network(images).detach().numpy())\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    for name, logits in expected.items():
        assert _close(torch.from_numpy(np.load(tmp_path / f"{name}.npy")), logits), name


def test_an_uncompacted_state_dict_has_the_names_of_the_network(tmp_path: Path) -> None:
    path = _found(tmp_path, "resnet20")
    _export(path, tmp_path / "out", "torch")
    Ticket.load(path).module().load_state_dict(torch.load(tmp_path / "out/state_dict.pt", weights_only=True))


@pytest.mark.parametrize(
    ("architecture", "compact"), [("lenet_300_100", True), ("resnet20", False), ("vgg_like", True)]
)
def test_onnx_runtime_computes_the_same(tmp_path: Path, architecture: str, compact: bool) -> None:
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    path = _found(tmp_path, architecture)
    if architecture == "lenet_300_100":
        images = torch.randn(5, 1, 12, 12)
        with torch.inference_mode():
            expected = Ticket.load(path).module().eval()(images)
    else:
        images, expected = _logits(path, "initial")
    _export(path, tmp_path / "out", "onnx", compact=compact, weights="initial")
    session = runtime.InferenceSession(tmp_path / "out/model.onnx")
    assert _close(torch.from_numpy(session.run(["logits"], {"images": images.numpy()})[0]), expected)
    assert json.loads((tmp_path / "out/export.json").read_text())["largest_difference"] < 1e-4


@pytest.mark.parametrize("kind", ["onnx", "torch"])
def test_without_the_extra_it_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    path = _found(tmp_path)
    monkeypatch.setitem(sys.modules, "onnx", None)
    if kind == "torch":
        _export(path, tmp_path / "out", kind)
        return
    with pytest.raises(UserError, match=r"ONNX needs the packages onnx and onnxruntime.* run `make setup-export`"):
        _export(path, tmp_path / "out", kind)
    assert not (tmp_path / "out").exists()


def test_csr_by_scipy_is_the_weight(tmp_path: Path) -> None:
    from scipy.sparse import csr_matrix

    path = _found(tmp_path)
    _export(path, tmp_path / "out", "csr", weights="initial")
    held = load_file(tmp_path / "out/csr.safetensors")
    for name, weight in Ticket.load(path).weights.items():
        if f"{name}.values" not in held:
            assert np.array_equal(held[name], weight.numpy())
            continue
        values, indices, indptr, shape = (held[f"{name}.{key}"] for key in ("values", "indices", "indptr", "shape"))
        dense = csr_matrix((values, indices, indptr), (shape[0], int(np.prod(shape[1:])))).toarray()
        assert np.array_equal(dense.reshape(shape), weight.numpy())


@pytest.mark.parametrize("kind", ["torch", "huggingface", "csr"])
def test_what_is_read_back_is_what_was_exported(tmp_path: Path, kind: str) -> None:
    path = _found(tmp_path, "resnet20")
    lines = _export(path, tmp_path / "out", kind, compact=True)
    assert "compacted" not in lines[0]
    assert [line.split(":")[0].strip() for line in lines[1:4]] == ["parameters", "FLOPs per image", "bytes of tensors"]
    found = read_export(tmp_path / "out").graph
    assert found is not None
    assert found.parameters() < graph(sparse(spec("resnet20"), 0.1)).parameters()
    images, expected = _logits(path)
    with torch.inference_mode():
        assert _close(module_of(found)(images), expected)


def test_equal_tickets_give_equal_bytes(tmp_path: Path) -> None:
    path = _found(tmp_path)
    for kind in ("torch", "huggingface", "csr"):
        for name in ("a", "b"):
            _export(path, tmp_path / kind / name, kind)
        one, other = ({f.name: f.read_bytes() for f in (tmp_path / kind / name).iterdir()} for name in ("a", "b"))
        assert one == other


def test_the_card_says_what_the_study_found(tmp_path: Path) -> None:
    path = _found(tmp_path)
    header = ["arm", "ticket", "kind", "dataset", "round", "n", "accuracy_percent"]
    header += ["accuracy_low_percent", "accuracy_high_percent", "confidence_percent"]
    rows = [header, ["t-own", "t", "own", "cifar", "2", "8", "43.8", "43.1", "44.6", "95"]]
    rows += [
        ["t-own", "t", "own", "cifar", "3", "8", "1.5", "1", "2", "95"],
        ["u", "u", "own", "cifar", "2", "8"] + ["2.5"] * 4,
    ]
    write_text(tmp_path / "results/s/tables/transfer/arms.csv", csv_text(seal_rows(rows)))
    _export(path, tmp_path / "out", "huggingface")
    card = (tmp_path / "out/README.md").read_text()
    assert "| t-own | cifar | 8 | 43.8 % | 43.1 to 44.6 % (95 %) |" in card
    assert "1.5 %" not in card
    assert "2.5 %" not in card
    assert "These weights: 91.25 % on the test images of `mnist` (n = 1 training, so no interval)." in card
    assert "datasets: [ylecun/mnist]" in card
    assert "Licence of these data: CC BY-SA 3.0" in card
    assert checksum(path) in card
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert (config["input_shape"], config["num_labels"]) == ([1, 16, 16], 3)


def test_the_card_of_a_chain_names_every_data_set_and_its_licence(tmp_path: Path) -> None:
    path = _found(tmp_path, ticket="cross", dataset="fashion", round=4)
    write_text(tmp_path / "results/s/manifest.json", json_text(seal({"study": study().model_dump(mode="json")})))
    _export(path, tmp_path / "out", "huggingface")
    card = (tmp_path / "out/README.md").read_text()
    assert "datasets: [ylecun/mnist, zalando-datasets/fashion_mnist]" in card
    assert "found by `imp` on the data sets `mnist`, `fashion` (" in card
    assert re.findall(r"^- (?:Found on|Licence of [^:]*)(?=:)", card, re.MULTILINE) == [
        "- Found on",
        "- Found on",
        "- Licence of `mnist`",
        "- Licence of `fashion_mnist`",
        "- Licence of the weights",
    ]
    assert "- Licence of `mnist`: CC BY-SA 3.0" in card
    assert "- Licence of `fashion_mnist`: MIT" in card
    assert "These weights: 91.25 % on the test images of `fashion`" in card


def test_a_card_of_a_ticket_alone_claims_nothing(tmp_path: Path) -> None:
    sparse(spec("lenet5_classic"), 0.2).save(tmp_path / "ticket.safetensors")
    _export(tmp_path / "ticket.safetensors", tmp_path / "out", "huggingface", weights="initial")
    card = (tmp_path / "out/README.md").read_text()
    assert "nothing is said of its n" in card
    assert "Licence of these data: not known here" in card
    assert "initial (untrained)" in card


@pytest.mark.parametrize("kind", ["torch", "huggingface", "csr", "onnx"])
def test_any_altered_or_missing_file_of_an_export_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    if kind == "onnx":
        pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    _export(_found(tmp_path), tmp_path / "out", kind)
    for file in sorted((tmp_path / "out").iterdir()):
        sound = file.read_bytes()
        file.write_bytes(sound[:-9] + bytes([sound[-9] ^ 1]) + sound[-8:])
        with pytest.raises(UserError, match=f"{file.name}: .*export the ticket again"):
            read_export(tmp_path / "out")
        file.unlink()
        with pytest.raises(UserError, match=f"{file.name}: no such file"):
            read_export(tmp_path / "out")
        file.write_bytes(sound)
    read_export(tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "tar"}, "is not the record of an export"),
        ({"format": []}, "is not the record of an export"),
        ({"files": {}}, "is not the record of an export"),
        ({"shape": [1, 16]}, r"does not fit its record \(no valid input shape\)"),
        ({"shape": [1, 15, 15]}, "does not fit its record"),
        ({"steps": []}, r"does not fit its record \(no list of steps\)"),
        ({"steps": [{"name": "x); import os", "kind": "relu"}]}, "does not fit its record"),
    ],
)
def test_a_record_that_is_sealed_but_wrong_is_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    _export(_found(tmp_path), tmp_path / "out", "huggingface")
    record = tmp_path / "out/export.json"
    told = {key: value for key, value in json.loads(record.read_text()).items() if key != "checksum"}
    record.write_text(json_text(seal({**told, **change})))
    with pytest.raises(UserError, match=words):
        read_export(tmp_path / "out")


class _Hostile:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return (eval, ("1 / 0",))


def test_a_pickle_that_runs_code_is_refused_and_not_run(tmp_path: Path) -> None:
    _export(_found(tmp_path), tmp_path / "out", "torch")
    torch.save({"0.weight": _Hostile()}, tmp_path / "out/state_dict.pt")
    record = tmp_path / "out/export.json"
    told = {key: value for key, value in json.loads(record.read_text()).items() if key != "checksum"}
    told["files"]["state_dict.pt"] = checksum(tmp_path / "out/state_dict.pt")
    record.write_text(json_text(seal(told)))
    with pytest.raises(UserError, match=r"state_dict\.pt: does not fit its record"):
        read_export(tmp_path / "out")


def test_csr_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    from lth.export.csr import csr_tensors, from_csr

    held = csr_tensors(graph(sparse(spec("lenet5_classic"), 0.2)))
    for part, value in {
        "indptr": torch.zeros(3, dtype=torch.int64),
        "indices": torch.full_like(held["7.weight.indices"], 10**6),
        "shape": torch.tensor([120, -1]),
        "values": torch.zeros(1),
    }.items():
        with pytest.raises(ValueError, match=r"the CSR arrays of '7\.weight' do not fit"):
            from_csr({**held, f"7.weight.{part}": value})


def test_bad_requests_are_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, taken = _found(tmp_path), tmp_path / "taken"
    taken.mkdir()
    (taken / "mine").write_text("")
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(path.read_bytes())
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(path.read_bytes()[:-3])
    for argv, words in (
        ([path, "--to", taken], "taken: exists already; delete it, or name another folder with --to"),
        ([alone, "--to", tmp_path / "x"], "trained.safetensors: no such file; .*`--weights initial`"),
        ([damaged, "--to", tmp_path / "x"], "damaged.safetensors: damaged or not a safetensors file"),
        ([tmp_path / "none", "--to", tmp_path / "x"], "none: no such file"),
    ):
        assert main(["export", *map(str, argv)]) == 1
        told = capsys.readouterr()
        assert told.out == ""
        assert re.search(words, told.err)
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "alone.safetensors",
        "damaged.safetensors",
        "results",
        "taken",
    ]


@pytest.mark.parametrize("kind", ALL)
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    if kind == "onnx":
        pytest.importorskip("onnxruntime", reason="needs the extra `export`")
    path = _found(tmp_path)
    before = sorted(tmp_path.rglob("*"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UserError, match="out: cannot be written: No space left on device"):
        _export(path, tmp_path / "out", kind)
    assert sorted(tmp_path.rglob("*")) == before
