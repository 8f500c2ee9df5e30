"""A recorder of two LSL streams for tests, whose wall clock is set ahead once a file is there.

python -m tests.acquisition.recorder.suspended_child PARENT FLAG SECONDS
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from acquisition.commands.command import stop_on_signals
from acquisition.drivers.lsl import LslDriver
from acquisition.recorder.begin import record
from acquisition.stream import Role
from tests.acquisition.lsl_sender import binding
from tests.acquisition.sine_driver import SESSION

if __name__ == "__main__":
    parent, flag, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
    bindings = [binding("c"), replace(binding("t"), role=Role.THERAPIST)]
    record(
        SESSION,
        parent,
        drivers=[LslDriver(bindings)],
        wall=lambda: time.time() + seconds * flag.exists(),
        stop=stop_on_signals(),
    )
