"""What follows from a study: rounds and their densities, arms, paths, and what each job is told."""
