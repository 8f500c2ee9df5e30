"""Trying a device: nothing leaves, nothing is left."""

from __future__ import annotations

from tests.system.nothing_leaves.watch import WATCHED, NothingLeaves

pytestmark = WATCHED


class TestGroup(NothingLeaves):
    group = "trying"
