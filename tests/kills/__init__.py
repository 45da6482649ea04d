"""Every command killed at random points, and at each rename: nothing finished is lost, nothing is left behind."""
