"""What `test_one_file_each` adds to a copy of the repository: each idea one file or one folder."""
