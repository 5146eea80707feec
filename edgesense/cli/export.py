"""Write a pipeline as a project for where no Python runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

KIBIBYTE = 1024


def add_parser(subparsers: Any) -> None:
    """Add the verb to the command line."""
    from edgesense import export

    parser = subparsers.add_parser("export", help="write a pipeline for a device without Python", description=__doc__)
    formats = parser.add_subparsers(title="formats", metavar="FORMAT", required=True)
    for name in export.names():
        one = formats.add_parser(name, help=f"write a pipeline as {name} takes it")
        one.add_argument("pipeline", type=Path, metavar="PIPELINE", help="a pipeline directory")
        one.add_argument("--output", type=Path, required=True, metavar="DIR", help="a directory that is not there yet")
        one.set_defaults(run=run, format=name)


def run(arguments: argparse.Namespace) -> int:
    """Write it and say what there is and what to do next."""
    from rich.console import Console
    from rich.table import Table

    from edgesense import export

    chosen = export.find(arguments.format)
    files = chosen.write(arguments.pipeline, arguments.output)
    console = Console(highlight=False)
    shown = Table("file", title=f"{arguments.pipeline.name} as {chosen.TITLE}")
    shown.add_column("KiB", justify="right")
    for file in files:
        shown.add_row(str(file.relative_to(arguments.output)), f"{file.stat().st_size / KIBIBYTE:.1f}")
    console.print(shown)
    console.print(f"next: {chosen.NEXT.format(output=arguments.output)}", soft_wrap=True)
    return 0
