"""What a candidate costs: instructions counted on an emulated board, or an estimate from the model file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from edgesense.errors import DeviceUnavailable, NotMeasured, SettingsError
from edgesense.perf import devices, measure, metrics
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Job, Known
from edgesense.runtime import macs
from edgesense.training.search.evaluator import Cost

LIMIT = "instructions_m"
MACS = "macs"


class Counter(Protocol):
    """Counts what a pipeline directory costs."""

    @property
    def cost(self) -> Cost:
        """What is counted."""

    def identity(self) -> Mapping[str, Any]:
        """Plain JSON values that differ where counts may not be compared."""

    def of(self, directory: Path) -> float:
        """Cost of a pipeline.

        Raises:
            EdgeSenseError: It cannot be told.
        """


@dataclass(frozen=True)
class OnBoard:
    """Instructions of one inference, front end included, counted as `edgesense bench --device` does.

    Attributes:
        device: A device that counts.
    """

    device: Device

    @property
    def cost(self) -> Cost:
        """Instructions."""
        return Cost(
            self.device.name, "instructions", f"instructions of one inference end to end, counted on {self.device.name}"
        )

    def identity(self) -> Mapping[str, Any]:
        """The device, and of its fingerprint what counts depend on."""
        tolerance = metrics.find(LIMIT).tolerance
        decides = getattr(tolerance, "depends_on", ())
        where = {name: value for name, value in self.device.fingerprint().items() if name in decides}
        return {"device": self.device.name, "unit": self.cost.unit, **where}

    def of(self, directory: Path) -> float:
        """Count one pipeline; waits while another process measures on the device."""
        job = Job(workload=directory.name, root=directory.parent.absolute(), metrics=(LIMIT,))
        measured = measure.measure(self.device, job)
        if LIMIT not in measured.readings:
            absent = measured.missing[LIMIT]
            raise NotMeasured(
                f"{self.device.name} could not count {directory.name}: {absent.reason} {absent.remedy}".strip()
            )
        return measured.readings[LIMIT].value


@dataclass(frozen=True)
class Estimate:
    """Multiply-accumulates of the model alone, from its file: another number than any count of instructions."""

    @property
    def cost(self) -> Cost:
        """Multiply-accumulates."""
        return Cost(
            MACS, "multiply-accumulates", "multiply-accumulates of the model, front end not counted: an estimate"
        )

    def identity(self) -> Mapping[str, Any]:
        """Only its unit."""
        return {"device": None, "unit": self.cost.unit}

    def of(self, directory: Path) -> float:
        """Add up the operators of a pipeline's model."""
        from edgesense import pipeline_file

        return float(macs.count(directory / pipeline_file.read(directory).model))


def find(name: str) -> Counter:
    """The counter called `name`: "macs", or a device that counts instructions.

    Raises:
        BudgetError: There is no such device.
        SettingsError: It counts nothing.
        DeviceUnavailable: It is not set up; the text has the command that does it.
    """
    if name == MACS:
        return Estimate()
    device = devices.find(name)
    if device.answers().get(LIMIT) is not Known.COUNTED:
        able = [one.name for one in devices.every() if one.answers().get(LIMIT) is Known.COUNTED]
        raise SettingsError(f"{device.name} counts no instructions; cost can be {', '.join([*able, MACS])}")
    if command := device.available():
        raise DeviceUnavailable(
            f"{device.name} is not set up: run `{command}`, or search with --cost {MACS}, an estimate"
        )
    return OnBoard(device)
