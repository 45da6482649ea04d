"""Models of everything that is written to disk. Nothing in this package imports torch."""
