"""`python -m lth`: the same as the command `lth`."""

import sys

from lth.cli import main

if __name__ == "__main__":
    sys.exit(main())
