"""Write docs/dependencies.md: every locked package with its version, its licence and the lock that has it.

`make licences` runs this after `make lock`. What is installed here says its licence itself; what is not (packages for
other systems, the libraries of CUDA) is in `KNOWN`.
"""

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = {
    "requirements.lock": "Needed by every installation (`make setup`)",
    "requirements-torch.lock": "torch, and on Linux without its CPU build the libraries of CUDA",
    "requirements-text.lock": "Added for studies of texts (`make setup-text`)",
    "requirements-cluster.lock": "Added for SLURM and LSF (`make setup-cluster`)",
    "requirements-export.lock": "Added for exports to ONNX (`make setup-export`)",
    "requirements-docs.lock": "Added for the documentation as a site (`make setup-docs`)",
    "requirements-dev.lock": "Added for development and tests (`make setup-dev`)",
}
NVIDIA = "LicenseRef-NVIDIA-Proprietary"
KNOWN = {
    "colorama": "BSD License",
    "cuda-bindings": "Apache-2.0",
    "cuda-pathfinder": "Apache-2.0",
    "cuda-toolkit": "says nothing (it contains no code, only requirements)",
    "httpx2-jsfetch": "BSD-3-Clause",
    "nvidia-cusparselt-cu13": "NVIDIA Proprietary Software",
    "nvidia-nvtx": "Apache 2.0",
    "pyreadline3": "BSD License",
    "triton": "MIT License",
    **{
        f"nvidia-{name}": NVIDIA
        for name in (
            *("cublas", "cuda-cupti", "cuda-nvrtc", "cuda-runtime", "cudnn-cu13", "cufft", "cufile", "curand"),
            *("cusolver", "cusparse", "nccl-cu13", "nvjitlink", "nvshmem-cu13"),
        )
    },
}
"""Of packages that are not installed on Linux with torch's CPU build: as the metadata of their wheels say."""
HEAD = """\
# Dependencies and their licences

Written by `make licences` from the locks and from what each package says of itself: do not edit. This project is under
the [MIT licence](../LICENSE); it contains no code of these packages, it installs them.

## How they are pinned

`requirements*.txt` name what the project uses itself, with versions; `requirements*.lock` name everything that is
installed, with the SHA-256 of each of its files, for Linux, macOS and Windows and Python 3.11 or newer. `make setup`,
`setup-text`, `setup-cluster`, `setup-export`, `setup-docs` and `setup-dev` install the locks with
`pip --require-hashes --no-deps`: a file that is not the locked one is refused, and nothing is resolved anew.
Without make:

```console
$ python3 -m venv .venv && source .venv/bin/activate
$ locked="pip install --require-hashes --no-deps --only-binary :all: --no-binary connection-pool --no-build-isolation"
$ $locked -r requirements-build.lock          # setuptools, which builds connection-pool: it has no wheel
$ $locked -r requirements-torch-cpu.lock      # or requirements-torch.lock, with the libraries of CUDA
$ $locked -r requirements.lock
```

To change a version, edit `requirements*.txt`, then:

```console
$ make lock                # UPGRADE=1 also takes the newest releases of what those files do not pin
$ make licences
```

torch has two builds of one version. PyPI's asks for the libraries of CUDA on Linux; the CPU build lies in PyTorch's own
index, so `make lock` cannot ask for its checksums: they stand in `tools/lock.py`. The one for Python 3.11 on x86_64 was
computed from the file itself; those for 3.12, 3.13 and aarch64 are those that independent public lock files agree on,
and were not compared with the files. `make setup` takes the CPU build where pip finds it (for instance
with `PIP_EXTRA_INDEX_URL` or `PIP_FIND_LINKS` set), and PyPI's otherwise.

Models are pinned as well: one that is downloaded from the Hugging Face hub names a commit. Data sets of the hub should:
a study whose data set names no revision cannot see that it has changed. Published images are compared with their MD5.
"""


def locked(lock: str) -> list[tuple[str, str]]:
    """Name and version of each package of a lock."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return re.findall(r"^([\w.-]+)==([\w.+!]+)", text, re.MULTILINE)


def licence(name: str) -> str | None:
    """What a package says of its licence; None where it says nothing or is not installed."""
    if name in KNOWN:
        return KNOWN[name]
    try:
        package = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    told = package.metadata
    if expression := told.get("License-Expression"):
        return expression
    classes = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    if named := [line for line in classes if line != "OSI Approved"]:
        return " or ".join(named)
    short = (told.get("License") or "").strip()
    return short if short and len(short) < 60 and "\n" not in short else _in_file(package)


def _in_file(package: metadata.Distribution) -> str | None:
    """The title of a licence file that has one, such as `MIT License`."""
    for file in package.files or ():
        if re.match("LICEN[CS]E", file.name.upper()):
            title = str(file.read_text()).strip().partition("\n")[0].strip()
            return title if re.fullmatch(r"(The )?[\w. -]+ Licen[cs]e", title) else None
    return None


def main() -> None:
    """The page; ends with an error where a licence is not known."""
    lines, unknown = [HEAD.rstrip()], []
    for lock, title in LOCKS.items():
        lines += ["", f"## {title}: `{lock}`", "", "| package | version | licence |", "|---|---|---|"]
        for name, version in locked(lock):
            found = licence(name)
            if found is None:
                unknown.append(f"{name}=={version}")
            lines.append(f"| {name} | {version} | {found} |")
    if unknown:
        sys.exit(f"no licence is known of {', '.join(unknown)}: install them, or add them to KNOWN in {__file__}")
    (ROOT / "docs" / "dependencies.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
