"""`python -m lth`: look into artifacts and studies from the command line."""

import sys

from lth.cli import main

if __name__ == "__main__":
    sys.exit(main())
