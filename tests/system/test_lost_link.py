"""A cable between two machines that carries nothing for a while: silence is told, and nothing is lost."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.system.commands import ROOT
from tests.system.island import why_not

pytestmark = pytest.mark.realtime


@pytest.mark.slow
@pytest.mark.skipif(bool(why_not()), reason=why_not() or "name spaces")
def test_a_link_that_comes_back_brings_what_was_sent_meanwhile() -> None:
    words = ["-m", "benchmarks.link_loss", "--seconds", "5", "--before", "4", "--after", "60"]
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    found = re.search(
        r"cut for ([\d.]+) s: (\d+) sent, (\d+) lost, (\d+) twice; silence ([\d.]+) s,.*"
        r" stale told after ([\d.]+) s",
        done.stdout,
    )
    assert found is not None, done.stdout
    cut, sent, lost, twice, silence, stale = map(float, found.groups())
    assert cut >= 5.0 and silence >= 4.5, "the link was down"
    assert sent > 1000 and lost == twice == 0
    assert stale < 4.0
    assert "verify: whole" in done.stdout
