"""How long the calls of a pipeline take on this computer and what memory they need; for a board, what can be told."""

from __future__ import annotations

import argparse
import statistics as plain
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgesense import delegation
from edgesense.cli import _devices, _output
from edgesense.cli._arguments import count
from edgesense.errors import MeasurementError, SettingsError
from edgesense.perf import energy, measure, metrics, processes, schema, statistics, units
from edgesense.perf.metrics import latency, memory
from edgesense.perf.records import Job, Json, Known, Measurement, Reading, Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from edgesense.perf.interfaces import Device

HOST = "host"
HERE = "this computer; says nothing about pi"
BOUNDS = {"p90": 0.9, "p99": 0.99}
SHARES = {"python_numpy": "Python and NumPy", "runtime": "runtime", "pipeline": "pipeline: code, model, buffers"}


def add_parser(verbs: Any) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser("bench", help="time a pipeline and see its memory", description=__doc__)
    named = parser.add_mutually_exclusive_group(required=True)
    named.add_argument(
        "pipeline",
        nargs="?",
        metavar="PIPELINE",
        help="a pipeline directory, a .tflite file (random input of its shape) or package.module:factory",
    )
    named.add_argument("--model", metavar="PIPELINE", help="the same, as an option")
    parser.add_argument("--iterations", type=count, default=1000, metavar="N", help="timed calls here (default 1000)")
    parser.add_argument("--runtime", choices=("litert", "tflite"), help="default: the first one installed")
    parser.add_argument("--threads", type=count, default=1, metavar="N", help="threads of the runtime (default 1)")
    parser.add_argument(
        "--delegate",
        type=_delegate,
        metavar="NAME[:KEY=VALUE,...]",
        help="xnnpack, none, nnapi, gpu or a library's path; with the option `required` nothing may fall back; "
        "default: what the runtime does by itself",
    )
    parser.add_argument("--device", default=HOST, help="default: host, this computer")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too; - for standard output")
    parser.set_defaults(run=run)


