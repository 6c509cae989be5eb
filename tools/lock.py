"""Write the locks, `requirements*.lock`: every package with its version and the SHA-256 of each of its files.

`make lock` runs this after a version in `requirements*.txt` was changed; `--upgrade` (`make lock UPGRADE=1`) also takes
the newest releases of what those files do not pin. uv resolves for Linux, macOS and Windows and Python 3.11 or newer at
once. It asks PyPI only, whatever index pip is configured to use, so the same locks come out everywhere.

The base lock holds what every installation has, the others what they add to it. torch is in two locks of its own, of
which `make setup` takes one: the CPU build, which lies in PyTorch's index and not on PyPI, and PyPI's build with the
libraries of CUDA. In one lock pip would always take PyPI's, since it prefers files whose checksum the index states.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
BASE, BUILD, CPU, CUDA = "requirements", "requirements-build", "requirements-torch-cpu", "requirements-torch"
ENCODER = "requirements-encoder"
OLDEST = "requirements-oldest"
EXTRAS = ("requirements-text", "requirements-cluster", "requirements-export", "requirements-docs", "requirements-dev")
OF_TORCH = re.compile(r"torch==|nvidia-|cuda-|triton==")
"""torch, and what it asks for on Linux only to use GPUs."""
CPU_BUILDS = {
    "2.13.0": {
        "cp311-x86_64": "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b",
        "cp312-x86_64": "4ca4a9394b0c771238a4f73590fdbbc4debad85ed0fa63d026ae1b085da7d6e2",
        "cp313-x86_64": "3fbf9c9d1f3c10c2d59d04aca426dee9ccc6ceb32d255c61e93acc3b4f75fae6",
        "cp311-aarch64": "84453b69508ec79902f899c5ed9495acb9e2bbe9fda5f1d5d6f19e3c3842e1a7",
        "cp312-aarch64": "6f307c2c32d764ffc6ff6893b801fad6d4752f3e67966cb8abf1843427c02604",
        "cp313-aarch64": "0b8f7d0423027ae8b90c7977c627f3379f325363a08224dffad9b4b2d684a83d",
    }
}
"""SHA-256 of torch's `+cpu` wheels for Linux, which lie in PyTorch's own index and not on PyPI, by torch's version."""
HEAD = {
    BASE: "What `make setup` installs.",
    BUILD: "What builds packages of which there is only a source package; installed first.",
    CPU: "torch's CPU build for Linux.",
    CUDA: "torch as it is on PyPI, for Linux with the libraries of CUDA.",
    "requirements-text": "What `make setup-text` adds to requirements.lock.",
    "requirements-cluster": "What `make setup-cluster` adds to requirements.lock.",
    "requirements-export": "What `make setup-export` adds to requirements.lock.",
    "requirements-docs": "What `make setup-docs` adds to requirements.lock.",
    "requirements-dev": "What `make setup-dev` adds to requirements.lock; with those of cluster, export and docs.",
    OLDEST: "What `make test-oldest` lays over requirements.lock, in a folder of its own.",
}

Lock = dict[str, list[str]]
"""A requirement, such as `torch==2.13.0` with its markers, and the SHA-256 of its files."""


def resolve(name: str, constraints: Iterable[str] = (), *, upgrade: bool, alone: bool = False) -> Lock:
    """The lock of `<name>.txt`.

    Args:
        name: of the file, without its suffix.
        constraints: names of locks whose versions are kept.
        upgrade: do not keep the versions of the lock that there is.
        alone: without dependencies.
    """
    part = ROOT / f"{name}.lock.part"
    part.write_text("" if upgrade else _existing(name), encoding="utf-8")
    options = ["--universal", "--python-version", "3.11", "--generate-hashes"]
    options += ["--no-config", "--no-header", "--no-annotate", "--quiet", *(["--no-deps"] if alone else [])]
    options += [f"--constraint={constraint}.lock" for constraint in constraints]
    files = [f"{name}.txt", "--output-file", part.name]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("UV_")}
    try:
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "pip", "compile", *options, *files], cwd=ROOT, env=environment, check=True)
        return parse(part.read_text(encoding="utf-8"))
    finally:
        part.unlink()


def _existing(name: str) -> str:
    """The versions that are locked now, which uv keeps where they still fit."""
    locks = [ROOT / f"{part}.lock" for part in ((BASE, CUDA) if name == BASE else (name,))]
    return "".join(lock.read_text(encoding="utf-8") for lock in locks if lock.exists())


def parse(text: str) -> Lock:
    """The requirements of a lock, each with its hashes."""
    lock: Lock = {}
    for line in text.splitlines():
        if digest := re.match(r"\s+--hash=sha256:(\w{64})", line):
            lock[next(reversed(lock))].append(digest[1])
        elif line.strip() and not line.startswith("#"):
            lock[line.removesuffix("\\").strip()] = []
    return lock


def write(name: str, lock: Lock) -> None:
    """Write `<name>.lock`."""
    lines = [f"# {HEAD[name]} Made by `make lock` from requirements*.txt: do not edit."]
    for requirement, digests in sorted(lock.items()):
        lines.append(" \\\n    ".join([requirement, *(f"--hash=sha256:{digest}" for digest in sorted({*digests}))]))
    (ROOT / f"{name}.lock").write_text("\n".join(lines) + "\n", encoding="utf-8")


def cpu_build(torch: str) -> Lock:
    """The lock of the CPU build of a locked torch, such as `torch==2.13.0`."""
    version = torch.partition("==")[2].partition(" ")[0]
    if version not in CPU_BUILDS:
        sys.exit(f"{__file__}: CPU_BUILDS has no checksums of torch {version}; add those that PyTorch's index lists")
    return {f"torch=={version}+cpu": [*CPU_BUILDS[version].values()]}


def main() -> None:
    """All locks anew; each extra is resolved with the versions of those before it, so that they fit each other."""
    upgrade = "--upgrade" in sys.argv[1:]
    found = resolve(BASE, upgrade=upgrade)
    torch = {requirement: digests for requirement, digests in found.items() if OF_TORCH.match(requirement)}
    write(BASE, {requirement: digests for requirement, digests in found.items() if requirement not in torch})
    write(BUILD, {requirement: found[requirement] for requirement in found if requirement.startswith("setuptools==")})
    write(CUDA, torch)
    write(CPU, cpu_build(next(requirement for requirement in torch if requirement.startswith("torch=="))))
    done = [BASE, CUDA]
    for extra in EXTRAS:
        added = resolve(extra, done, upgrade=upgrade)
        if extra == "requirements-text":
            added |= resolve(ENCODER, upgrade=upgrade, alone=True)
        write(extra, {requirement: digests for requirement, digests in added.items() if requirement not in found})
        done.append(extra)
    write(OLDEST, resolve(OLDEST, upgrade=upgrade, alone=True))


if __name__ == "__main__":
    main()
