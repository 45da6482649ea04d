"""Checkpoints as they occur in the wild become backbones: what is in the file is matched, never believed or run.

`folders.py` and `hub.py` say which files are read, `configured.py` what a configuration beside them says, `guard.py`
what kind each file is. `read.py` reads them; pickles in the formats of `pytorch_file.py` with `inert.py`, whose stubs
`plain.py` turns into values. `flatten.py` names every tensor. `dialects.py` turns the names of other libraries into
timm's, `layouts.py` knows how others name an architecture's tensors, `derive.py` cuts and joins them, `tables.py`
resamples position tables. `find.py` finds the architecture where nobody named it, `candidates.py` its trunks;
`choose.py` takes the only one or says why not, `questions.py` asks what tensors do not say, `take.py` converts,
`report.py` is what the submitter is told.
"""
