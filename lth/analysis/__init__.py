"""What the files show: statistics, tables, figures, the report."""
