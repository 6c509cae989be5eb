"""A pre-trained encoder of the BERT family under a classifier."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lth.artifacts.tensors import read_metadata, read_tensors
from lth.catalog.architectures import POOLER
from lth.errors import UserError, reason
from lth.networks.pretrained import Pretrained
from lth.printable import printable
from lth.text.extra import transformers
from lth.text.location import configuration
from lth.text.texts import Tokens

LAYERS = 1000
"""More than that are a mistake, and would be built before anything else could be wrong with them."""


class TextClassifier(Pretrained):
    """Encoder, pooler, and a classifier on the pooled first token: Linear, ReLU, dropout, Linear.

    Every weight matrix of the encoder and the pooler is prunable; embeddings, norms, biases and the classifier are not.
    """

    whole = ("encoder.embeddings", "classifier")
    head = "classifier"
    pooler = POOLER

    def __init__(self, model: Path, config: Mapping[str, Any], classes: int, dropout: float) -> None:
        super().__init__()
        self.model = model
        self.encoder: nn.Module = encoder(config, dropout)
        known: Any = self.encoder.config
        width, self.vocabulary = int(known.hidden_size), int(known.vocab_size)
        self.positions = _positions(self.encoder)
        self.deviation = float(known.initializer_range)
        """Standard deviation of drawn weights; BERT's own is 0.02 (Devlin et al. 2019, code)."""
        self.classifier = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Dropout(dropout), nn.Linear(width, classes)
        )

    def forward(self, tokens: Tokens) -> Tensor:
        """float [texts, classes]."""
        found = self.encoder(input_ids=tokens.ids, attention_mask=tokens.attended, token_type_ids=tokens.types)
        pooled: Tensor = found.pooler_output
        logits: Tensor = self.classifier(pooled)
        return logits

    @torch.no_grad()
    def initialise(self, stream: torch.Generator, *, reinitialised: bool) -> None:
        """Pre-trained values; matrices that have none are drawn, their biases zero, norms one and zero."""
        known = {} if reinitialised else read_tensors(self.model, "model")[0]
        for path, module in self.named_modules():
            for name, parameter in module.named_parameters(recurse=False):
                whole = f"{path}.{name}".removeprefix("encoder.")
                if path.startswith("encoder") and whole in known:
                    parameter.copy_(known[whole])
                else:
                    _draw(module, name, parameter, self.deviation, stream)


def _positions(network: nn.Module) -> int:
    """Tokens that an encoder has positions for: of the family of RoBERTa they begin behind that of padding."""
    config: Any = network.config
    table = getattr(getattr(network, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return int(config.max_position_embeddings) - (0 if padding is None else padding + 1)


def _draw(module: nn.Module, name: str, parameter: nn.Parameter, deviation: float, stream: torch.Generator) -> None:
    if name == "bias":
        nn.init.zeros_(parameter)
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(parameter)
    elif isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(parameter, std=deviation, generator=stream)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            parameter[module.padding_idx].zero_()
    else:
        raise NotImplementedError(f"{type(module).__name__} has a parameter {name!r} that nothing initialises")


def encoder(config: Mapping[str, Any], dropout: float) -> nn.Module:
    """The encoder of a configuration in float32, whatever its checkpoint was written in, with this dropout everywhere.

    Raises:
        UserError: it has no pooler or too many layers, or `transformers` does not know it.
    """
    library = transformers()
    if isinstance(layers := config.get("num_hidden_layers"), int) and layers > LAYERS:
        raise UserError(f"model: has {layers} layers, where at most {LAYERS} are allowed")
    try:
        known = library.AutoConfig.for_model(**{key: value for key, value in config.items() if key not in _DTYPES})
        for key in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
            setattr(known, key, dropout)
        network: nn.Module = library.AutoModel.from_config(known, trust_remote_code=False, attn_implementation="sdpa")
    except Exception as error:  # of any type, from values that no configuration should have
        raise UserError(
            f"model: its configuration is none that transformers knows: {printable(reason(error))}"
        ) from None
    if getattr(network, "pooler", None) is None:
        raise UserError(
            f"model: a {known.model_type} has no pooler, which the classifier reads; take a model of the family bert, "
            f"roberta, xlm-roberta or camembert"
        )
    return network


_DTYPES = ("dtype", "torch_dtype")
"""What a configuration may say of its checkpoint's precision."""


def bert(model: str, classes: int, dropout: float = 0.0) -> nn.Module:
    """The network of a study.

    Args:
        model: the artifact that the study's job `model` has made; or, to lay the network out before that (nothing can
            be drawn of it), the model's name in the study.
        classes: outputs of the classifier.
        dropout: everywhere.

    Raises:
        UserError: there is no such model on this machine, or it is none that `encoder` takes.
    """
    path = Path(model)
    made = path.suffix == ".safetensors"
    if made and not path.is_file():
        message = (
            f"model: {printable(path)} is not there: a study's model lies in its results, and the path is relative"
        )
        raise UserError(f"{message} to the folder that holds `results`; run this there, or run the workflow to make it")
    config = read_metadata(path, "model")["config"] if made else configuration(model)
    return TextClassifier(path, config, classes, dropout)
