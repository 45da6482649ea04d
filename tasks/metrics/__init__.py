"""Test metrics of the tasks (evaluation.md section 11)."""
