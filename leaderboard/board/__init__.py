"""From run records and published rows to tables: what is read, what counts, what stands beside a number."""
