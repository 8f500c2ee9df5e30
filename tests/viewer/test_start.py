"""The window is up before what only computing needs is loaded."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.realtime

HEAVY = ("scipy", "pandas", "pyarrow", "matplotlib", "bleak", "asyncio", "mne")


def test_a_window_loads_nothing_that_only_computing_needs() -> None:
    code = f"import sys, viewer.opened; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
