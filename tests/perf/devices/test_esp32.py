from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import BudgetError, ModelError, SettingsError
from edgesense.perf import devices, plan
from edgesense.perf.devices import esp32
from edgesense.perf.devices.esp32 import Esp32
from edgesense.perf.records import Job, Measurement
from edgesense.runtime.tiny import tiny_model
from edgesense.tiny_pipeline import TINY_SETTINGS, tiny_pipeline

SHIPPED = Path(__file__).parents[3] / "models"
EVERY = (
    "acc",
    "acc_drop",
    "arena_kb",
    "battery_h",
    "energy_mj",
    "features_ms",
    "inference_ms",
    "latency_ms",
    "macs_m",
    "ram_kb",
    "size_kb",
)


def chip(name: str = "esp32") -> Esp32:
    found = devices.find(name)
    assert isinstance(found, Esp32)
    return found


needs_micro = pytest.mark.skipif(
    chip().available() is not None, reason=f"tflite-micro is not installed: {chip().available()}"
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    tiny_pipeline(root / "float", clips=60, trained_on=20)
    tiny_pipeline(root / "tiny", dtype="int8", clips=60, trained_on=20, reference="../float")
    return root


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., Measurement]:
    def run(root: Path, *metrics: str, device: str = "esp32", workload: str = "tiny", **more: object) -> Measurement:
        job = Job(workload=workload, root=root, metrics=tuple(sorted(metrics)), **more)  # type: ignore[arg-type]  # any field
        return chip(device).run(job, tmp_path)

    return run


@pytest.mark.parametrize(("word", "name"), [("esp32", "esp32"), ("esp32-s3", "esp32s3"), ("esp32s3", "esp32s3")])
def test_a_chip_is_found_by_each_of_its_words(word: str, name: str) -> None:
    assert chip(word).name == name


@pytest.mark.parametrize("limit", ["rss_mb", "instructions_m", "latency_p99_ms", "cold_start_ms"])
def test_what_no_interpreter_on_this_computer_tells_is_refused(limit: str) -> None:
    with pytest.raises(BudgetError, match=f"{limit} can never be answered by esp32; it can answer acc, .*arena_kb"):
        plan.resolve({limit: 5}, chip())


def test_a_limit_on_time_brings_the_multiply_accumulates_along() -> None:
    assert chip().implied(["latency_ms", "size_kb"]) == chip().implied(["battery_h"]) == ("macs_m",)
    assert chip().implied(["size_kb", "acc", "arena_kb"]) == ()


@needs_micro
def test_a_pipeline_is_run_found_and_predicted(project: Path, measure: Callable[..., Measurement]) -> None:
    found = measure(project, *EVERY)
    assert found.missing == {}
    assert {name: one.known.value for name, one in found.readings.items()} == {
        "acc": "stand-in",
        "acc_drop": "stand-in",
        "arena_kb": "stand-in",
        "battery_h": "predicted",
        "energy_mj": "predicted",
        "features_ms": "predicted",
        "inference_ms": "predicted",
        "latency_ms": "predicted",
        "macs_m": "exact",
        "ram_kb": "stand-in",
        "size_kb": "exact",
    }
    assert found.readings["macs_m"].value == 5 * TINY_SETTINGS.frames * TINY_SETTINGS.width
    assert found.readings["acc"].n == 60
    assert found.readings["acc"].value > 0.3
    for name in ("features_ms", "inference_ms", "latency_ms"):
        one = found.readings[name]
        assert 0 < one.low < one.value < one.high
    assert 0 < found.readings["energy_mj"].value < 0.22 * found.readings["latency_ms"].high
    assert 10 * 3600 < found.readings["battery_h"].low < found.readings["battery_h"].high
    assert found.fingerprint["chip"] == "esp32"
    assert found.fingerprint["micro"].startswith("micro ")
    assert str(found.subject["runtime"]).startswith("micro ")


@needs_micro
def test_every_clip_is_answered_in_both_runtimes_and_that_is_said(
    project: Path, measure: Callable[..., Measurement]
) -> None:
    notes = measure(project, "acc").notes
    assert any("of 60 clips got the same answer from TFLite Micro and from litert" in note for note in notes) or any(
        "of 60 clips got the same answer from TFLite Micro and from tflite" in note for note in notes
    )


