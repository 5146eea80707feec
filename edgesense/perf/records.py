"""The records that pass between the stages of a budget: frozen, plain, and never reaching back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Any

Json = Any


@unique
class Known(StrEnum):
    """How a number is known; two kinds are never compared with one another."""

    EXACT = "exact"
    MEASURED = "measured"
    COUNTED = "counted"
    PREDICTED = "predicted"
    STAND_IN = "stand-in"


Bound = float | Mapping[str, float]
"""A limit as the marker gives it, in the limit's unit: one number, or one a device."""


@dataclass(frozen=True)
class Budget:
    """What one test asks for.

    Attributes:
        test: The test's node id.
        limits: Limit name -> bound, in the limit's own unit.
        pipeline: The workload's name, or None for the project's default.
    """

    test: str
    limits: Mapping[str, Bound]
    pipeline: str | None = None


@dataclass(frozen=True)
class Job:
    """One measurement to be made; equal jobs are made once a run.

    Attributes:
        workload: A pipeline directory, a `.tflite` file or ``package.module:factory``.
        root: The directory that relative names start from.
        metrics: The limits' names, sorted.
        bounds: (name, bound in base units), so that sampling can stop when the answer is clear.
        runtime: ``litert``, ``tflite`` or None for the first one installed.
        threads: Threads of the runtime.
        delegate: As `edgesense.delegation.parse` reads it; None for what the runtime does by itself.
        sys_path: Where factories are imported from, on this computer.
        ship: Packages, modules and folders that travel to a device for a factory.
        home: The directory that `edgesense` itself is imported from; None for where it is imported from now.
        project: The directory whose code and artefacts are the project's own; None where nobody asks.
        seconds: Timed calls go on for about this long before they are judged.
        patience_seconds: And at the most for this long while the answer is not clear.
        timeout_seconds: A worker that is silent for longer is ended.
    """

    workload: str
    root: Path
    metrics: tuple[str, ...]
    bounds: tuple[tuple[str, float], ...] = ()
    runtime: str | None = None
    threads: int = 1
    sys_path: tuple[str, ...] = ()
    ship: tuple[str, ...] = ()
    home: str | None = None
    project: Path | None = None
    seconds: float = 2.0
    patience_seconds: float = 10.0
    timeout_seconds: float = 600.0
    delegate: str | None = None


@dataclass(frozen=True)
class Series:
    """Raw values as a worker took them, with their unit."""

    unit: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Report:
    """What one worker process said.

    Attributes:
        subject: What was measured: model digest, settings, runtime, threads, labels.
        fingerprint: Where: architecture, CPU, operating system, versions.
        series: Raw values by name.
        facts: Anything else the probe found, as plain data.
        origin: What it was made of, where the request named a project.
        environment: What its environment said of threads before anything was imported.
    """

    subject: Mapping[str, Json] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    facts: Mapping[str, Json] = field(default_factory=dict)
    origin: Origin | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """What a measurement was made of, so that it can be made again.

    Attributes:
        pipeline: The workload's name.
        files: What it was opened from: path below the project -> SHA-256.
        source: Digest of the project's own code that was imported, "" where none was.
        installed: Packages of the project that were imported from an environment's copy; never stored.
    """

    pipeline: str
    files: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    installed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reading:
    """One number, in base units, with its interval and how it is known.

    Attributes:
        value: The number itself.
        low: Lower end of its interval (equal to `value` where there is none).
        high: Upper end.
        known: How it is known.
        n: How many samples, clips or processes stand behind it.
        floor: What a limit must lie under before it counts as missed; `low` by default.
        parts: The number by stage or by share.
        labelled: Per-clip results, for accuracy alone.
        note: What the reader should know, in a few words.
        spread: The single values behind it, as `edgesense.perf.statistics.sketch` has them, for who looks at it; it is
            not part of what a baseline keeps.
    """

    value: float
    low: float
    high: float
    known: Known
    n: int = 1
    floor: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    labelled: Labelled | None = None
    note: str = ""
    spread: tuple[float, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Labelled:
    """Results on a labelled set, clip by clip.

    Attributes:
        audio: Identity of the audio, not of its labels.
        correct: One character a clip, "1" where the class was right.
        reference: The same for the reference pipeline, or "".
        unsteady: Clips that the pipeline answered differently when it was asked again.
        unsteady_reference: The same for the reference pipeline.
    """

    audio: str
    correct: str
    reference: str = ""
    unsteady: tuple[int, ...] = ()
    unsteady_reference: tuple[int, ...] = ()


@dataclass(frozen=True)
class Missing:
    """Why a number could not be had, and the one thing that would help."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True)
class Paired:
    """A time measured side by side with the baseline's, in pairs of fresh processes; or why it could not be.

    A device that can pair has one for each limit that it gates, so that what is not there is told apart:
    no baseline (`absent`: NO BASELINE), one that cannot run (`refused`: NOT COMPARABLE), and workers that died in every
    pair (`discarded` alone: INCONCLUSIVE). A limit without one is not compared.

    Attributes:
        baseline: Seconds, the 10th percentile of all calls of the baseline's process, one a pair.
        candidate: The same for the candidate's process.
        discarded: Pairs that were thrown away.
        against: What the baseline arm was, in words.
        uncovered: Why a change of the code would not show, "" where it would.
        notes: What else the reader should know.
        refused: Why a baseline that is there could not be run, "" where it was.
        absent: Why there is no baseline to run, "" where there is one.
        never: Why there can be none, "" where there can: it is not compared.
        spread: All calls of the baseline and of the candidate, as `edgesense.perf.statistics.sketch` has them.
    """

    baseline: tuple[float, ...] = ()
    candidate: tuple[float, ...] = ()
    discarded: int = 0
    against: str = ""
    uncovered: str = ""
    notes: tuple[str, ...] = ()
    refused: str = ""
    absent: str = ""
    never: str = ""
    spread: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())


@dataclass(frozen=True)
class Measurement:
    """All that one job gave on one device.

    Attributes:
        device: Its name.
        fingerprint: What must be equal for two measurements to be comparable.
        subject: What was measured.
        readings: The numbers, by limit.
        missing: Why others are missing.
        notes: What the reader should know.
        paired: Times that were measured beside the baseline's, by limit.
        origin: What it was made of.
        environment: What the measuring processes' environment said of threads; on a board, the board's.
    """

    device: str
    fingerprint: Mapping[str, str]
    subject: Mapping[str, Json]
    readings: Mapping[str, Reading]
    missing: Mapping[str, Missing] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    paired: Mapping[str, Paired] = field(default_factory=dict)
    origin: Origin | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Baseline:
    """An accepted measurement of one test on one device.

    Attributes:
        test: The test's node id.
        device: The device's name.
        fingerprint: Where it was made.
        subject: What was measured.
        readings: The accepted numbers, by limit.
        elsewhere: For numbers kept from an earlier baseline, where those were made.
        origin: What it was made of; None where an earlier release wrote it.
    """

    test: str
    device: str
    fingerprint: Mapping[str, str]
    subject: Mapping[str, Json]
    readings: Mapping[str, Reading]
    elsewhere: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    origin: Origin | None = None
