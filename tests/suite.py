"""Run the suite, all workers at once; then, alone, what failed and depends on real time.

    python -m tests.suite [arguments of pytest]

A test marked `realtime` starts processes, windows, sound or LSL streams: beside others a machine may be too
busy for it. Failed, it is run once more alone, and must pass then. Every other failure stands at once, as do
a crashed worker, a file that cannot be collected, a run that was stopped, and more failures than chance
makes.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MARKER = "realtime"
MOST = 20
"""Tests that may be run again: where more fail, it was not the machine."""
ALONE = "--alone"


class Run:
    """Collect what passed and what failed in a run of pytest."""

    def __init__(self) -> None:
        self.root = Path()
        self.complete = True
        """Whether every file was collected, and the run was not stopped."""
        self.stands: dict[str, None] = {}
        """Tests that failed, and nothing may change that."""
        self.again: dict[str, None] = {}
        """Tests that failed, and depend on real time."""
        self.passed: set[str] = set()

    def pytest_configure(self, config: pytest.Config) -> None:
        self.root = config.rootpath

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.complete = self.complete and not report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            # The report of a worker that crashed bears no marks: it stands.
            (self.again if MARKER in report.keywords else self.stands)[report.nodeid] = None
        elif report.passed and report.when == "call":
            self.passed.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.complete = self.complete and not (session.shouldstop or session.shouldfail)

    def may_run_again(self, code: int) -> bool:
        """Tell whether all that failed are a few tests that depend on real time."""
        some = 0 < len(self.again) <= MOST
        return code == pytest.ExitCode.TESTS_FAILED and self.complete and not self.stands and some


def run(arguments: Sequence[str]) -> int:
    """Run the suite; return the exit code, which is 0 only if every test passed, at once or alone."""
    first = Run()
    code = int(pytest.main(list(arguments), plugins=[first]))
    if not first.may_run_again(code):
        return code
    for name in first.again:
        print(f"failed beside others, run again alone: {name}", flush=True)
    again = [sys.executable, "-m", "tests.suite", ALONE, *first.again]
    code = subprocess.run(again, cwd=first.root, check=False).returncode
    for name in first.again if code == 0 else ():
        print(f"failed beside others, passed alone: {name}", flush=True)
    return code


def run_alone(names: Sequence[str]) -> int:
    """Run tests one after another; return 0 only if each of them passed, and none was skipped."""
    second = Run()
    code = int(pytest.main(["-n", "0", *names], plugins=[second]))
    missed = [name for name in names if name not in second.passed]
    for name in missed:
        print(f"failed beside others, and did not pass alone: {name}", flush=True)
    return code or int(bool(missed))


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(run_alone(given[1:]) if given[:1] == [ALONE] else run(given))
