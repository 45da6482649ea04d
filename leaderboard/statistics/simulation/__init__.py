"""Boards and test sets with a known truth: how often what the statistics say of them is false, and what they find."""
