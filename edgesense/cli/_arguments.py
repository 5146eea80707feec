"""What several commands read from their arguments."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from edgesense.errors import PipelineError

if TYPE_CHECKING:
    from pathlib import Path

    from edgesense.pipeline import Pipeline


def count(text: str) -> int:
    """A whole number of 1 or more, as argparse reads it.

    Raises:
        argparse.ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is no whole number of 1 or more"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def names(text: str | None) -> list[str]:
    """The words between commas, without the empty ones."""
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def open_pipeline(path: Path, runtime: str | None) -> Pipeline:
    """A pipeline directory, opened.

    Raises:
        PipelineError: It is a bare model, which has no classes; or as `edgesense.pipeline.open`.
    """
    from edgesense import pipeline

    found = pipeline.open(path, runtime=runtime)
    if not isinstance(found, pipeline.Pipeline):
        raise PipelineError(f"{path} is a bare model without classes; give a directory with a pipeline.json")
    return found
