"""Cross-dataset lottery tickets: find sparse trainable subnetworks, carry them across data sets, compare them honestly.

Importing this package is cheap (no torch) and enough to make torchvision importable beside any torch build: see
`lth.torchvision_shim`.
"""

from lth.torchvision_shim import install

__version__ = "0.1.0"

install()
