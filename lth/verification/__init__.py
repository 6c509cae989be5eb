"""Whether a finished study is complete and unaltered, and what is in its files."""
