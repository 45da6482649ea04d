"""Are evaluation images in a pre-training corpus? Near copies are found by a perceptual hash, on the side of whoever
holds the corpus; what leaves that side is counts and digests.

`files.py` lists pictures, `read.py` decodes them, `canonical.py` takes away what a copy may change, `hashes.py` hashes,
`kept.py` remembers, `corpus.py` does that for a whole corpus; `reference.py` knows the evaluation images,
`match.py` and `copies.py` compare, `summary.py` counts.
"""
