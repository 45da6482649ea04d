"""Heads: networks that turn a backbone's feature maps into the output of a task.

Feature maps travel as a mapping from stride to tensor (stride 1 is the normalised image), so that no head
knows an architecture by name.
"""

from tasks.heads.build import build_head, head_strides

__all__ = ["build_head", "head_strides"]
