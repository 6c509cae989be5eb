"""The study: its schema, its reading and checking, and the plan of jobs that follows from it. Imports no torch."""
