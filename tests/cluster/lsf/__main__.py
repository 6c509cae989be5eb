"""`python -m tests.cluster.lsf FOLDER`: a cluster to try things on by hand, until Ctrl-C."""

import argparse
import time
from pathlib import Path

from .cluster import Settings
from .daemon import served

parser = argparse.ArgumentParser(description="A small stand-in for LSF.")
parser.add_argument("folder", type=Path, help="for the cluster's files")
parser.add_argument("--slots", type=int, default=8, help="slots of the one host (8)")
parser.add_argument("--memory", type=float, default=64000, help="its memory in MB (64000)")
parser.add_argument("--gpus", type=int, default=1, help="its GPUs (1)")
chosen = parser.parse_args()
folder = chosen.folder.resolve()
with served(folder, Settings(slots=chosen.slots, memory=chosen.memory, gpus=chosen.gpus)):
    print(f"export LSF_SHIM={folder} PATH={folder}/bin:$PATH", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass
