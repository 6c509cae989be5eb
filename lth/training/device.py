"""Where a job computes, and the switches that make it reproducible there."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from lth.config.study import Compute
from lth.errors import UserError
from lth.running.gpus import take_gpu


def prepare_device(compute: Compute, announce: Callable[[str], None] = lambda _: None) -> torch.device:
    """Choose the device and make arithmetic on it repeatable; called once, before the first tensor.

    The thread count comes from the study, not from the scheduler: sums are split among threads, so another count
    would give other last bits. Denormals are flushed because pruned networks are full of them and each costs a CPU
    a hundred cycles.

    Args:
        compute: says which device.
        announce: takes a sentence for the user, if a GPU has to be shared with a job that should not be there.

    Raises:
        UserError: `cuda` is asked for and torch sees no GPU; or the locks of GPUs cannot be kept safely.
    """
    torch.set_num_threads(compute.threads)
    torch.set_flush_denormal(True)
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS is deterministic only with a fixed workspace
    torch.set_deterministic_debug_mode("error")  # use_deterministic_algorithms would import the compiler, too: 0.7 s
    # a guard for code that reads memory it never wrote; it costs each new tensor a pass (5 % of a small bf16 step)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    torch.backends.cudnn.allow_tf32 = False  # fp32 is fp32: torch's default rounds a GPU's convolutions to 10 bits
    torch.set_float32_matmul_precision("highest")  # and so do matrices where it is set otherwise
    if compute.device == "cuda" and not torch.cuda.is_available():
        raise UserError("compute.device: cuda is asked for, but torch sees no GPU; use auto or cpu")
    if compute.device == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    gpu = take_gpu(torch.cuda.device_count(), compute.jobs_per_gpu, shares=announce)
    if gpu is None:
        return torch.device("cuda")
    torch.cuda.set_device(gpu)  # CUDA_VISIBLE_DEVICES would come too late: asking whether there is a GPU has read it
    return torch.device("cuda", gpu)


@contextmanager
def in_fixed_order() -> Iterator[None]:
    """Say in a sentence that torch has an operation on a GPU only with sums in no fixed order (`prepare_device` refuses
    those).

    Raises:
        UserError: the network has such an operation.
    """
    try:
        yield
    except RuntimeError as error:
        if "deterministic implementation" not in str(error):
            raise
        operation = str(error).partition(" ")[0]
        raise UserError(
            f"the network uses {operation}, which torch computes on a GPU in no fixed order, so that results would not "
            f"repeat; use another layer, or `device: cpu`"
        ) from None
