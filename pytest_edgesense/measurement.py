"""What a test measured, as its body sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf import metrics
from edgesense.perf.records import Known, Measurement
from pytest_edgesense.items import FOUND, PLAN


@dataclass(frozen=True)
class Number:
    """One number of a measurement, in its limit's unit.

    Attributes:
        value: The number.
        low: Lower end of its interval.
        high: Upper end.
        known: How it is known; equal to its word, as in ``known == "exact"``.
    """

    value: float
    low: float
    high: float
    known: Known


@dataclass(frozen=True)
class Found:
    """What a test's measurement came to: a measurement, or the error in its place; and what it took."""

    measurement: Measurement | None = None
    error: Exception | None = None
    seconds: float = 0.0


class EdgeMeasurement(Mapping[str, Number]):
    """What a test measured, by limit; it is there once the test's body runs."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def __getitem__(self, limit: str) -> Number:
        """Return one number.

        Raises:
            NotMeasured: If this test did not measure it; the text says why.
        """
        measurement = self._measurement()
        reading = measurement.readings.get(limit)
        if reading is None:
            missing = measurement.missing.get(limit)
            there = ", ".join(sorted(measurement.readings)) or "nothing"
            reason = missing.reason if missing is not None else f"it measured {there}"
            msg = f"{limit!r} was not measured by this test on {measurement.device}: {reason}"
            raise NotMeasured(msg)
        unit = metrics.find(limit).unit
        value, low, high = (unit.from_base(number) for number in (reading.value, reading.low, reading.high))
        return Number(value, low, high, reading.known)

    def __iter__(self) -> Iterator[str]:
        return iter(self._measurement().readings)

    def __len__(self) -> int:
        return len(self._measurement().readings)

    @property
    def device(self) -> str:
        """The device's name."""
        return self._measurement().device

    def _measurement(self) -> Measurement:
        found = self._item.stash.get(FOUND, None)
        plan = self._item.stash.get(PLAN, None)
        what = "the function" if plan is not None and plan.function else "the pipeline"
        if found is not None and found.measurement is None and plan is not None and plan.function:
            from pytest_edgesense import benchmark_fixture

            # Its body has it as soon as its function is timed.
            found = benchmark_fixture.find(self._item, plan.bounds, plan.device)
        if found is None:
            msg = "nothing is measured yet: the pipeline runs in the test's call phase, after its fixtures are set up"
            raise NotMeasured(msg)
        if found.measurement is None:
            msg = f"{what} could not be measured: {found.error}"
            raise NotMeasured(msg)
        return found.measurement
