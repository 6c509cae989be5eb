"""What a study can name: tables of data sets, architectures, scores and methods. Imports nothing of what they name."""
