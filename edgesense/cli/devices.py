"""The devices that can measure, what each can answer here and how it would know; setting one up."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense.cli import _calibrate, _devices
from edgesense.errors import InvalidInput
from edgesense.perf import measure, metrics, threads
from edgesense.perf.devices.emulated import Emulated
from edgesense.perf.devices.emulation import hot
from edgesense.perf.interfaces import SettableDevice
from edgesense.perf.records import Job, Known

if TYPE_CHECKING:
    from rich.table import Table

    from edgesense.perf.devices.emulation.fetch import Progress
    from edgesense.perf.interfaces import Device

HOST = "host"
HOST_SOURCE = "as many as are asked for, one by default"
KNOWN_HERE = frozenset({Known.EXACT, Known.STAND_IN})


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("devices", help="list the devices, or set one up", description=__doc__)
    actions = parser.add_subparsers(metavar="ACTION")
    setup = actions.add_parser(
        "setup",
        help="download and build what a board needs",
        description="Build the emulated boards' sysroot and counting plugin in the user's cache, or an environment on "
        "each of a device's real boards. Can be repeated; what is there already is kept. EDGESENSE_CACHE chooses "
        "another place for downloads and sysroots.",
    )
    setup.add_argument("name", metavar="NAME", help="a board, as `edgesense devices` names it")
    setup.set_defaults(run=set_up)
    shown = actions.add_parser(
        "show",
        help="tell what is known of a device, with the source of each value",
        description="Print a device's profile, each value with its source, and what its processes are told of threads.",
    )
    shown.add_argument("name", metavar="NAME", help="a device, as `edgesense devices` names it, or a profile")
    shown.set_defaults(run=show)
    places = actions.add_parser(
        "profile",
        help="tell where a pipeline's instructions go on an emulated board, by stage and function",
        description="Count one inference on an emulated board and print its hottest functions, stage by stage.",
    )
    places.add_argument("name", metavar="NAME", help="a board, as `edgesense devices` names it")
    places.add_argument("pipeline", metavar="PIPELINE", help="a pipeline directory or a .tflite file")
    places.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed there")
    places.add_argument("--top", type=int, default=12, metavar="N", help="functions a stage (default 12)")
    places.set_defaults(run=profile)
    _calibrate.add(actions)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every verb has this form
    """Print every device with what it can answer here."""
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    listed = _devices.every()
    console.print(table(listed))
    others = {device.name: sorted(device.names - {device.name}) for device in listed}
    console.print("also called:", "; ".join(f"{name}: {', '.join(more)}" for name, more in others.items() if more))
    lacking = [(device, command) for device in listed if (command := device.available())]
    if lacking:
        console.print("* not set up here:")
        for device, command in lacking:
            # What a command installs may have extras in brackets, which are no markup.
            console.print(f"{device.name}: {_needing(device)} needs: [bold]{escape(command)}[/bold]")
    return 0


def table(listed: tuple[Device, ...]) -> Table:
    """Return one row a limit and one column a device: how it would know, or what is in the way."""
    from rich.table import Table

    # Folded rather than cut: a number of columns must not hide how something is known. Close, so that they fit.
    shown = Table(title="What each device can answer here", padding=0)
    shown.add_column("limit", no_wrap=True)
    for device in listed:
        shown.add_column(device.name, overflow="fold")
    absent = {device.name for device in listed if device.available()}
    for name in metrics.every():
        shown.add_row(name, *(cell(device, name, ready=device.name not in absent) for device in listed))
    return shown


def cell(device: Device, limit: str, *, ready: bool) -> str:
    """Return how a device would know a limit, with a star where it is not set up, or ``-`` where it never can."""
    known = device.answers().get(limit)
    if known is None:
        return "-"
    if not ready and limit in _unready(device):
        return f"{known.value}*"
    return known.value


def _unready(device: Device) -> frozenset[str]:
    """Return the limits that a device needs its command for: what it says itself, else what is not known from here."""
    said: frozenset[str] | None = getattr(device, "unready", None)
    if said is not None:
        return said
    return frozenset(name for name, known in device.answers().items() if known not in KNOWN_HERE)


def _needing(device: Device) -> str:
    """Return those limits in words: by how they are known where that tells them from the others, else by name."""
    answers, unready = device.answers(), _unready(device)
    kinds = [known for known in Known if known in {answers[name] for name in unready}]
    if unready == {name for name, known in answers.items() if known in kinds}:
        return f"what is {' or '.join(known.value for known in kinds)}"
    return ", ".join(sorted(unready))


def show(arguments: argparse.Namespace) -> int:
    """Print what is known of a device or of a profile without one, value by value, each with its source."""
    from rich.console import Console

    profile = _devices.profile(arguments.name)
    if profile is not None:
        rows = [*known(profile.entry)]
    elif arguments.name == HOST:
        told = threads.uniform(1)
        values = ("runtime_threads", str(told.runtime_threads)), *told.variables
        rows = [(name, value, HOST_SOURCE) for name, value in values]
    else:
        msg = f"{arguments.name} has no profile: a project brought it along"
        raise InvalidInput(msg)
    Console().print(_profile_table(arguments.name, rows), highlight=False)
    return 0


def known(profile: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (name, value, source) of all that a profile says, a table within it under its own name."""
    for name, cell in profile.items():
        if not isinstance(cell, dict):
            yield f"{within}{name}", _plain(cell), ""
        elif cell.keys() == {"value", "source"}:
            yield f"{within}{name}", _plain(cell["value"]), cell["source"]
        else:
            yield from known(cell, f"{name}: ")


