"""What needs a CUDA device, real or pretended."""
