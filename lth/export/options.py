"""What an export can be told. Imports nothing heavy."""

from typing import Literal

Format = Literal["torch", "huggingface", "onnx", "csr"]
Moment = Literal["initial", "trained"]
