"""The renderings of a version: each turns the model into the text of one file, equal for equal models."""
