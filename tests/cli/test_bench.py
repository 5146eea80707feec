from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.cli import bench, main
from edgesense.perf import devices, processes, threads
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Known, Missing, Reading
from edgesense.runtime.tiny import tiny_model

SCRIPT = Path(__file__).parents[2] / "scripts" / "benchmark_edge.py"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a directory with a tiny model, with a wide terminal and a cache of one's own."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    tiny_model(tmp_path / "tiny.tflite")
    return tmp_path


def rows(text: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("│┃ ").split("│")] for line in text.splitlines() if "│" in line]
    return {row[0]: row[1:] for row in cells}


def test_a_bare_model_is_timed_on_random_input_and_its_memory_told(capsys: Capture) -> None:
    assert main(["bench", "tiny.tflite", "--iterations", "70"]) == 0
    shown = capsys.readouterr().out
    table = rows(shown)
    assert {"mean", "median", "std", "min", "max", "p90, upper bound", "calls", "all"} <= set(table)
    assert float(table["min"][0]) <= float(table["median"][0]) <= float(table["max"][0])
    assert table["calls"][0] == "70"
    assert table["p99, upper bound"][0] == "needs 662 calls"
    assert table["all"][0].endswith("MiB")
    assert "runtime litert" in shown
    assert "random input of its shape" in shown
    assert shown.splitlines()[-1] == "this computer; says nothing about pi"


@pytest.fixture
def factory(here: Path) -> str:
    (here / "mine.py").write_text(
        "class Work:\n"
        "    stages = {'features': lambda item: item, 'inference': lambda item: item}\n"
        "    def artifacts(self): return []\n"
        "    def example(self): return 1\n"
        "    def run(self, item): return item\n"
        "def make(): return Work()\n"
    )
    return "mine:make"


def test_a_factory_with_stages_has_a_column_for_each(factory: str, capsys: Capture) -> None:
    assert main(["bench", factory, "--iterations", "700"]) == 0
    shown = capsys.readouterr().out
    header = next(line for line in shown.splitlines() if "ms a call" in line)
    assert [cell.strip() for cell in header.strip("┃ ").split("┃")[1:]] == ["end to end", "features", "inference"]
    assert all(float(cell) > 0 for cell in rows(shown)["p99, upper bound"])


def test_json_on_standard_output_is_all_that_is_there(factory: str, capsys: Capture) -> None:
    assert main(["bench", factory, "--iterations", "64", "--json", "-"]) == 0
    captured = capsys.readouterr()
    body = json.loads(captured.out)
    assert "median" in captured.err
    assert (body["schema"], body["pipeline"], body["device"], body["known"]) == (1, factory, "host", "measured")
    times = body["seconds"]["end to end"]
    assert list(times) == ["n", "mean", "median", "std", "min", "max", "p90_bound", "p99_bound"]
    assert times["n"] == 64
    assert body["environment"].items() >= dict.fromkeys(threads.COUNTS, "1").items()
    assert times["p90_bound"] >= times["median"]
    assert times["p99_bound"] is None
    assert body["rss_bytes"]["value"] == sum(body["rss_bytes"]["shares"].values())
    assert body["about"] == "this computer; says nothing about pi"


def test_json_goes_to_a_file_beside_the_table(factory: str, here: Path, capsys: Capture) -> None:
    assert main(["bench", factory, "--iterations", "1", "--json", "out.json"]) == 0
    assert json.loads((here / "out.json").read_text())["seconds"]["end to end"]["std"] is None
    assert rows(capsys.readouterr().out)["std"][0] == "-"


