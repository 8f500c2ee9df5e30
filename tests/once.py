"""What takes long to make and depends on the tree alone is made once a run, by whoever first needs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_for

LONGEST = 240.0
"""As long may another worker take to make it [s]."""


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder `name` that all workers of a run share, made by the first that asks for it.

    Nobody may write into it: whoever changes anything takes a copy. A maker that fails leaves nothing: each
    worker that asks makes it anew and says why.
    """
    base = factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "once"
    root.mkdir(exist_ok=True)
    folder, done, failed = root / name, root / f"{name}.done", root / f"{name}.failed"
    try:
        folder.mkdir()
    except FileExistsError:
        wait_for(
            lambda: done.exists() or failed.exists(), f"{name} is made by another worker", seconds=LONGEST
        )
        if done.exists():
            return folder
        folder = factory.mktemp(name)
        make(folder)
        return folder
    try:
        make(folder)
    except BaseException:
        failed.touch()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    done.touch()
    return folder
