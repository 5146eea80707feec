from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable, InvalidInput, NotMeasured, SettingsError
from edgesense.perf.devices.emulation import calibrations, prediction, profiles
from edgesense.perf.devices.emulation.calibrations import Calibration, Point
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Job, Known, Reading

PI = next(one for one in profiles.emulated() if one.name == "pi4")
RUNTIME = {"runtime": "litert 2.3.0", "sysroot": "abc"}


def point(seconds: float, kind: str = "int8", instructions: float = 1e7) -> Point:
    return Point("models/x", "inference", kind, seconds, instructions)


def own(*points: Point) -> Calibration:
    return Calibration("pi4", "lab-pi", "litert 2.3.0", "abc", points)


def reading(value: float, known: Known = Known.MEASURED, **parts: float) -> Reading:
    return Reading(value, value, value, known, parts=parts)


def board(**readings: float) -> Table:
    return Table({name: reading(value) for name, value in readings.items()}, "lab-pi", RUNTIME, {"dtype": "int8"})


COUNTER = Table(
    {"instructions_m": reading(1.2e7, Known.COUNTED, features=7e6, inference=4e6)}, "pi", RUNTIME, {"dtype": "int8"}
)
JOB = Job("models/x", Path(), ())


def test_each_stage_is_timed_there_and_counted_here() -> None:
    timed = board(latency_ms=0.009, features_ms=0.006, inference_ms=0.002)
    found = calibrations.calibrate(timed, "pi4", COUNTER, [JOB])
    assert found == own(
        Point("models/x", "features", "numpy", 0.006, 7e6), Point("models/x", "inference", "int8", 0.002, 4e6)
    )


def test_a_pipeline_without_stages_counts_as_a_whole() -> None:
    whole = Table({"instructions_m": reading(4e6, Known.COUNTED)}, "pi", RUNTIME, {"dtype": "int8"})
    found = calibrations.calibrate(board(latency_ms=0.002), "pi4", whole, [JOB])
    assert found.points == (Point("models/x", "", "int8", 0.002, 4e6),)


def test_another_runtime_there_is_not_alike() -> None:
    other = replace(COUNTER, where={**RUNTIME, "board_runtime": "tflite 2.14.0"})
    with pytest.raises(InvalidInput, match=r"runs in litert 2.3.0 on lab-pi, in tflite 2.14.0 on pi: not alike"):
        calibrations.calibrate(board(latency_ms=0.002), "pi4", other, [JOB])


def test_what_cannot_be_timed_or_counted_is_told() -> None:
    with pytest.raises(DeviceUnavailable, match="pi cannot count models/x"):
        calibrations.calibrate(board(latency_ms=0.002), "pi4", replace(COUNTER, readings={}), [JOB])
    with pytest.raises(NotMeasured, match="models/x could not be timed"):
        calibrations.calibrate(board(), "pi4", COUNTER, [JOB])
    with pytest.raises(InvalidInput, match="name the pipelines"):
        calibrations.calibrate(board(), "pi4", COUNTER, [])


def test_one_time_says_where_the_middle_is_and_three_how_far_they_scatter() -> None:
    one = own(point(0.005)).pace("int8")
    assert one is not None
    assert one.typical == pytest.approx(0.5e-9)
    assert one.low * one.high == pytest.approx(one.typical**2)
    alike = own(point(0.005), point(0.0051), point(0.0049)).pace("int8")
    apart = own(point(0.003), point(0.005), point(0.008)).pace("int8")
    assert alike is not None
    assert apart is not None
    assert alike.ratio < apart.ratio
    assert own(point(0.005)).pace("float32") is None


def test_a_calibration_replaces_what_is_wider_and_nothing_else() -> None:
    general = prediction.pace(PI, "int8")
    close = own(*(point(seconds) for seconds in (0.005, 0.0051, 0.0049, 0.005)))
    wide = own(point(0.001), point(0.01))
    assert prediction.pace(PI, "int8", close) == close.pace("int8")
    assert prediction.pace(PI, "int8", wide) == general
    assert prediction.pace(PI, "float32", close) == prediction.pace(PI, "float32")


def test_a_prediction_by_ones_own_times_needs_no_clock() -> None:
    times = own(*(point(seconds) for seconds in (0.005, 0.0051, 0.0049, 0.005)))
    count = reading(1e7, Known.COUNTED, inference=1e7)
    here = prediction.predict(count, dtype="int8", profile=PI, own=times)["inference"]
    faster = replace(PI, clock_hz=tuple(2 * one for one in PI.clock_hz))
    assert prediction.predict(count, dtype="int8", profile=faster, own=times)["inference"] == here
    assert here.value == pytest.approx(0.005, rel=0.01)
    assert here.low < 0.0049
    assert here.high > 0.0051
    assert "4 times of lab-pi" in here.note


def test_without_a_calibration_nothing_changes() -> None:
    count = reading(1e7, Known.COUNTED, features=6e6, inference=3e6)
    one = prediction.predict(count, dtype="int8", profile=PI)
    cycles = prediction.cycles("a72", "int8")
    assert one["inference"].low == pytest.approx(3e6 * cycles.low / PI.clock_hz[2])
    assert one["inference"].high == pytest.approx(3e6 * cycles.high / PI.clock_hz[0])
    assert math.isclose(one["inference"].value, 3e6 * cycles.typical / PI.clock_hz[1])


def test_it_is_kept_in_the_project_and_read_again(tmp_path: Path) -> None:
    path = calibrations.place(tmp_path, "pi4")
    assert calibrations.load(tmp_path, "pi4", "abc") is None
    calibrations.save(own(point(0.005)), path)
    assert calibrations.load(tmp_path, "pi4", "abc") == own(point(0.005))
    assert calibrations.load(tmp_path, "pi5", "abc") is None


def test_counts_of_another_sysroot_are_another_thing(tmp_path: Path) -> None:
    calibrations.save(own(point(0.005)), calibrations.place(tmp_path, "pi4"))
    assert calibrations.load(tmp_path, "pi4", "def") is None


SAID = {"schema": 1, "profile": "pi4", "board": "b", "runtime": "r", "sysroot": "s", "points": []}
BAD_POINT = {"pipeline": "x", "stage": "", "kind": "int8", "seconds": 0, "instructions": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot be read"),
        ("[]", "is no calibration"),
        (json.dumps({**SAID, "schema": 2}), "has schema 2; this release reads 1"),
        (json.dumps({**SAID, "points": [{"pipeline": "x"}]}), "is no calibration"),
        (json.dumps({**SAID, "points": [BAD_POINT]}), "is no calibration of pi4"),
        (json.dumps({**SAID, "profile": "pi5"}), "is no calibration of pi4"),
    ],
)
def test_a_damaged_file_is_refused_with_its_name(text: str, said: str, tmp_path: Path) -> None:
    path = calibrations.place(tmp_path, "pi4")
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=said):
        calibrations.load(tmp_path, "pi4", "s")
