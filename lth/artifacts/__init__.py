"""Files that jobs leave: tensors, tickets, records with checksums, and how damaged ones are made again."""
