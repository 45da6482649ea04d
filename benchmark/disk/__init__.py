"""How the project writes to a disk: one lock, one way to put a file or a folder in its place, one set of words."""
