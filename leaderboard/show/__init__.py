"""The renderings of a version: each turns the model into files or a terminal's text, equal for equal models."""
