"""Embeddings of backbones, measured (docs/analysis.md)."""
