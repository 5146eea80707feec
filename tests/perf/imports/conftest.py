from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

DATA = Path(__file__).parents[2] / "data" / "benchmark"


@pytest.fixture(scope="session")
def text() -> Callable[[str], str]:
    """Return a function that reads a result by its file's name."""
    return lambda name: (DATA / name).read_text(encoding="utf-8")
