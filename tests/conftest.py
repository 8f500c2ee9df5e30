"""Shared fixtures."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Streams of a test run stay among themselves.
os.environ.setdefault("ATTUNEMENT_LSL_SESSION", f"attunement-test-{os.getpid()}")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of reference recordings, which are never part of the project."""
    root = Path(__file__).resolve().parents[1]
    path = Path(os.environ.get("ATTUNEMENT_DATA", root.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no reference recordings at {path}")
    return path
