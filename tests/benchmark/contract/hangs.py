"""A module whose import hangs (`test_fork_server.py`)."""

import time

time.sleep(1e6)
