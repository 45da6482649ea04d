"""Test metrics of the tasks (evaluation.md section 11), one file each (`tasks.metric`)."""
