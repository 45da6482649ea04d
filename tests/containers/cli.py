"""`lovt-bench` with the mount that images of the tests need: `python -m tests.containers.cli ARGUMENTS`.

No command line of a user offers it, so that no submission ever sees a folder of the host this way.
"""

from __future__ import annotations

import os
from functools import partial

from lovt_bench.benchmark.cli.main import main
from lovt_bench.benchmark.runtime import request
from tests.containers import images

if __name__ == "__main__":
    os.environ.setdefault("LOVT_BENCH_BASE_IMAGE", images.BASE_IMAGE)
    request.Request = partial(request.Request, more_mounts=[images.site_mount()])  # type: ignore[misc,assignment]
    main(prog_name="lovt-bench")
