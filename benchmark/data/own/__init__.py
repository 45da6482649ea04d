"""Somebody's own annotated images, in the formats that annotation tools write, as an image store (docs/own-data.md)."""
