"""A device that answers from a table: a public fake for tests of what uses a device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgesense.perf.records import Job, Json, Known, Measurement, Missing, Reading


@dataclass(frozen=True)
class Table:
    """Answers each metric with the reading it was given.

    Attributes:
        readings: Limit -> reading, in base units.
        name: As in ``--edge-device``.
        where: The fingerprint.
        subject: What is said to have been measured.
        limits: The limits it can answer; by default those it has readings of.
    """

    readings: Mapping[str, Reading]
    name: str = "table"
    where: Mapping[str, str] = field(default_factory=dict)
    subject: Mapping[str, Json] = field(default_factory=dict)
    limits: Mapping[str, Known] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """Only its name."""
        return frozenset({self.name})

    def answers(self) -> Mapping[str, Known]:
        """Return what it was told to be able to answer."""
        return {name: reading.known for name, reading in self.readings.items()} | dict(self.limits)

    def implied(self, metrics: Sequence[str]) -> tuple[str, ...]:  # noqa: ARG002 - part of the seam
        """Nothing comes along unasked."""
        return ()

    def fingerprint(self) -> Mapping[str, str]:
        """Return what it was given."""
        return self.where

    def available(self) -> str | None:
        """It is always here."""
        return None

    def run(self, job: Job, directory: Path) -> Measurement:  # noqa: ARG002 - nothing is left behind here
        """Look the job's metrics up."""
        readings = {name: self.readings[name] for name in job.metrics if name in self.readings}
        missing = {name: Missing("the table has no reading of it") for name in job.metrics if name not in readings}
        return Measurement(self.name, self.where, self.subject, readings, missing)
