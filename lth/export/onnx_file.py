"""A graph as ONNX, and ONNX Runtime on the CPU. Needs the extra `export`."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lth.errors import UserError, reason
from lth.export.graph import Graph, Step, module_of

OPSET, IR_VERSION = 17, 8
"""Old enough for runtimes of the last years."""
TOLERANCE = 1e-5
"""Between the logits of ONNX Runtime and torch, against the largest of them if that is above 1."""
_MISSING = "needs the packages onnx and onnxruntime, which are not installed; run `make setup-export`"

_PLAIN = {"relu": "Relu", "average": "GlobalAveragePool", "flatten": "Flatten", "dropout": "Identity", "add": "Add"}


def onnx_bytes(graph: Graph) -> bytes:
    """The graph as an ONNX model: `images` float [n, channels, height, width] -> `logits` [n, classes].

    Raises:
        UserError: onnx is not installed.
    """
    try:
        import onnx
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise UserError(f"ONNX {_MISSING}") from None
    channels, height, width = graph.shape
    names = {step.name: f"/{step.name}" for step in graph.steps}  # no tensor begins so, whatever layers are called
    names |= {graph.steps[0].name: "images", graph.steps[-1].name: "logits"}
    constants = {name: np.array(value, dtype=np.int64) for name, value in _integers(graph).items()}
    weights = {name: tensor.contiguous().numpy() for name, tensor in graph.tensors().items()}
    nodes = [
        helper.make_node(operator, [*(names[one] for one in step.inputs), *tensors], [names[step.name]], **attributes)
        for step in graph.steps[1:]
        for operator, tensors, attributes in [_operation(step)]
    ]
    made = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", channels, height, width])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(array, name) for name, array in {**weights, **constants}.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lth")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def onnx_runner(content: bytes, threads: int = 1) -> Callable[[Tensor], Tensor]:
    """ONNX Runtime on a model: images to logits, on the CPU.

    Raises:
        UserError: onnxruntime is not installed.
        ValueError: it cannot read the model.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UserError(f"ONNX Runtime {_MISSING}") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions have no common class
        raise ValueError(reason(error)) from None
    return lambda images: torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


def check_onnx(content: bytes, graph: Graph) -> float:
    """The largest difference of logits between ONNX Runtime and torch on 16 random images.

    Raises:
        UserError: onnxruntime is not installed.
        AssertionError: they differ by more than `TOLERANCE`.
    """
    images = torch.randn(16, *graph.shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = module_of(graph)(images)
    worst = float((onnx_runner(content)(images) - expected).abs().max())
    if not worst <= TOLERANCE * max(1.0, float(expected.abs().max())):
        raise AssertionError(f"the logits of ONNX Runtime differ from torch's by {worst:g}")
    return worst


def _integers(graph: Graph) -> dict[str, list[int]]:
    """What operators take as tensors: bounds of slices, amounts of padding."""
    found: dict[str, list[int]] = {}
    for step in graph.steps:
        if step.kind == "stride":
            by = step.settings["by"]
            found |= {f"{step.name}.starts": [0, 0], f"{step.name}.ends": [2**31 - 1] * 2}
            found |= {f"{step.name}.axes": [2, 3], f"{step.name}.steps": [by, by]}
        elif step.kind == "pad":
            found[f"{step.name}.pads"] = [0, 0, 0, 0, 0, step.settings["channels"], 0, 0]
    return found


def _operation(step: Step) -> tuple[str, list[str], dict[str, Any]]:
    """Operator, the tensors that it takes beside the outputs of other steps, and attributes."""
    settings = step.settings
    found: tuple[str, list[str], dict[str, Any]]
    given = [f"{step.name}.weight", *([f"{step.name}.bias"] if "bias" in step.tensors else [])]
    match step.kind:
        case "conv":
            found = "Conv", given, {"strides": [settings["stride"]] * 2, "pads": [settings["padding"]] * 4}
        case "linear":
            found = "Gemm", given, {"transB": 1}
        case "norm":
            running = [f"{step.name}.running_mean", f"{step.name}.running_var"]
            found = "BatchNormalization", [*given, *running], {"epsilon": settings["eps"]}
        case "max":
            sizes = {"kernel_shape": [settings["size"]] * 2, "strides": [settings["stride"]] * 2}
            found = "MaxPool", [], sizes
        case "stride":
            found = "Slice", [f"{step.name}.{key}" for key in ("starts", "ends", "axes", "steps")], {}
        case "pad":
            found = "Pad", [f"{step.name}.pads"], {}
        case _:
            found = _PLAIN[step.kind], [], {}
    return found
