"""Losses of the tasks (evaluation.md sections 7.4 and 10). Float32, outside autocast, without host sync."""
