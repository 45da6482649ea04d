"""Backbones whose features are tokens on one grid: how feature levels follow from them, without a learned part."""
