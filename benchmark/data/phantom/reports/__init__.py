"""Reports in the style of MIMIC-CXR whose sentences say what is drawn, where, and what is not there."""
