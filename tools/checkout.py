"""The command `lth` of a checkout, in any folder: `make` writes a script that starts it, as `pip install` would."""

import sys
from pathlib import Path

if __name__ == "__main__":  # and not where a process that it starts reads this file again
    sys.path[0] = str(Path(__file__).resolve().parents[1])  # in place of the folder of this file
    sys.argv[0] = "lth"

    from lth.cli import main

    sys.exit(main())
