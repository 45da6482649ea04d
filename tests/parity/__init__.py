"""Golden vectors: numbers of the reference implementation that this one must reproduce."""
