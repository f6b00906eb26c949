"""Room for rows is address space: all there from the beginning, or where that is limited, as it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from debugger.log import columns as module
from debugger.log.columns import Columns

ROOT = Path(__file__).parents[2]

LIMITED = """
import resource
import numpy as np
from debugger.log.columns import Columns
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
columns = Columns()
for start in range(0, 100_000, 1_000):
    columns.reserve(start + 1_000)
    columns.write(start, {"seq": np.arange(start, start + 1_000, dtype=np.int32)})
assert columns["seq"][:100_000].tolist() == list(range(100_000))
print("kept", len(columns["seq"]) < 1 << 20)
"""


@pytest.mark.skipif(not module._NORESERVE, reason="address space is memory here")
def test_what_is_there_is_not_copied_when_more_comes() -> None:
    """Not even of a million rows: the arrays are those of the beginning."""
    columns = Columns()
    first = columns["timestamp_ns"]
    columns.reserve(10_000_000)
    assert columns["timestamp_ns"] is first


@pytest.mark.skipif(not module._NORESERVE, reason="only Linux limits address space")
def test_where_address_space_is_limited_room_grows_with_the_rows() -> None:
    """As `ulimit -v` does: in a process of its own, for a limit cannot be taken back from mappings."""
    told = subprocess.run(
        [sys.executable, "-c", LIMITED], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "kept True\n", "")


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.data())
def test_rows_stay_what_they_were_however_room_grows(sizes: list[int], data: st.DataObject) -> None:
    """From little room on, and with rows that are released in between."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_FIRST", 8)
        columns = Columns()
        told: list[int] = []
        released = 0
        for size in sizes:
            columns.reserve(len(told) + size)
            fresh = data.draw(st.sampled_from((1, 300, 70_000))) * np.arange(size, dtype=np.int64)
            columns.write(len(told), {"seq": fresh, "cause_row": -fresh})
            told += fresh.tolist()
            if data.draw(st.booleans()):
                released = data.draw(st.integers(released, len(told)))
                columns.release(released)
        assert columns["seq"][released : len(told)].tolist() == told[released:]
        assert columns["cause_row"][released : len(told)].tolist() == [-one for one in told[released:]]
        assert not columns["seq"][:released].any()
