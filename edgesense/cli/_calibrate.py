"""`edgesense devices calibrate`: time pipelines on a real board, to narrow what is predicted for its kind."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgesense.cli import _devices
from edgesense.errors import InvalidInput
from edgesense.perf import devices, project
from edgesense.perf.devices.emulated import Emulated
from edgesense.perf.devices.emulation import calibrations
from edgesense.perf.devices.emulation.prediction import Pace
from edgesense.perf.interfaces import PairingDevice
from edgesense.perf.records import Job


def add(actions: Any) -> None:
    """Add the action to the verb."""
    parser = actions.add_parser(
        "calibrate",
        help="narrow a prediction by the times of a real board",
        description="Time pipelines on a real board, count them on the emulated board of the same profile, and write "
        "calibrations/PROFILE.json in the project: from then on the emulated board predicts from these times. "
        "Three pipelines or more of a kind (float32, int8) say how much models differ. Commit the file.",
    )
    parser.add_argument("name", metavar="NAME", help="a real board of the project")
    parser.add_argument("pipelines", metavar="PIPELINE", nargs="+", help="a pipeline directory or a .tflite file")
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Calibrate and print what got narrower."""
    from rich.console import Console
    from rich.table import Table

    board = _devices.find(arguments.name)
    said = devices.profile(board)
    counters = [one for one in devices.every() if isinstance(one, Emulated) and said and one.profile.name == said.name]
    if isinstance(board, Emulated) or not isinstance(board, PairingDevice):
        raise InvalidInput(
            f"{board.name} has no clock of its own: name a real board, as under [tool.edgesense.devices]"
        )
    if said is None or not counters:
        kinds = ", ".join(one.profile.name for one in devices.every() if isinstance(one, Emulated))
        raise InvalidInput(f"{board.name} has no profile of an emulated board: give it profile = one of {kinds}")
    (counter,), console = counters, Console()
    root = project.above(Path.cwd()).root
    jobs = [Job(name, Path.cwd(), (), runtime=arguments.runtime) for name in arguments.pipelines]
    with console.status(f"timing on {board.name}, counting on {counter.name}"):
        found = calibrations.calibrate(board, said.name, counter, jobs)
    path = calibrations.place(root, said.name)
    calibrations.save(found, path)
    shown = Table(
        title=f"{said.title}: nanoseconds an instruction", caption=f"{len(found.points)} times of {board.name}"
    )
    for column in ("kind", "before", "now"):
        shown.add_column(column)
    for kind, before, after in calibrations.narrowed(found, counter.profile):
        shown.add_row(
            kind, _text(before), _text(after) if after.ratio < before.ratio else f"{_text(after)}, not narrower"
        )
    console.print(shown)
    console.print(f"wrote {path}; commit it, and {counter.name} predicts from it in this project")
    return 0


def _text(pace: Pace) -> str:
    low, typical, high = (1e9 * one for one in (pace.low, pace.typical, pace.high))
    return f"{typical:.2f} ({low:.2f}–{high:.2f}), high/low {pace.ratio:.1f}; {pace.basis}"
