"""Architectures as plain modules, and how they are built."""
