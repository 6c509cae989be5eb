"""The layers of encoders of the BERT family: which block each is in, and what it does there."""

import re

BLOCK_LAYER = re.compile(r"encoder\.(?:encoder\.)?layer\.(\d+)\.(.+)\.weight")
PARTS = {
    "attention.self.query": "query",
    "attention.self.key": "key",
    "attention.self.value": "value",
    "attention.output.dense": "attn out",
    "intermediate.dense": "ffn in",
    "output.dense": "ffn out",
}
ATTENTION, FEED_FORWARD = "attention", "feed-forward"


def block_of(layer: str) -> tuple[int, str] | None:
    """The number of a layer's block, from 1, and `attention` or `feed-forward`; None of a layer outside blocks."""
    found = BLOCK_LAYER.fullmatch(layer)
    if found is None:
        return None
    return int(found[1]) + 1, ATTENTION if found[2].startswith("attention") else FEED_FORWARD


def block_label(layer: str) -> str | None:
    """A layer's name for readers, such as `3 query`; None of a layer that is in no such encoder."""
    if layer == "encoder.pooler.dense.weight":
        return "pooler"
    found = BLOCK_LAYER.fullmatch(layer)
    return f"{int(found[1]) + 1} {PARTS.get(found[2], found[2])}" if found else None
