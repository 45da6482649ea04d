"""Pre-training corpora: raw images with reports or labels into one store that training maps into memory."""
