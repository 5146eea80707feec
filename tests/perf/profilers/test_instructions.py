from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.cases import Attachment, Case
from edgesense.perf.devices.emulation.hot import Place
from edgesense.perf.devices.table import Table
from edgesense.perf.profilers.instructions import Instructions, operator
from edgesense.perf.records import Job

NOW, THEN = Job("now", Path(), ()), Job("then", Path(), ())
CASE = Case(NOW, "pi", frozenset({"instructions_m"}))
PLACES = [
    Place("features", "pocketfft", "_pocketfft.so", 3_000_000),
    Place("features", "memcpy", "libc.so.6", 1_000_000),
    Place("inference", "xnn_qs8_qc8w_gemm_minmax_fp32_ukernel", "libLiteRt.so", 2_000_000),
]


@dataclass(frozen=True)
class Board:
    error: Exception | None = None

    def hot(self, job: Job, directory: Path) -> list[Place]:
        if self.error is not None:
            raise self.error
        return PLACES if job == NOW else [replace(place, instructions=place.instructions // 2) for place in PLACES[:2]]


def counted(case: Case, directory: Path, **settings: int) -> Attachment:
    profiler = Instructions(find=lambda name: Board(), **settings)  # type: ignore[arg-type, return-value]
    (attachment,) = profiler.profile(case, directory)
    return attachment


def test_each_stage_is_listed_with_its_functions_and_shares(tmp_path: Path) -> None:
    attachment = counted(CASE, tmp_path)
    assert attachment.title == "instructions by stage and function, counted on pi"
    assert attachment.path is not None
    lines = attachment.path.read_text(encoding="utf-8").splitlines()
    at = lines.index("features: 4.00 M instructions on pi")
    assert lines[at + 3].split() == ["3.0000", "75", "%", "pocketfft", "(_pocketfft.so)"]
    assert "inference: 2.00 M instructions on pi" in lines


def test_beside_a_baseline_what_grew_is_told_by_stage_operator_and_function(tmp_path: Path) -> None:
    attachment = counted(replace(CASE, baseline=THEN, against="commit abc"), tmp_path)
    assert attachment.summary == (
        "features: pocketfft (_pocketfft.so) +1.50 M (75 % -> 75 %)",
        "features: memcpy (libc.so.6) +0.50 M (25 % -> 25 %)",
        "inference: matrix product (1x1 convolution, dense) qs8_qc8w +2.00 M (0 % -> 100 %)",
        "inference: xnn_qs8_qc8w_gemm_minmax_fp32_ukernel (libLiteRt.so) +2.00 M (0 % -> 100 %)",
    )


def test_a_kernels_name_tells_its_operator_and_types() -> None:
    assert operator("xnn_f32_igemm_minmax_ukernel_4x8") == "convolution f32"
    assert operator("xnn_qs8_qc8w_dwconv_minmax_fp32_ukernel_9p16c") == "depthwise convolution qs8_qc8w"
    assert operator("memcpy") == ""


def test_only_the_hottest_are_listed(tmp_path: Path) -> None:
    attachment = counted(CASE, tmp_path, top=1)
    assert attachment.path is not None
    assert "memcpy" not in attachment.path.read_text(encoding="utf-8")


def test_a_device_that_counts_nothing_has_no_such_profile(tmp_path: Path) -> None:
    assert Instructions(find=lambda name: Table({})).profile(CASE, tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_board_that_is_not_set_up_is_a_reason(tmp_path: Path) -> None:
    broken = Instructions(find=lambda name: Board(DeviceUnavailable("no qemu")))  # type: ignore[arg-type, return-value]
    with pytest.raises(DeviceUnavailable, match="no qemu"):
        broken.profile(CASE, tmp_path)
