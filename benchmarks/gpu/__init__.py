"""All that a GPU is needed for, in one command: `python -m benchmarks.gpu`; docs/gpu.md says how to read it."""
