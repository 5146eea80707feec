"""What to do next about a pipeline on a device: where its work goes, what was tried and gained, and the checklist.

Reads the files, measures the pipeline, really tries what is cheap, and names the rest with its command. Interrupted, it
prints what was found so far.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgesense.cli import _advise, _devices, _output
from edgesense.cli._arguments import count, names
from edgesense.errors import SettingsError

INTERRUPTED = 130


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("advise", help="what to do next about a pipeline", description=__doc__)
    parser.add_argument("pipeline", metavar="PIPELINE", help="a pipeline directory or a .tflite file")
    parser.add_argument("--device", default="host", help="default: host, this computer; pi: an emulated Pi 4")
    parser.add_argument("--quick", action="store_true", help="only read the files; nothing is run or tried")
    parser.add_argument("--only", metavar="NAME,...", help="these pieces of advice")
    parser.add_argument("--recordings", type=Path, metavar="DIR", help="a folder with a MANIFEST.csv to judge on")
    parser.add_argument("--clips", type=count, default=300, metavar="N", help="judge on so many clips (default 300)")
    parser.add_argument("--results", type=Path, metavar="FILE", help="default: docs/results.json around here")
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.add_argument("--json", metavar="FILE", help="write everything there too; - for standard output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Look, try, print, and write JSON where it is asked for."""
    from rich.console import Console

    from edgesense import advice
    from edgesense.advice import running, subject
    from edgesense.advice.table import Results
    from edgesense.datasets import manifest
    from edgesense.perf.records import Job

    _output.check(arguments.json)
    only = names(arguments.only)
    if arguments.only is not None and not only:
        msg = f"--only {arguments.only!r} names no advice: known are {', '.join(advice.names())}"
        raise SettingsError(msg)
    pieces = advice.chosen(only)
    if arguments.recordings is not None and not (arguments.recordings / manifest.FILE_NAME).is_file():
        msg = f"--recordings {arguments.recordings}: a folder with a {manifest.FILE_NAME} is wanted, none is there"
        raise SettingsError(msg)
    device = _devices.find(arguments.device)
    found = subject.read(Path(arguments.pipeline))
    results = Results.read(arguments.results, Path.cwd())
    job = Job(arguments.pipeline, Path.cwd(), (), runtime=arguments.runtime)
    with _advise.Progress(Console(stderr=True), shown=not arguments.quick) as progress:
        report = running.run(
            found,
            device,
            job,
            pieces,
            progress,
            quick=arguments.quick,
            recordings=arguments.recordings,
            validation=arguments.clips,
            results=results,
        )
    _advise.show(report, Console(stderr=arguments.json == _output.STANDARD_OUTPUT, highlight=False))
    _output.write(_advise.body(report), arguments.json)
    return INTERRUPTED if report.interrupted else 0
