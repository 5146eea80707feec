"""Times of a real board beside the instructions counted here: they narrow what is predicted for boards of its kind.

A calibration is a file that a project commits, ``calibrations/PROFILE.json``; schema 1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgesense.errors import DeviceUnavailable, InvalidInput, NotMeasured, SettingsError
from edgesense.perf import measure, units
from edgesense.perf.devices.emulation import prediction
from edgesense.perf.devices.emulation.prediction import FEATURES, NUMPY, Pace
from edgesense.perf.devices.emulation.profiles import Profile
from edgesense.perf.files import write_atomically
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Measurement

SCHEMA = 1
FOLDER = "calibrations"
COUNTED = "instructions_m"
WHOLE = "latency_ms"
STAGES = {"features_ms": FEATURES, "inference_ms": "inference"}


@dataclass(frozen=True)
class Point:
    """One stage of one pipeline, timed on the board and counted here.

    Attributes:
        pipeline: Its name.
        stage: "" for all of one that has no stages.
        kind: ``numpy``, or the model's type.
        seconds: On the board.
        instructions: Counted.
    """

    pipeline: str
    stage: str
    kind: str
    seconds: float
    instructions: float


@dataclass(frozen=True)
class Calibration:
    """What a board of one kind took.

    Attributes:
        profile: Of the board.
        board: The device that was measured.
        runtime: Of the models, there and here.
        sysroot: What was counted; another one counts otherwise.
        points: Two or more say how much models differ, one says where the middle is.
    """

    profile: str
    board: str
    runtime: str
    sysroot: str
    points: tuple[Point, ...]

    def pace(self, kind: str) -> Pace | None:
        """Return the interval in which nine of ten models of a kind are expected; None where none was timed."""
        logs = [math.log(one.seconds / one.instructions) for one in self.points if one.kind == kind]
        if not logs:
            return None
        middle, reach = prediction.expected(logs)
        basis = f"{units.plural(len(logs), 'time')} of {self.board}"
        return Pace(math.exp(middle - reach), math.exp(middle), math.exp(middle + reach), basis)


def calibrate(board: Device, profile: str, counter: Device, jobs: Iterable[Job]) -> Calibration:
    """Time pipelines on a board and count them here.

    Args:
        board: Has a clock of its own.
        profile: Name of its profile.
        counter: The emulated board of the same profile.
        jobs: The pipelines; what is measured of them is chosen here.

    Raises:
        InvalidInput: If there is no pipeline, or the runtime there is another one than here.
        DeviceUnavailable: If the board or its emulation is not here.
        NotMeasured: If a pipeline could not be timed or counted.
    """
    points: list[Point] = []
    runtimes, sysroots = set(), set()
    for job in jobs:
        timed = measure.measure(board, _asking(job, (WHOLE, *STAGES)))
        counted = measure.measure(counter, _asking(job, (COUNTED,)))
        if COUNTED not in counted.readings:
            missing = counted.missing[COUNTED]
            why = f"{missing.reason} {missing.remedy}".strip()
            raise DeviceUnavailable(f"{counter.name} cannot count {job.workload}: {why}")
        there = timed.fingerprint.get("runtime", "none")
        here = counted.fingerprint.get("board_runtime", counted.fingerprint.get("runtime", "none"))
        if there != here:
            raise InvalidInput(
                f"{job.workload} runs in {there} on {board.name}, in {here} on {counter.name}: not alike"
            )
        runtimes.add(there)
        sysroots.add(counted.fingerprint.get("sysroot", "none"))
        points += _points(job, timed, counted)
    if not points:
        raise InvalidInput("name the pipelines to calibrate with; three or more of a kind say how much they differ")
    return Calibration(profile, board.name, ", ".join(sorted(runtimes)), ", ".join(sorted(sysroots)), tuple(points))


def _asking(job: Job, wanted: tuple[str, ...]) -> Job:
    return replace(job, metrics=tuple(sorted(wanted)), bounds=())


def _points(job: Job, timed: Measurement, counted: Measurement) -> list[Point]:
    dtype = str(timed.subject.get("dtype", ""))
    parts = counted.readings[COUNTED].parts
    staged = {stage: timed.readings[name].value for name, stage in STAGES.items() if name in timed.readings}
    found = [
        Point(job.workload, stage, NUMPY if stage == FEATURES else dtype, seconds, parts[stage])
        for stage, seconds in staged.items()
        if parts.get(stage)
    ]
    if found:
        return found
    if WHOLE not in timed.readings:
        raise NotMeasured(f"{job.workload} could not be timed: {timed.missing[WHOLE].reason}")
    return [Point(job.workload, "", dtype, timed.readings[WHOLE].value, counted.readings[COUNTED].value)]


def place(root: Path, profile: str) -> Path:
    """Return where a project keeps the calibration of a profile."""
    return root / FOLDER / f"{profile}.json"


def save(calibration: Calibration, path: Path) -> None:
    """Write it atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"schema": SCHEMA, **asdict(calibration)}, indent=1) + "\n")


def load(root: Path, profile: str, sysroot: str) -> Calibration | None:
    """Return a project's calibration of a profile; None where it has none, or counted another sysroot.

    Raises:
        SettingsError: If the file cannot be read.
    """
    path = place(root, profile)
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    try:
        if said["schema"] != SCHEMA:
            raise SettingsError(f"{path} has schema {said['schema']!r}; this release reads {SCHEMA}")
        points = tuple(Point(**one) for one in said["points"])
        found = Calibration(said["profile"], said["board"], said["runtime"], said["sysroot"], points)
        usable = all(one.seconds > 0 and one.instructions > 0 for one in points)
    except (KeyError, TypeError) as error:
        raise SettingsError(f"{path} is no calibration: {error}") from error
    if not usable or found.profile != profile:
        raise SettingsError(f"{path} is no calibration of {profile}")
    return found if found.sysroot == sysroot else None


def narrowed(own: Calibration, profile: Profile) -> list[tuple[str, Pace, Pace]]:
    """Return each kind with what is predicted without a calibration, and what it says by itself."""
    kinds = dict.fromkeys(one.kind for one in own.points)
    paces = ((kind, prediction.pace(profile, kind), own.pace(kind)) for kind in kinds)
    return [(kind, before, after) for kind, before, after in paces if after is not None]
