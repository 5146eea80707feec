from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgesense.errors import WorkerFailed
from edgesense.perf import metrics, processes
from edgesense.perf.channels import Speaker
from edgesense.perf.devices import host
from edgesense.perf.records import Job, Known, Measurement, Report
from edgesense.testing import tiny_model
from edgesense.tiny_pipeline import tiny_pipeline

Jobs = Callable[..., Job]
METER = "energy_mj"
EVERY = tuple(sorted(set(host.Host().answers()) - {METER}))
"""All that any computer can tell; a power meter is not in all of them."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, write_job: Jobs) -> Measurement:
    """Measure one workload by every metric, once for all tests here."""
    directory = tmp_path_factory.mktemp("measured")
    source = """
        class Half(Workload):
            def run(self, item):
                return "odd" if item in {4, 8} else super().run(item)

            def labelled(self):
                return [(number, "odd" if number % 2 else "even") for number in range(10)] + [(2, "odd")]

            def reference(self):
                return Workload()

        make = Half
        """
    # Enough calls for the 99th percentile.
    made = write_job(directory, source, *EVERY, bounds=(("latency_p99_ms", 1.0),))
    return host.Host().run(made, directory)


def test_it_answers_what_a_clock_a_scale_and_labels_can_tell_and_no_instructions() -> None:
    answers = host.Host().answers()
    assert answers["latency_ms"] is Known.MEASURED
    assert answers["size_kb"] is Known.EXACT
    assert "instructions_m" not in answers


@pytest.mark.parametrize("known", [Known.EXACT, None])
def test_it_answers_a_metric_that_says_how_this_computer_knows_it(
    known: Known | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = replace(metrics.find("size_kb"), name="download_kb", here=known)
    monkeypatch.setattr(metrics, "every", lambda: {mine.name: mine})
    assert host.Host().answers().get("download_kb") is known
    # Its code is not on a board.
    assert "download_kb" not in host.answers()


def test_every_number_it_can_answer_is_there_and_known_as_it_said(measured: Measurement) -> None:
    assert measured.missing == {}
    for name, reading in measured.readings.items():
        assert reading.known is host.Host().answers()[name]
        assert reading.low <= reading.value <= reading.high


def test_its_energy_is_what_a_meter_says_or_missing_with_the_reason_of_each_kind_of_meter(
    tmp_path: Path, write_job: Jobs
) -> None:
    found = host.Host().run(write_job(tmp_path, "", METER), tmp_path)
    assert found.readings.keys() | found.missing.keys() == {METER}
    for reading in found.readings.values():
        assert reading.known is Known.MEASURED
        assert 0 < reading.low <= reading.value <= reading.high
        assert "meter: " in reading.note
    for one in found.missing.values():
        assert one.reason.startswith("no power meter can be read here: ")
        assert "powercap" in one.reason


def test_its_size_is_that_of_the_file(measured: Measurement) -> None:
    assert measured.readings["size_kb"].value == 2048


def test_its_accuracy_counts_the_wrong_clips_and_its_drop_those_the_reference_has_right(measured: Measurement) -> None:
    assert measured.readings["acc"].value == pytest.approx(8 / 11)
    assert measured.readings["acc_drop"].value == pytest.approx(2 / 11)


def test_it_measures_memory_of_a_python_process_and_its_shares_add_up(measured: Measurement) -> None:
    reading = measured.readings["rss_mb"]
    assert 10 * 2**20 < reading.value < 500 * 2**20
    assert sum(reading.parts.values()) == reading.value
    assert reading.n == 3


def test_a_stage_takes_less_time_than_starting_the_process(measured: Measurement) -> None:
    readings = measured.readings
    assert 0 < readings["features_ms"].value < readings["cold_start_ms"].value
    assert 0 < readings["inference_ms"].value < readings["cold_start_ms"].value
    assert readings["latency_p90_ms"].value >= readings["latency_ms"].value


def test_it_says_what_was_measured_and_where(measured: Measurement) -> None:
    assert measured.device == "host"
    assert measured.subject == {"model": "parity", "runtime": "python"}
    assert measured.fingerprint == dict(host.Host().fingerprint()) | {"runtime": "python"}


def test_probes_that_several_metrics_share_run_once_for_all_of_them(job: Jobs) -> None:
    source = """
        with open(HERE / "started", "a") as log:
            log.write("x")
        """
    made = job(source, "rss_mb", "cold_start_ms", "size_kb")
    host.Host().run(made, made.root)
    assert (made.root / "started").read_text() == "x" * 4


LESS = """
    class Less:
        def artifacts(self): return []
        def example(self): return 1
        def run(self, item): return 1
    make = Less
    """
REASONS = {
    "size_kb": "names no file that ships",
    "acc": "no labelled set",
    "acc_drop": "no labelled set",
    "features_ms": r"gave no 'calls\.features'; it gave calls",
}


@pytest.fixture
def told_apart(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many workers were asked together, each time."""
    asked: list[int] = []
    real = processes.ask_together

    def noted(speaker: Speaker, messages: Sequence[Mapping[str, Any]], *, timeout_seconds: float) -> list[Report]:
        asked.append(len(messages))
        return real(speaker, messages, timeout_seconds=timeout_seconds)

    monkeypatch.setattr(processes, "ask_together", noted)
    return asked


