"""Rows of techniques as pipelines: what ships by default, opened with a technique; a factory for each, by its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from edgesense import techniques

DIRECTORY = Path(__file__).parents[2] / "models" / "dscnn-int8"


def __getattr__(name: str) -> Callable[[], techniques.Way]:
    if name not in techniques.names():
        raise AttributeError(f"there is no technique {name!r}")
    return partial(techniques.get(name).applied, DIRECTORY)
