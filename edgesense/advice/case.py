"""One pipeline on one device, as the pieces of advice see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgesense.advice.converting import Converter
from edgesense.advice.records import Whole
from edgesense.advice.subject import Subject
from edgesense.advice.table import Results
from edgesense.advice.trials import Trials
from edgesense.features.settings import FeatureSettings
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Measurement, Reading

QUICK = "nothing is tried with --quick"


@dataclass
class Case:
    """What is known of a pipeline on a device.

    Attributes:
        subject: Its files.
        device: Where it is to run.
        job: How it runs there.
        measured: What the device said; None where nothing was asked of it.
        trials: What tries a change; None where nothing is to be tried.
        converter: What makes other conversions; None where nothing is to be tried.
        results: A table of what takes hours.
        wholes: Where instructions and bytes go.
        why_untried: Why nothing is tried, "" where it is.
        why_unmeasured: Limit -> why nothing was asked of it.
    """

    subject: Subject
    device: Device
    job: Job
    measured: Measurement | None = None
    trials: Trials | None = None
    converter: Converter | None = None
    results: Results = field(default_factory=Results)
    wholes: tuple[Whole, ...] = ()
    why_untried: str = ""
    why_unmeasured: Mapping[str, str] = field(default_factory=dict)

    @property
    def features(self) -> FeatureSettings | None:
        """The front end's settings; None for a bare model."""
        return self.subject.file.features if self.subject.file is not None else None

    @property
    def on_a_chip(self) -> bool:
        """Whether it runs on TFLite Micro, which has neither threads nor delegates."""
        return "arena_kb" in self.device.answers()

    @property
    def named(self) -> str:
        """The pipeline as it is written in a command."""
        return self.job.workload

    def reading(self, limit: str) -> Reading | None:
        """A number that the device told; None where it did not."""
        return self.measured.readings.get(limit) if self.measured is not None else None

    def share(self, stage: str) -> float | None:
        """A stage's share of a call's work, counted or by time; None where that is not known."""
        count = self.reading("instructions_m")
        if count is not None and stage in count.parts:
            return count.parts[stage] / count.value
        times = [self.reading(f"{name}_ms") for name in ("features", "inference")]
        mine = self.reading(f"{stage}_ms")
        if mine is None or None in times:
            return None
        return mine.value / sum(one.value for one in times if one is not None)

    def sibling(self, name: str) -> Path:
        """A pipeline directory beside this one."""
        return self.subject.path.resolve().parent / name
