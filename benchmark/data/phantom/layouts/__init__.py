"""The raw layouts of the public datasets, one module each (datasets.md sections 2 to 7)."""
