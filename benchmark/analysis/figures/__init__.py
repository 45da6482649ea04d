"""Figures of one backbone: what its features look like, and what its runs found."""
