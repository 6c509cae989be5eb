"""Which weights are kept: masks, saliency scores, allocation over layers, pruning schedules."""
