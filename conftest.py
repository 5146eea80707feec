"""Of the whole suite: pytest's own fixture for running pytest in tests, and examples that are not timed."""

import sys
from collections.abc import Iterator

import hypothesis
import pytest

pytest_plugins = ["pytester"]

# No timed assertion in tests: on a busy computer an example's time says nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def _without_tensorflow() -> Iterator[None]:
    """Fail the test that imports TensorFlow here: models are computed wrongly, or not at all, by the tests after it."""
    yield
    if sys.modules.get("tensorflow") is not None:
        pytest.fail("import TensorFlow in a process of its own (with_tensorflow)")
