"""Daily counts of what was listed and delisted, kept for good: counted along the log, read by period."""