@pytest.mark.parametrize("runtime", ["litert", "tflite"])
def test_the_runtime_that_was_asked_for_is_the_one_that_runs(runtime: str, capsys: Capture) -> None:
    from edgesense.runtime import backends

    if runtime not in backends.installed():
        pytest.skip(f"{runtime} is not installed")
    assert main(["bench", "tiny.tflite", "--iterations", "1", "--runtime", runtime, "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["subject"]["runtime"].startswith(runtime)


def test_a_delegate_is_told_beside_the_runtime_with_what_it_took(capsys: Capture) -> None:
    assert main(["bench", "tiny.tflite", "--iterations", "1"]) == 0
    assert ", xnnpack took 1 of 1 nodes, random input" in capsys.readouterr().out
    assert main(["bench", "tiny.tflite", "--iterations", "1", "--delegate", "gpu", "--json", "-"]) == 0
    captured = capsys.readouterr()
    assert [one["name"] for one in json.loads(captured.out)["subject"]["delegates"]] == ["gpu", "xnnpack"]
    assert "gpu fell back: libtensorflowlite_gpu_delegate.so: cannot open" in " ".join(captured.err.split())


REFUSED = [
    (["tiny.tflite", "--delegate", "gpu:required"], "tiny.tflite: gpu is required, but libtensorflowlite_gpu_delegate"),
    (["nothing.tflite"], "nothing.tflite does not exist"),
    (["nowhere:make"], "the factory 'nowhere:make' cannot be imported"),
    (["tiny.tflite", "--device", "hots"], "unknown device 'hots': did you mean host?"),
    (["tiny.tflite", "--json", "no/such/dir/x.json"], "--json no/such/dir/x.json: its directory is not there"),
    (["garbage.tflite"], "garbage.tflite"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=lambda given: str(given[0]))
def test_what_cannot_be_done_is_one_line_and_exit_status_2(
    arguments: list[str], said: str, here: Path, capsys: Capture
) -> None:
    (here / "garbage.tflite").write_bytes(b"no model" * 100)
    assert main(["bench", *arguments]) == 2
    captured = capsys.readouterr()
    line = captured.err.strip().splitlines()[-1]
    assert line.startswith("edgesense: ")
    assert said in line
    assert captured.out == ""


USAGE = [
    ([], "one of the arguments PIPELINE --model is required"),
    (["a", "--model", "b"], "not allowed with"),
    (["a", "--iterations", "0"], "'0' is no whole number of 1 or more"),
    (["a", "--iterations", "many"], "'many' is no whole number"),
    (["a", "--threads", "-1"], "'-1' is no whole number"),
    (["a", "--runtime", "torch"], "invalid choice"),
    (["a", "--delegate", "xnpack"], "no delegate 'xnpack': did you mean 'xnnpack'"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=str)
def test_wrong_usage_is_refused_before_anything_runs(arguments: list[str], said: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def board(readings: dict[str, Reading], **limits: Known) -> Table:
    return Table(readings, name="board", limits=limits)


def spread(low: float, value: float, high: float, known: Known, **parts: float) -> Reading:
    return Reading(value, low, high, known, parts=parts)


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> Callable[[Table], None]:
    """Return a function that makes a table the only device."""
    return lambda table: monkeypatch.setattr(devices, "every", lambda: (table,))


def test_for_a_board_counts_and_predictions_are_told_with_how_they_are_known(
    boards: Callable[[Table], None], capsys: Capture
) -> None:
    readings = {
        "latency_ms": spread(0.020, 0.030, 0.040, Known.PREDICTED),
        "instructions_m": spread(15e6, 15e6, 15e6, Known.COUNTED, features=10e6, inference=5e6),
        "acc": spread(0.9, 0.9, 0.9, Known.STAND_IN),
    }
    boards(board(readings, rss_mb=Known.STAND_IN))
    assert main(["bench", "tiny.tflite", "--device", "board"]) == 0
    shown = capsys.readouterr().out
    table = rows(shown)
    assert table["latency_ms"] == ["30.0 ms", "20.0–40.0 ms", "predicted"]
    assert table["instructions_m"] == ["15.0 M", "", "counted"]
    assert table["features"][0] == "10.0 M"
    assert table["rss_mb"] == ["-", "", "the table has no reading of it"]
    assert "acc" not in table
    assert "no clock of this computer" in shown


def test_for_a_board_json_holds_the_readings(boards: Callable[[Table], None], capsys: Capture) -> None:
    boards(board({"instructions_m": spread(1, 2, 3, Known.COUNTED)}))
    assert main(["bench", "tiny.tflite", "--device", "board", "--json", "-"]) == 0
    body: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert body["device"] == "board"
    assert body["readings"]["instructions_m"]["known"] == "counted"
    assert "seconds" not in body


def test_a_board_that_can_tell_nothing_here_is_refused_with_its_remedy(
    boards: Callable[[Table], None], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def run(self: Table, job: Any, directory: Path) -> Any:
        from edgesense.perf.records import Measurement

        return Measurement("board", {}, {}, {}, {"instructions_m": Missing("no qemu", "edgesense devices setup pi")})

    monkeypatch.setattr(Table, "run", run)
    boards(board({}, instructions_m=Known.COUNTED))
    assert main(["bench", "tiny.tflite", "--device", "board"]) == 2
    assert "board could tell nothing of tiny.tflite: no qemu. edgesense devices setup pi" in capsys.readouterr().err


def test_the_guides_script_is_the_same_command() -> None:
    command = [sys.executable, str(SCRIPT), "--model", "tiny.tflite", "--iterations", "3", "--json", "-"]
    environment = processes.native(1).environment
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=dict(environment))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["seconds"]["end to end"]["n"] == 3


def test_an_interrupt_ends_the_command_and_its_worker_without_a_traceback(here: Path) -> None:
    (here / "slow.py").write_text(
        "import os, time\n"
        "from pathlib import Path\n"
        "def make():\n"
        f"    Path({str(here / 'worker')!r}).write_text(str(os.getpid()))\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-m", "edgesense.cli", "bench", "slow:make"]
    environment = dict(processes.native(1).environment) | {"EDGESENSE_CACHE": str(here / "cache")}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    for _ in range(600):
        if (here / "worker").exists() and (here / "worker").read_text():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted" in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((here / "worker").read_text()), 0)


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=100))
def test_a_summary_is_in_order(values: list[float]) -> None:
    told = bench.summary(values)
    assert told["min"] is not None
    assert told["max"] is not None
    tiny = 1e-12 * max(values)
    assert told["min"] <= told["median"] <= told["max"]  # type: ignore[operator]
    assert told["min"] - tiny <= told["mean"] <= told["max"] + tiny  # type: ignore[operator]
    assert (told["std"] is None) == (len(values) == 1)
    assert (told["p90_bound"] is None) == (len(values) < 64)