@pytest.mark.parametrize(("cores", "threads", "asked"), [(1, 1, []), (3, 1, [3]), (4, 2, [2]), (64, 1, [8])], ids=str)
def test_accuracy_is_asked_on_all_cores_and_is_what_one_comes_to(
    tmp_path: Path, told_apart: list[int], cores: int, threads: int, asked: list[int]
) -> None:
    tiny_pipeline(tmp_path / "tiny")
    job = Job("tiny", tmp_path, ("acc", "size_kb"), threads=threads)
    found = []
    for usable in (cores, 1):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("os.sched_getaffinity", lambda _, usable=usable: range(usable))
            found.append(host.Host().run(job, tmp_path).readings["acc"])
    assert told_apart == asked
    assert found[0] == found[1]


def test_a_factory_is_asked_for_its_accuracy_in_one_process(
    job: Jobs, monkeypatch: pytest.MonkeyPatch, told_apart: list[int]
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: range(4))
    assert "acc" in host.Host().run(job("", "acc"), Path()).readings
    assert told_apart == []


def test_what_a_workload_cannot_answer_is_missing_with_the_reason_and_the_rest_is_there(job: Jobs) -> None:
    made = job(LESS, *REASONS, "latency_ms")
    measurement = host.Host().run(made, made.root)
    assert list(measurement.readings) == ["latency_ms"]
    for name, reason in REASONS.items():
        assert re.search(reason, measurement.missing[name].reason)


def test_a_crash_in_any_of_its_processes_is_raised(job: Jobs) -> None:
    made = job("def make(): import os; os.abort()", "size_kb")
    with pytest.raises(WorkerFailed, match="SIGABRT"):
        host.Host().run(made, made.root)


def test_a_job_without_metrics_starts_nothing_and_still_says_where(job: Jobs) -> None:
    made = job("raise SystemExit(1)")
    assert host.Host().run(made, made.root).fingerprint["architecture"]


def test_a_delegate_that_was_asked_for_is_noted_with_what_became_of_it(tmp_path: Path) -> None:
    tiny_model(tmp_path / "m.tflite")
    asked = host.Host().run(Job("m.tflite", tmp_path, ("size_kb",), delegate="gpu"), tmp_path)
    assert [note.partition(":")[0] for note in asked.notes] == ["delegate gpu fell back"]
    assert host.Host().run(Job("m.tflite", tmp_path, ("size_kb",)), tmp_path).notes == ()


@pytest.mark.parametrize(("load", "said"), [(0.9, False), (1.1, True)])
def test_times_of_a_busy_computer_are_said_to_be_uncertain(
    load: float, said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getloadavg", lambda: (load, 0.0, 0.0))
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    assert bool(host._busy(("latency_ms",))) is said
    assert not host._busy(("size_kb", "acc"))
