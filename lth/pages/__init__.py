"""Pages of results and the per-seed data behind them: every table and figure of a page is made from committed CSVs."""
