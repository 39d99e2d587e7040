"""A manager gives back the memory that it needed for a moment; in a process of its own, for it concerns a whole one."""

from __future__ import annotations

import subprocess
import sys

import pytest

BUSY = """
import resource
from mcpstore.runtime.malloc import trim_eagerly

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20

can = trim_eagerly()
for size in (1, 8, 16):  # after these the allocator would map nothing of the kind by itself any more
    block = bytearray(b"x") * (size << 20)
    del block
before = resident()
large, small = [], []
for _ in range(32):
    large.append(bytearray(b"x") * (4 << 20))
    small.append(bytearray(b"x") * 1000)  # keeps the heap from shrinking
most = resident()
large.clear()
print(can, most - before, resident() - before)
"""


def test_freed_memory_is_returned_to_the_system():
    done = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=60, check=True)
    can, most, left = done.stdout.split()
    if can == "False":
        pytest.skip("this allocator does not take orders")
    assert float(most) > 100
    assert float(left) < 10
