"""Data sets as in-memory tensors, and where they come from."""
