from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation.hot import Place
from edgesense.perf.devices.table import Table
from edgesense.perf.profilers.instructions import Instructions
from edgesense.perf.records import Job

JOB = Job("m", Path(), ())
PLACES = [
    Place("features", "pocketfft", "_pocketfft.so", 3_000_000),
    Place("features", "memcpy", "libc.so.6", 1_000_000),
    Place("inference", "xnn_gemm", "libLiteRt.so", 2_000_000),
]


@dataclass(frozen=True)
class Board:
    error: Exception | None = None

    def hot(self, job: Job, directory: Path) -> list[Place]:
        if self.error is not None:
            raise self.error
        return PLACES


def test_each_stage_is_listed_with_its_functions_and_shares(tmp_path: Path) -> None:
    attachment = Instructions(find=lambda name: Board()).profile(JOB, tmp_path, device="pi")  # type: ignore[arg-type, return-value]
    assert attachment is not None
    assert attachment.title == "instructions by stage and function, counted on pi"
    assert attachment.path is not None
    lines = attachment.path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "features: 4.00 M instructions on pi"
    assert lines[1].split() == ["3.000", "M", "75.0%", "pocketfft", "(_pocketfft.so)"]
    assert "inference: 2.00 M instructions on pi" in lines


def test_only_the_hottest_are_listed(tmp_path: Path) -> None:
    attachment = Instructions(top=1, find=lambda name: Board()).profile(JOB, tmp_path, device="pi")  # type: ignore[arg-type, return-value]
    assert attachment is not None
    assert attachment.path is not None
    assert "memcpy" not in attachment.path.read_text(encoding="utf-8")


def test_a_device_that_counts_nothing_has_no_such_profile(tmp_path: Path) -> None:
    assert Instructions(find=lambda name: Table({})).profile(JOB, tmp_path, device="table") is None
    assert list(tmp_path.iterdir()) == []


def test_a_board_that_is_not_set_up_is_a_reason(tmp_path: Path) -> None:
    broken = Instructions(find=lambda name: Board(DeviceUnavailable("no qemu")))  # type: ignore[arg-type, return-value]
    with pytest.raises(DeviceUnavailable, match="no qemu"):
        broken.profile(JOB, tmp_path, device="pi")
