import pytest

pytest.register_assert_rewrite("tests.system.nothing_leaves.watch")
