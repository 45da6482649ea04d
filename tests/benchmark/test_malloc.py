"""Malloc cooperates where there is glibc."""

import platform

from benchmark.malloc import keep_freed_memory, release_memory


def test_malloc_takes_the_thresholds_where_it_is_glibcs_and_nothing_breaks_elsewhere():
    assert keep_freed_memory() is (platform.libc_ver()[0] == "glibc")
    release_memory()
