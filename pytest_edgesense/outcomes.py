"""How a test fails for its budget: with a text of its own and no traceback, as `pytest.fail` does."""

from __future__ import annotations

import pytest

# As for pytest's own outcomes, the module would only take up the room of the number in pytest's short summary.
MODULE = "builtins"


class BudgetExceeded(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """A number is over its limit or worse than its baseline, or cannot be told and the run is strict."""

    __module__ = MODULE

    def __init__(self, text: str) -> None:
        super().__init__(text, pytrace=False)


class BudgetNotJudged(pytest.fail.Exception):  # type: ignore[misc, name-defined]
    """The pipeline could not be measured, or the baseline could not be read."""

    __module__ = MODULE

    def __init__(self, text: str) -> None:
        super().__init__(text, pytrace=False)
