"""Reading study files, and everything that can be wrong with them, in sentences."""
