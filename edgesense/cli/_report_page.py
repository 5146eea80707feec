"""A run that was written as JSON, as a page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgesense.cli import _runs
from edgesense.errors import InvalidInput
from edgesense.report import page

OUTPUT = Path("edge-report")


def add(actions: Any) -> None:
    """Add the action to the verb."""
    parser = actions.add_parser(
        "page",
        help="make the page of a run",
        description="Write the page that pytest --edge-report=DIR writes: DIR/index.html, with its data in "
        "DIR/run.json. The files that explain broken budgets are read from the project, where they are still there.",
    )
    parser.add_argument("run_file", type=Path, metavar="RUN.json", help="what pytest --edge-export=json:FILE wrote")
    parser.add_argument("--output", type=Path, default=OUTPUT, metavar="DIR", help=f"default {OUTPUT}")
    parser.add_argument("--root", type=Path, default=Path(), metavar="DIR", help="the project; default: here")
    parser.set_defaults(run=run_page)


def run_page(arguments: argparse.Namespace) -> int:
    """Write the page and say where it is.

    Raises:
        InvalidInput: If the run cannot be read or the page not be written.
    """
    page.need()
    run = _runs.read(arguments.run_file)
    try:
        written = page.write(run, arguments.output, arguments.root.absolute())
    except OSError as error:
        msg = f"--output {arguments.output}: {error.strerror or error}"
        raise InvalidInput(msg) from error
    print(written)
    return 0
