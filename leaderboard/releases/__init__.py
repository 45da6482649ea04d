"""Versions on disk: built, frozen, verified from what they rest on, compared, published."""
