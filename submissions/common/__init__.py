from lovt_bench.benchmark.lean_torchmetrics import import_lean

import_lean()
