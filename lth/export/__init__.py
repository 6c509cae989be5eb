"""Networks that leave: compacted, written for other programs, and timed."""
