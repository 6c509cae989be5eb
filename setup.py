"""Packages that lie beside `lth` here, and inside of it where it is installed; the rest is in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["lth", "lth.*"]), "lth._workflow", "lth.envs"],
    package_dir={"lth._workflow": "workflow", "lth.envs": "envs"},
)
