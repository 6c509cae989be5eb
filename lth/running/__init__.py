"""Jobs that run: logs, signals, locks, GPUs, and the scratch folder with the states of trainings in progress."""
