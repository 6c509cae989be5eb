"""All that a GPU is needed for, in one command: `python -m benchmarks.gpu --minutes N --out DIR [--data DIR]`.

In order of value, each result written as soon as there is one, so that a time limit loses nothing: the core's checks on
the device against the CPU; repeating and resuming to the last bit; training speed of the networks of all full-scale
studies; from it the time of each study; then their trainings. docs/gpu.md says how to read what comes out.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu import packages

SHARES = {"checks": 0.35, "speed": 0.65}
"""Of the whole time, after which what is left of a part is left to a later run, so that the next one has its turn."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all parts; 0 if nothing failed, 2 if nothing could be run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description="Test, measure and report on a GPU.")
    parser.add_argument("--minutes", type=float, default=9.0, help="the whole run ends before (9)")
    parser.add_argument("--out", type=Path, required=True, help="folder of results; a run in the same one goes on")
    parser.add_argument("--data", type=Path, help="folder with cifar-10-batches-py, as torchvision leaves it")
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda", help="cpu rehearses (cuda)")
    parser.add_argument("--quick", action="store_true", help="a little of everything, on data that are drawn")
    chosen = parser.parse_args(arguments)
    chosen.out, chosen.data = chosen.out.resolve(), chosen.data and chosen.data.resolve()
    begun = time.monotonic()
    packages.unpack()
    if found := packages.problem() or _no_gpu(chosen.device):
        print(found, file=sys.stderr)
        return 2
    return _run(chosen, begun)


def _no_gpu(device: str) -> str:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        return f"torch {torch.__version__} sees no GPU here; --device cpu --quick rehearses the run without one"
    return ""


def _run(chosen: argparse.Namespace, begun: float) -> int:
    from benchmarks.gpu.checks import CHECKS
    from benchmarks.gpu.record import Record
    from benchmarks.gpu.repeats import REPEATS
    from benchmarks.gpu.science import science, without_data
    from benchmarks.gpu.studies import full_scale, hours, kind_of, launch_bound, speeds, tiny
    from lth.config.study import Compute
    from lth.training.device import prepare_device

    whole, quick = 60 * chosen.minutes, chosen.quick
    record = Record(chosen.out, begun + whole, _device_name(chosen.device))
    device = prepare_device(Compute(device=chosen.device))
    for part, checks in (("check", CHECKS), ("repeat", REPEATS)):
        for name, check in checks.items():
            if time.monotonic() - begun < SHARES["checks"] * whole and not (quick and "vgg" in name):
                record.attempt(part, name, lambda check=check: check(device))  # type: ignore[misc]
    studies = [tiny()] if quick else [*full_scale(record)]
    kinds = {} if quick else {kind_of(launch_bound()): launch_bound()}
    for planned in studies:
        kinds |= planned.kinds
    record.ends = begun + SHARES["speed"] * whole
    speeds(record, kinds, chosen.device, quick=quick)
    record.ends = begun + whole
    hours(record, studies)
    if lacking := "" if quick else without_data(chosen.data):
        record.add("note", says=lacking)
    else:
        science(record, chosen.data, chosen.device, quick=quick)
    record.report()
    failed = [line["name"] for part in ("check", "repeat") for line in record.of(part, "name") if not line["ok"]]
    failed += [line["name"] for line in record.of("science", "name") if line["state"] == "failed"]
    print(f"{chosen.out / 'report.md'}: {len(failed)} failed{': ' if failed else ''}{', '.join(failed)}")
    return int(bool(failed))


def _device_name(device: str) -> str:
    import torch

    if device == "cpu":
        return "the CPU (a rehearsal: nothing here says anything about a GPU)"
    found = torch.cuda.get_device_properties(0)
    return f"{found.name}, {found.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"


if __name__ == "__main__":
    sys.exit(main())
