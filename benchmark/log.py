"""The one logger of the harness. Library code logs here and never prints."""

from __future__ import annotations

import logging

logger = logging.getLogger("lovt_bench")
