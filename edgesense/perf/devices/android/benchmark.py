"""TFLite's benchmark_model on a phone: put there, run again and again, its text read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgesense import delegation
from edgesense.errors import DelegateError, DeviceUnavailable, InvalidInput, NotMeasured, WorkerFailed
from edgesense.perf import metrics, processes
from edgesense.perf.devices.android import flags as command_line
from edgesense.perf.devices.android.flags import Flags
from edgesense.perf.devices.android.link import Said
from edgesense.perf.devices.android.phone import RUNNING, Phone
from edgesense.perf.devices.android.settings import Settings
from edgesense.perf.imports import benchmark_text, delegates, operators, summary
from edgesense.perf.imports.records import Operator, Run, Taken
from edgesense.perf.records import Job

NAME = "benchmark_model"
SECONDS = 1.0
"""Of timed calls a run; what the tool itself does by default."""
CALLED = '[ -f "$1" ] || exit 2; [ -x "$1" ] || exit 3; sha256sum "$1" 2> /dev/null | cut -c 1-12'
NO_FILE, NO_PROGRAM = 2, 3
CANNOT_RUN, NOT_FOUND, SIGNALS = 126, 127, 128
"""What a shell ends with where it could not start a program, found none, or from where on a signal ended it (POSIX)."""


@dataclass(frozen=True)
class Tool:
    """benchmark_model and a model, on a phone.

    Attributes:
        phone: Where.
        words: What runs it, with the cores it may use.
        identity: Which release or build it is.
        flags: What it takes.
        graph: The model there.
        job: What is measured.
        request: The delegate that is asked for.
        asked: Its flags.
    """

    phone: Phone
    words: tuple[str, ...]
    identity: str
    flags: Flags
    graph: str
    job: Job
    request: delegation.Request | None
    asked: tuple[str, ...]

    def run(self, *more: str) -> tuple[Run, bool]:
        """Time the model in a process of its own; return what was said and whether the phone held itself back.

        Raises:
            WorkerFailed: If it crashed, hung, or said what cannot be understood.
            DelegateError: If it could not apply the delegate, or the delegate is required and took nothing.
        """
        job = self.job
        timed = command_line.timing(
            self.flags, self.graph, job.threads, seconds=SECONDS, timeout_seconds=job.timeout_seconds
        )
        ran = self.phone.start((*self.words, *timed, *self.asked, *more))
        if ran.said.status != 0:
            raise self._failed(ran.said)
        try:
            runs = benchmark_text.read(ran.said.out)
        except InvalidInput as error:
            raise WorkerFailed(f"{NAME} on {self.phone.name}: {error}") from error
        if len(runs) != 1:
            what = f"{NAME} on {self.phone.name} printed no result that can be read (is it {NAME}?)"
            raise WorkerFailed(what + processes.shown(ran.said.last))
        self._refuse(runs[0])
        return runs[0], ran.throttled

    def operators(self, directory: Path) -> tuple[Operator, ...]:
        """Return what each node of the graph costs, from a run of its own that nothing else is read from."""
        known, file = self.flags.known, f"{RUNNING}/profile.csv"
        csv: tuple[str, ...] = ()
        if known.issuperset(command_line.PROFILE):
            csv = self.flags.given(op_profiling_output_mode="csv", op_profiling_output_file=file)
        elif command_line.PROFILE_CSV in known:
            csv = self.flags.given(profiling_output_csv_file=file)
        run, _ = self.run(*self.flags.given(enable_op_profiling=True, use_profiler=True), *csv)
        if not csv:
            return run.operators
        return operators.read(self.phone.get(file, directory / "profile.csv").read_text(encoding="utf-8").splitlines())

    def taken(self, run: Run) -> Taken | None:
        """Return what the delegate that was asked for took; None where none was, or the tool says nothing of it."""
        if self.request is None or self.request.name == delegation.NONE:
            return None
        name = self.request.name if self.request.name in command_line.SWITCHES else "external"
        return next((one for one in run.taken if one.name == name), None)

    def _refuse(self, run: Run) -> None:
        taken = self.taken(run)
        if self.request is None or not self.request.required:
            return
        if taken is None:
            raise DelegateError(f"{self.request.title} is required, and {NAME} does not say whether it took anything")
        if taken.nothing:
            raise DelegateError(f"{self.request.title} is required on {self.phone.name}, but {taken}")

    def _failed(self, said: Said) -> Exception:
        last = processes.shown(said.last)
        if said.status in {CANNOT_RUN, NOT_FOUND}:
            abi = self.phone.properties("ro.product.cpu.abi")["ro.product.cpu.abi"]
            return DeviceUnavailable(f"{self.words[-1]} cannot be run on {self.phone.name}, which is {abi}{last}")
        lost = [one for one in delegates.read(benchmark_text.lines_of(said.out)) if one.nothing]
        if self.request is not None and lost:
            return DelegateError(f"{NAME} gave up on {self.phone.name}: {lost[0].name}: {lost[0].reason}{last}")
        status = SIGNALS - said.status if said.status > SIGNALS else said.status
        return WorkerFailed(f"{NAME} on {self.phone.name} {processes.ended(status)}{last}")


def prepare(phone: Phone, settings: Settings, job: Job, graph: Path, root: Path) -> Tool:
    """Put the tool and a model on a phone and ask the tool what it takes.

    Raises:
        DeviceUnavailable: If the tool is neither here nor there, or no program.
        SettingsError: If it knows no such delegate.
        MeasurementError: If something could not be pushed.
    """
    local = root / settings.tool
    here = local.is_file()
    program = phone.put(local, NAME, executable=True) if here else settings.tool
    identity = _identity(phone, program, settings)
    asked = delegation.parse(text) if (text := job.delegate or settings.delegate) else None
    words = (*(("taskset", settings.affinity) if settings.affinity else ()), program)
    usage = phone.start((*words, "--help"))
    if usage.said.status in {CANNOT_RUN, NOT_FOUND}:
        abi = phone.properties("ro.product.cpu.abi")["ro.product.cpu.abi"]
        msg = f"{settings.tool} cannot be run on {phone.name}, which is {abi}{processes.shown(usage.said.last)}"
        raise DeviceUnavailable(msg)
    known = command_line.read(usage.said.out)
    return Tool(
        phone,
        words,
        f"{NAME} {identity}",
        known,
        phone.put(graph, "model.tflite"),
        job,
        asked,
        command_line.delegate(known, asked, _library(phone, asked, root)),
    )


def _identity(phone: Phone, program: str, settings: Settings) -> str:
    if not program.startswith("/"):
        msg = f"benchmark_model = {program!r}: there is no such file here, and on the phone only a path from / is meant"
        raise DeviceUnavailable(msg)
    said = phone.link.run(CALLED, program)
    if said.status == NO_FILE:
        msg = f"benchmark_model = {settings.tool!r} is neither here nor on {phone.name}"
        raise DeviceUnavailable(f"{msg}; build it, or: adb push benchmark_model {shlex.quote(program)}")
    if said.status == NO_PROGRAM:
        command = f"adb shell chmod +x {shlex.quote(program)}"
        raise DeviceUnavailable(f"{program} on {phone.name} may not be executed; next: {command}")
    return said.out.strip() or program


def _library(phone: Phone, asked: delegation.Request | None, root: Path) -> str:
    if asked is None or asked.name in command_line.SWITCHES:
        return ""
    local = root / asked.name
    return phone.put(local, local.name) if local.is_file() else asked.name


def sample(tool: Tool, wanted: int, bound: float | None) -> list[Run]:
    """Return the runs that time a model: as many as are wanted, up to twice as many while a limit is in doubt.

    A run during which the phone held itself back says nothing of the model and is discarded.

    Raises:
        NotMeasured: If more than a third would be.
    """
    runs: list[Run] = []
    hot = 0
    while len(runs) < wanted or (len(runs) < 2 * wanted and _in_doubt(runs, bound)):
        run, throttled = tool.run()
        if not throttled:
            runs.append(run)
            continue
        hot += 1
        if 2 * hot > wanted:
            raise NotMeasured(f"throttled: {tool.phone.name} was hot in {hot} of {hot + len(runs)} runs")
    return runs


def _in_doubt(runs: Sequence[Run], bound: float | None) -> bool:
    if bound is None:
        return False
    reading = summary.inference(runs)
    return (reading.low if reading.floor is None else reading.floor) <= bound < reading.high


def watch(tool: Tool) -> list[Run]:
    """Return the runs that watch the tool's memory; watching takes time, so nothing else is read from them.

    Raises:
        NotMeasured: If the release cannot.
    """
    watching = tool.flags.given(**{command_line.MEMORY: True})
    if not watching:
        raise NotMeasured(f"this {NAME} has no --{command_line.MEMORY}; a newer one has")
    return [tool.run(*watching)[0] for _ in range(metrics.find(summary.MEMORY).processes)]