@needs_micro
def test_accuracy_that_the_hosts_runtime_does_not_share_is_withdrawn(
    project: Path, measure: Callable[..., Measurement], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = esp32.processes.ask

    def otherwise(command, message, **how):
        said = real(command, message, **how)
        if message["runtime"] != "micro" and "answers" in said.facts:
            said.facts["answers"][:2] = ["another", "another"]
        return said

    monkeypatch.setattr(esp32.processes, "ask", otherwise)
    found = measure(project, "acc", "acc_drop", "size_kb")
    assert found.readings.keys() == {"size_kb"}
    assert found.missing.keys() == {"acc", "acc_drop"}
    assert "TFLite Micro may not stand in for esp32: 58 of 60 clips" in found.missing["acc"].reason


@needs_micro
def test_ram_and_flash_are_held_against_the_chip(measure: Callable[..., Measurement]) -> None:
    here, there = (measure(SHIPPED, "ram_kb", device=name, workload="dscnn-int8") for name in ("esp32", "esp32s3"))
    assert any(note.startswith("RAM: ") and "of 290 KiB; flash: " in note for note in here.notes)
    assert any("at most" in note and "for the kernels of esp32s3" in note for note in there.notes)
    first, second = here.readings["ram_kb"], there.readings["ram_kb"]
    assert second.parts == {**first.parts, "kernels at most": pytest.approx(second.value - first.value)}
    assert first.value == second.low < second.value


@needs_micro
def test_what_does_not_fit_has_no_time(tmp_path: Path, measure: Callable[..., Measurement]) -> None:
    tiny_model(tmp_path / "large.tflite", inputs=(1, 400_000), dtype="int8", classes=2)
    found = measure(tmp_path, "latency_ms", "energy_mj", "arena_kb", workload="large.tflite")
    assert found.missing["energy_mj"] == found.missing["latency_ms"]
    assert found.readings["arena_kb"].value > 390 * 1024
    assert "it does not fit: " in found.missing["latency_ms"].reason
    assert "esp32 has 290 KiB" in found.missing["latency_ms"].reason


@needs_micro
def test_a_bare_model_has_no_features_and_no_accuracy(tmp_path: Path, measure: Callable[..., Measurement]) -> None:
    tiny_model(tmp_path / "m.tflite", dtype="int8")
    found = measure(tmp_path, "latency_ms", "features_ms", "acc", "battery_h", workload="m.tflite")
    assert found.readings.keys() == {"latency_ms"}
    assert "give it an attribute hop_seconds" in found.missing["battery_h"].reason
    assert "no stage 'features'; it has inference" in found.missing["features_ms"].reason
    assert (
        "feature settings and labels" in found.missing["acc"].reason or "no labelled set" in found.missing["acc"].reason
    )


@needs_micro
def test_a_float_model_runs_and_has_no_published_time(project: Path, measure: Callable[..., Measurement]) -> None:
    found = measure(project, "arena_kb", "latency_ms", workload="float")
    assert found.readings.keys() == {"arena_kb"}
    assert "no times of float32 models on esp32 are published" in found.missing["latency_ms"].reason


@needs_micro
def test_a_model_that_is_refused_fails_with_the_operator(tmp_path: Path, measure: Callable[..., Measurement]) -> None:
    model = Path(__file__).parents[2] / "data" / "models" / "dense_dynamic_range.tflite"
    (tmp_path / "m.tflite").write_bytes(model.read_bytes())
    with pytest.raises(ModelError, match="the operator FULLY_CONNECTED is refused"):
        measure(tmp_path, "size_kb", workload="m.tflite")


FACTORY = """
class Workload:
    def artifacts(self): return []
    def example(self): return 1
    def run(self, item): return "a"
    def labelled(self): return [(1, "a")] * 10


def make(): return Workload()
"""


@needs_micro
def test_a_factory_chooses_its_own_runtime_and_so_says_nothing_of_a_chip(
    tmp_path: Path, measure: Callable[..., Measurement]
) -> None:
    (tmp_path / "mine.py").write_text(FACTORY)
    found = measure(tmp_path, "acc", "latency_ms", "macs_m", workload="mine:make", sys_path=(str(tmp_path),))
    assert found.readings == {}
    assert found.missing.keys() == {"acc", "latency_ms", "macs_m"}
    assert all("only a pipeline directory or a .tflite file" in one.reason for one in found.missing.values())


def test_without_the_package_sizes_are_judged_and_the_command_is_told(
    project: Path, measure: Callable[..., Measurement], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esp32, "PACKAGE", "tflite_micro_that_is_not_here")
    assert chip().available() == "pip install 'pytest-edgesense[esp32]'"
    found = measure(project, "size_kb", "acc", "arena_kb", "latency_ms")
    assert found.readings.keys() == {"size_kb"}
    assert found.missing.keys() == {"acc", "arena_kb", "latency_ms"}
    assert {one.remedy for one in found.missing.values()} == {"pip install 'pytest-edgesense[esp32]'"}


@pytest.mark.parametrize(("more", "said"), [({"delegate": "gpu"}, "has no delegates"), ({"threads": 2}, "one thread")])
def test_what_the_chip_does_not_have_is_refused(
    more: dict[str, object], said: str, project: Path, measure: Callable[..., Measurement]
) -> None:
    with pytest.raises(SettingsError, match=said):
        measure(project, "size_kb", **more)
