"""Try a change of a pipeline on its device, and see what it does to work, size and right answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edgesense import pipeline_file
from edgesense.advice.clips import Clips
from edgesense.advice.records import Accuracy, Gain
from edgesense.advice.subject import Subject
from edgesense.errors import MeasurementError, PipelineError
from edgesense.features.settings import FeatureSettings
from edgesense.perf import measure, metrics, statistics
from edgesense.perf.devices.host import Host
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Known, Measurement, Reading

COUNT = "instructions_m"
TIME = "latency_ms"
STAGES = {"features": "features_ms", "inference": "inference_ms"}
ROUNDS = 3
SECONDS = 1.0
TRIAL = "edgesense_trial"
"""The module of a part's factory; on a board every name is as long as on every other."""
PARTS = """from pathlib import Path

from edgesense.advice import parts


def make():
    return parts.{call}


HERE = Path(__file__).with_name("pipeline")
"""


@dataclass
class Trials:
    """Tries changes of one pipeline on one device.

    Attributes:
        subject: The pipeline.
        device: Where work is measured.
        job: How it is measured: workload, runtime, threads and delegate.
        measured: What the device said of it as it is.
        clips: What right answers are judged on.
        scratch: A folder for candidates.
    """

    subject: Subject
    device: Device
    job: Job
    measured: Measurement
    clips: Clips
    scratch: Path
    _judged: dict[Path, Reading] = field(default_factory=dict)
    _made: int = 0

    @property
    def work(self) -> str:
        """The limit that tells work on this device: counted instructions, a measured time, or "" for neither."""
        answers = self.device.answers()
        if answers.get(COUNT) is Known.COUNTED:
            return COUNT
        return TIME if answers.get(TIME) is Known.MEASURED else ""

    def candidate(self, source: Subject, *, model: Path | None = None, features: FeatureSettings | None = None) -> Path:
        """Write a pipeline that is `source` but for one change; it names the clips that it is judged on.

        Args:
            source: A pipeline directory.
            model: Another model.
            features: Another front end, of the same shape.

        Raises:
            PipelineError: A bare model has no record to change.
        """
        file = source.file
        if file is None:
            raise PipelineError(f"{source.path} is a bare model, which has no front end and no classes to go on with")
        self._made += 1
        directory = self.scratch / f"candidate-{self._made}"
        directory.mkdir()
        for name in dict.fromkeys((file.model, *file.artifacts)):
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(model if model is not None and name == file.model else file.directory / name, target)
        changed = replace(
            file,
            directory=directory,
            features=features or file.features,
            labelled=self.clips.validation,
            reference=None,
        )
        changed.write()
        return directory

    def size(self, directory: Path) -> Gain:
        """Bytes that ship, before and after."""
        # A candidate names other clips, which is no part of what the change brings.
        before = (self.subject.model.path if self.subject.file else self.subject.path).stat().st_size
        after = (directory / pipeline_file.read(directory).model).stat().st_size
        unit = metrics.find("size_kb").unit
        return Gain("model", "size_kb", unit, before, after, after, after, Known.EXACT, "")

    def gains(self, job: Job) -> tuple[Gain, ...]:
        """What another job does to work, end to end first and then what is predicted of it.

        Raises:
            MeasurementError: The device cannot tell.
        """
        if self.work == COUNT:
            return self._counted(job)
        if self.work == TIME:
            return (self._timed(job, TIME),)
        raise MeasurementError(f"{self.device.name} tells no work that two pipelines could be compared by")

    def of_pipeline(self, directory: Path) -> tuple[Gain, ...]:
        """What a candidate does to work."""
        return self.gains(replace(self.job, workload=directory.name, root=directory.parent.resolve()))

    def of_front_end(self, features: FeatureSettings) -> Gain:
        """What other feature settings do to the front end's work, the model apart.

        Raises:
            MeasurementError: The device cannot tell, or the pipeline has no front end.
        """
        return self._stage(self._part(f"front_end({_plain(features)!r})"), "features", "features of a clip")

    def of_hit(self) -> Gain:
        """What a clip that is in a cache costs, beside one whose features are computed."""
        assert self.subject.file is not None  # noqa: S101 - asked by the caller
        call = f"hit({_plain(self.subject.file.features)!r})"
        return self._stage(self._part(call), "features", "features of a clip")

    def of_stream(self, hop_seconds: float) -> tuple[Gain, ...]:
        """What a hop of a stream costs, beside a clip by itself."""
        how = f"runtime={self.job.runtime!r}, delegate={self.job.delegate!r}, hop_seconds={hop_seconds!r}"
        return self.gains(self._part(f"heard(HERE, {how})"))

    def accuracy(self, directory: Path) -> Accuracy | None:
        """Right answers of a candidate beside the pipeline's own, on validation clips; None without such clips."""
        if self.clips.validation is None:
            return None
        if self.subject.path not in self._judged:
            self._judged[self.subject.path] = self._right(self.candidate(self.subject))
        before, after = self._judged[self.subject.path], self._right(directory)
        if before.labelled is None or after.labelled is None:
            return None
        lost, gained = statistics.flips(before.labelled.correct, after.labelled.correct)
        return Accuracy(
            before=before.value,
            after=after.value,
            low=after.low,
            high=after.high,
            lost=len(lost),
            gained=len(gained),
            p=statistics.mcnemar(len(lost), len(gained)),
            clips=after.n,
            judged_on=self.clips.judged_on + ("" if self.device.name == "host" else ", run on this computer"),
        )

    def _right(self, directory: Path) -> Reading:
        job = replace(
            self.job,
            workload=directory.name,
            root=directory.parent.resolve(),
            metrics=("acc",),
            threads=1,
            delegate=None,
        )
        return _reading(measure.measure(Host(), job), "acc")

    def _part(self, call: str) -> Job:
        self._made += 1
        folder = (self.scratch / f"part-{self._made}").resolve()
        folder.mkdir()
        (folder / f"{TRIAL}.py").write_text(PARTS.format(call=call), encoding="utf-8")
        if self.subject.file is None:
            raise MeasurementError(f"{self.subject.path} is a bare model: what makes its input is not known")
        pipeline = folder / "pipeline"
        shutil.copytree(self.subject.file.directory, pipeline)
        return replace(
            self.job,
            workload=f"{TRIAL}:make",
            root=folder,
            sys_path=(str(folder),),
            ship=(TRIAL, "pipeline"),
            runtime=None,
            delegate=None,
        )

    def _counted(self, job: Job) -> tuple[Gain, ...]:
        now = self._measure(job, (COUNT, TIME))
        gains = [_gain("a call", COUNT, self._before(COUNT), _reading(now, COUNT), f"on {self.device.name}")]
        if TIME in now.readings and TIME in self.measured.readings:
            gains.append(
                _gain("a call", TIME, self.measured.readings[TIME], now.readings[TIME], f"on {self.device.name}")
            )
        return tuple(gains)

    def _stage(self, job: Job, stage: str, quantity: str) -> Gain:
        if self.work == TIME:
            return replace(self._timed(job, STAGES[stage]), quantity=quantity)
        if self.work != COUNT:
            raise MeasurementError(f"{self.device.name} counts no instructions and has no clock to time a stage with")
        before, now = self._before(COUNT), _reading(self._measure(job, (COUNT,)), COUNT)
        if stage not in before.parts:
            raise MeasurementError(f"the pipeline has no stage {stage!r}")
        unit, part = metrics.find(COUNT).unit, before.parts[stage]
        about = f"on {self.device.name}"
        return Gain(quantity, COUNT, unit, part, now.value, now.low, now.high, now.known, about, before.value)

    def _timed(self, job: Job, limit: str) -> Gain:
        """Two jobs in turns, each time in fresh processes, so that what the computer does meanwhile meets both."""
        own = replace(self.job, metrics=(limit,), seconds=SECONDS)
        other = replace(job, metrics=(limit,), seconds=SECONDS)
        pairs: list[tuple[float, float]] = []
        for number in range(ROUNDS):
            order = (own, other) if number % 2 == 0 else (other, own)
            times = {id(one): _reading(measure.measure(self.device, one), limit).value for one in order}
            pairs.append((times[id(own)], times[id(other)]))
        ratios = [after / before for before, after in pairs]
        before = statistics.median([one for one, _ in pairs])
        low, middle, high = (before * ratio for ratio in (min(ratios), statistics.median(ratios), max(ratios)))
        whole = 0.0 if limit == TIME else self._before(TIME).value
        unit, about = metrics.find(limit).unit, f"on {self.device.name}, {ROUNDS} rounds in turns"
        return Gain("a call", limit, unit, before, middle, low, high, Known.MEASURED, about, whole)

    def _before(self, limit: str) -> Reading:
        return _reading(self.measured, limit)

    def _measure(self, job: Job, names: Sequence[str]) -> Measurement:
        answers = self.device.answers()
        asked = tuple(sorted(name for name in names if name in answers))
        return measure.measure(self.device, replace(job, metrics=asked))


def _reading(measurement: Measurement, limit: str) -> Reading:
    found = measurement.readings.get(limit)
    if found is None:
        missing = measurement.missing.get(limit)
        said = f"{missing.reason} {missing.remedy}".strip() if missing else f"it said nothing of {limit}"
        raise MeasurementError(f"{measurement.device}: {said}")
    return found


def _gain(quantity: str, limit: str, before: Reading, after: Reading, about: str) -> Gain:
    unit = metrics.find(limit).unit
    return Gain(quantity, limit, unit, before.value, after.value, after.low, after.high, after.known, about)


def _plain(features: FeatureSettings) -> Mapping[str, Any]:
    values: Mapping[str, Any] = json.loads(json.dumps(features.to_dict()))
    return values
