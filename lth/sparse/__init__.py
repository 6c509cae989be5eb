"""Training whose cost falls with density: kernels that hold only the kept weights, for CPUs."""
