"""Speed, memory and precision, measured; benchmarks/README.md says how to run and read them."""

import lth  # noqa: F401  (makes torchvision importable beside any torch, so it comes first)
