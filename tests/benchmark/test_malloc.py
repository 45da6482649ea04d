"""Malloc cooperates where there is glibc."""

import gc
import platform
import weakref

from lovt_bench.benchmark.malloc import keep_freed_memory, leave_out_imports, release_memory


def test_malloc_takes_the_thresholds_where_it_is_glibcs_and_nothing_breaks_elsewhere():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
    release_memory()


def test_what_is_left_later_is_collected_and_what_was_there_before_is_not_looked_at():
    class Cycle:
        def __init__(self):
            self.itself = self

    leave_out_imports()
    assert len(gc.get_objects()) < gc.get_freeze_count()
    left = weakref.ref(Cycle())
    release_memory()
    assert left() is None