def _plain(value: Any) -> str:
    return (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )


def _profile_table(name: str, rows: Iterable[tuple[str, str, str]]) -> Table:
    from rich.table import Table

    shown = Table("", "value", "source", title=f"What is known of {name}")
    shown.columns[0].no_wrap = True
    for row in rows:
        shown.add_row(*row)
    return shown


def set_up(arguments: argparse.Namespace) -> int:
    """Set a board up, with a progress bar."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    device = _devices.find(arguments.name)
    if not isinstance(device, SettableDevice):
        msg = f"{device.name} needs no setting up"
        raise InvalidInput(msg)
    console = Console()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        found = device.set_up(_advance(bar))
    console.print(f"{device.name} is ready: {found.summary}")
    for change in found.changes():
        console.print(change)
    return 0


def profile(arguments: argparse.Namespace) -> int:
    """Print where a pipeline's instructions go on an emulated board."""
    from rich.console import Console
    from rich.table import Table

    device = _emulated(arguments.name, "is not emulated; see the profiles of a broken budget")
    job = Job(workload=arguments.pipeline, root=Path.cwd(), metrics=(), runtime=arguments.runtime)
    with measure.alone(device.name), tempfile.TemporaryDirectory(prefix="edgesense-") as scratch:
        found = device.hot(job, Path(scratch))
    for stage in dict.fromkeys(place.stage for place in found):
        places = [place for place in found if place.stage == stage]
        total = sum(place.instructions for place in places)
        shown = Table(title=f"{stage}: {total / 1e6:.2f} M instructions on {device.name}")
        shown.add_column("M", justify="right")
        shown.add_column("share", justify="right")
        shown.add_column("function", overflow="fold")
        shown.add_column("file", overflow="fold")
        for place in places[: arguments.top]:
            share = f"{place.instructions / total:.1%}"
            shown.add_row(f"{place.instructions / 1e6:.2f}", share, hot.readable(place.function), place.file)
        Console().print(shown)
    return 0


def _emulated(name: str, otherwise: str) -> Emulated:
    device = _devices.find(name)
    if not isinstance(device, Emulated):
        msg = f"{device.name} {otherwise}"
        raise InvalidInput(msg)
    return device


def _advance(bar: Any) -> Progress:
    task = bar.add_task("starting", total=None)

    def told(what: str, done: int, total: int) -> None:
        bar.update(task, description=what, completed=done, total=total)
        if not bar.console.is_terminal and done == 0:
            bar.console.print(what)

    return told
