"""Pretended CUDA cards: tensors say `cuda:0`, their numbers lie in host memory.

    python -m tests.gpu.pretended -m pytest FILE         runs a module on one pretended card of 80 GiB
    PRETENDED_CARDS=4 PRETENDED_GIB=8 python -m tests.gpu.pretended SCRIPT

Processes that the command starts see the same cards. `CUDA_VISIBLE_DEVICES` counts, as it does on real ones.

They show: tensors of two devices in one operator, a missing `.cpu()`, half precision under autocast (products summed in
float32) with its gradient scaler, memory that tensors hold and `torch.OutOfMemoryError` beyond it, operators that make
the host wait (`waits.py`), and that code for CUDA runs at all.

They can't show: speed, races between streams, CUDA graphs, memory that kernels need for themselves, or the bits of
real kernels.

All of it leans on the insides of one release of torch (`TORCH`).
"""

TORCH = "2.14"
"""The release that the pretended cards were made for."""
