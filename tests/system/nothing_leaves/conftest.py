"""A day in the laboratory, once for each group of commands."""

from __future__ import annotations

import pytest

from tests.once import once
from tests.system.laboratory import recorded_before
from tests.system.nothing_leaves.watch import Day, work


@pytest.fixture(scope="class")
def day(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Day:
    past = once(tmp_path_factory, "past", recorded_before)
    return work(request.cls.group, tmp_path_factory.mktemp(request.cls.group), past)
