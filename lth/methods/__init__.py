"""How a ticket is found: each method composes scores, masks, a schedule and the training loop."""
