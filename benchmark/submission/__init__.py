"""A submission, all that is known of it without running it: read, found, declared, checked, begun. No torch."""
