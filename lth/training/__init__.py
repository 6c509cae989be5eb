"""Training a masked network: the loop, optimisers, learning-rate schedules, history, resuming."""
