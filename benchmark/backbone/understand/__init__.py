"""Checkpoints as they occur in the wild become backbones: what is in the file is matched, never believed or run.

`folders.py` and `hub.py` say which files are read, `guard.py` what kind each is. `read.py` reads them; pickles in the
formats of `pytorch_file.py` with `inert.py`, whose stubs `plain.py` turns into values. `flatten.py` names every tensor,
`layouts.py` knows how others name an architecture's tensors, `candidates.py` finds trunks, `choose.py` takes the only
one or says why not, `take.py` converts, `report.py` is what the submitter is told.
"""