def _delegate(text: str) -> str:
    try:
        return str(delegation.parse(text))
    except SettingsError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table and write JSON where it is asked for."""
    from rich.console import Console

    _output.check(arguments.json)
    device = _devices.find(arguments.device)
    here = Path.cwd()
    job = Job(
        workload=arguments.pipeline or arguments.model,
        root=here,
        metrics=_asked(device),
        runtime=arguments.runtime,
        threads=arguments.threads,
        delegate=arguments.delegate,
        sys_path=(str(here),),
        # A call of more than a second on the average is a hang.
        timeout_seconds=600.0 + arguments.iterations,
    )
    progress = Console(stderr=True)
    if device.name == HOST:
        body, tables = _here(job, arguments.iterations, progress)
    else:
        body, tables = _there(job, device, progress)
    shown = Console(stderr=arguments.json == _output.STANDARD_OUTPUT)
    for part in tables:
        shown.print(part, highlight=False, markup=False)
    _output.write(body, arguments.json)
    return 0


def _asked(device: Device) -> tuple[str, ...]:
    """Return what a device can say about time, work, energy and memory."""
    asked = [name for name in device.answers() if metrics.find(name).unit.base in {"s", "instructions", "J"}]
    return tuple(sorted([*asked, *(name for name in ("rss_mb",) if name in device.answers())]))


def _here(job: Job, iterations: int, progress: Console) -> tuple[dict[str, Json], list[Table | str]]:
    """Time calls in one process of this computer, and read the memory of three others."""
    command = processes.native(job.threads)
    count = metrics.find("rss_mb").processes

    def ask(probe: str, options: Mapping[str, Json]) -> Report:
        return processes.ask(command, processes.request(job, probe, options), timeout_seconds=job.timeout_seconds)

    with progress.status("waiting for other measurements here to end") as status, measure.alone(HOST):
        status.update(f"{job.workload}: timing {iterations} calls")
        timed = ask(latency.PROBE, {"calls": iterations})
        resting = []
        for number in range(1, count + 1):
            status.update(f"{job.workload}: memory of process {number} of {count}")
            resting.append(ask(memory.PROBE, {}))
    rss = metrics.find("rss_mb").reduce(resting, Known.MEASURED)
    times = {_stage(name): summary(series.values) for name, series in timed.series.items()}
    body = {
        "schema": 1,
        "pipeline": job.workload,
        "device": HOST,
        "known": Known.MEASURED.value,
        "about": HERE,
        "subject": dict(timed.subject),
        "fingerprint": dict(timed.fingerprint),
        "environment": dict(timed.environment),
        "seconds": times,
        "rss_bytes": {"value": rss.value, "low": rss.low, "high": rss.high, "n": rss.n, "shares": dict(rss.parts)},
    }
    return body, [_title(job, timed.subject), _times(times), _memory(rss), HERE]


def _stage(series: str) -> str:
    return "end to end" if series == "calls" else series.removeprefix("calls.")


def summary(seconds: Sequence[float]) -> dict[str, float | int | None]:
    """Return what is told of timed calls, in seconds; a bound that needs more calls is None.

    The standard deviation is the sample's (n - 1). The bounds hold at 99 % confidence (LoadGen's rule).
    """
    return {
        "n": len(seconds),
        "mean": plain.fmean(seconds),
        "median": statistics.median(seconds),
        "std": plain.stdev(seconds) if len(seconds) > 1 else None,
        "min": min(seconds),
        "max": max(seconds),
        **{f"{name}_bound": statistics.percentile_bound(seconds, share) for name, share in BOUNDS.items()},
    }


def _title(job: Job, subject: Mapping[str, Json]) -> str:
    said = [f"{key} {subject[key]}" for key in ("runtime", "dtype") if key in subject]
    random = ["random input of its shape"] if job.workload.endswith(".tflite") else []
    threads = units.plural(job.threads, "thread")
    return ", ".join([job.workload, *said, threads, *delegation.told(subject), *random])


def _times(times: Mapping[str, Mapping[str, float | int | None]]) -> Table:
    from rich.table import Table

    table = Table("ms a call", *times)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in ("mean", "median", "std", "min", "max"):
        table.add_row(row, *(_milliseconds(stage[row]) for stage in times.values()))
    for name, share in BOUNDS.items():
        needed = f"needs {statistics.fewest_calls(share)} calls"
        bounds = [stage[f"{name}_bound"] for stage in times.values()]
        table.add_row(f"{name}, upper bound", *(needed if one is None else _milliseconds(one) for one in bounds))
    table.add_row("calls", *(str(stage["n"]) for stage in times.values()))
    return table


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else units.number(seconds, units.MILLISECOND)


def _memory(rss: Reading) -> Table:
    from rich.table import Table

    table = Table("peak memory (RSS)", f"median of {rss.n} processes")
    table.columns[1].justify = "right"
    for name, value in rss.parts.items():
        table.add_row(f"  {SHARES.get(name, name)}", units.text(value, units.MEBIBYTE))
    table.add_row("all", units.text(rss.value, units.MEBIBYTE))
    return table


def _there(job: Job, device: Device, progress: Console) -> tuple[dict[str, Json], list[Table | str]]:
    """Ask a device for what it can tell, each number with how it is known."""
    with (
        progress.status(f"{job.workload}: measuring for {device.name}"),
    ):
        measurement = measure.measure(device, job)
    if not measurement.readings:
        reasons = dict.fromkeys(f"{one.reason}. {one.remedy}".strip(". ") for one in measurement.missing.values())
        msg = f"{device.name} could tell nothing of {job.workload}: {'; '.join(reasons)}"
        raise MeasurementError(msg)
    body = {
        "schema": 1,
        "pipeline": job.workload,
        "device": device.name,
        "subject": dict(measurement.subject),
        "fingerprint": dict(measurement.fingerprint),
        "environment": dict(measurement.environment),
        "readings": {name: schema.dump_reading(name, one) for name, one in measurement.readings.items()},
        "missing": {name: f"{one.reason} {one.remedy}".strip() for name, one in measurement.missing.items()},
        "notes": list(measurement.notes),
    }
    kinds = ", ".join(sorted({one.known.value for one in measurement.readings.values()}))
    about = f"{device.name}: {kinds}, as said in the table; no clock of this computer stands in for it"
    told = [f"{name}: {one.note}" for name, one in measurement.readings.items() if name in energy.LIMITS]
    return body, [_title(job, measurement.subject), _readings(measurement), *told, *measurement.notes, about]


def _readings(measurement: Measurement) -> Table:
    from rich.table import Table

    table = Table(measurement.device, "value", "interval", "how it is known")
    for name, reading in measurement.readings.items():
        unit = metrics.find(name).unit
        spread = units.interval(reading.low, reading.high, unit) if reading.low != reading.high else ""
        table.add_row(name, units.text(reading.value, unit), spread, reading.known.value)
        for part, value in reading.parts.items():
            table.add_row(f"  {SHARES.get(part, part)}", units.text(value, unit), "", "")
    for name, one in measurement.missing.items():
        table.add_row(name, "-", "", f"{one.reason} {one.remedy}".strip())
    return table
