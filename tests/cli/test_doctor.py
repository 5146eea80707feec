from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edgesense.cli import _evidence, main
from edgesense.errors import WorkerFailed
from edgesense.perf import calibration, computer, devices, selftest
from edgesense.perf.devices.table import PairingTable, Table, told
from edgesense.perf.records import Job, Known

Capture = pytest.CaptureFixture[str]
Setter = Callable[..., PairingTable]
QUIET = (0.003,)
NOISY = (0.003, 0.00305, 0.003, 0.00315, 0.003, 0.0034)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty directory, with a wide terminal and a cache of one's own."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(_evidence, "TURN_SECONDS", 0.0)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Setter:
    """Return a function that makes a scripted device the only one: seconds of each call, one entry a session."""

    def make(seconds: Sequence[float | Exception], name: str = "host", where: str = "8086") -> PairingTable:
        script = told({calibration.FACTORY: seconds, "mine": seconds})
        device = PairingTable({}, name=name, where={"cpu": where}, script=script)
        monkeypatch.setattr(devices, "every", lambda: (device,))
        # The scripted computer has two idle cores, whatever the one that these tests run on has, and does besides.
        monkeypatch.setattr(computer, "look", lambda: computer.Computer(cores=2, usable=2.0))
        monkeypatch.setattr(selftest, "company", lambda _, __: computer.Company(busy=0.0, stolen=0.0))
        return device

    return make


def interrupted_after(sessions: int) -> Callable[[Job, int], float]:
    def script(_: Job, before: int) -> float:
        if before >= sessions:
            raise KeyboardInterrupt
        return 0.003

    return script


def test_a_quiet_computer_is_called_quiet_and_needs_nothing(host: Setter, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out
    assert "Quiet: one pair spreads by 0.0 %" in shown
    assert "Smallest slowdown that 95 % of gates catch here: 3.1 %." in shown
    assert "a true slowdown of exactly 3 % is caught half the time at best" in shown
    assert shown.splitlines()[-1] == "Nothing needs to be done."


def test_a_noisy_computer_is_called_so_with_what_would_help(host: Setter, capsys: Capture) -> None:
    host(NOISY)
    assert main(["doctor", "mine"]) == 0
    shown = capsys.readouterr().out
    assert "Very noisy: one pair spreads by 7.5 %" in shown
    assert re.search(r"Smallest slowdown that 95 % of gates catch here: \d\d\.\d %\.", shown)
    assert "What would help:\n  - run `edgesense doctor` without a pipeline" in shown
    assert "Nothing needs" not in shown


def test_a_computer_that_cannot_tell_anything_is_told_so(host: Setter, capsys: Capture) -> None:
    host([0.003, 0.005, 0.003, 0.008, 0.003, 0.013])
    assert main(["doctor"]) == 0
    assert "No slowdown, however large, is caught in 95 % of gates here" in capsys.readouterr().out


def test_fifteen_pairs_are_measured_unless_told_otherwise(host: Setter) -> None:
    for arguments, pairs in ([], 15), (["--pairs", "4"], 4), (["--aa", "2"], 6), (["--aa", "2", "--pairs", "4"], 10):
        device = host(QUIET)
        assert main(["doctor", *arguments]) == 0
        assert sum(1 for _, what in device.log if what == "warm") == 2 * pairs


def test_gates_against_itself_tell_their_alarms_and_bound(host: Setter, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor", "--aa", "20"]) == 0
    shown = capsys.readouterr().out
    assert "20 gates of the pipeline against itself: 0 false alarms, so at most 13.9 % of gates" in shown
    assert "20 SAME; 0 in the second stage" in shown


def test_a_real_slowdown_is_injected_and_told_with_what_was_measured(host: Setter, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor", "--pairs", "2", "--power", "5%", "--gates", "3"]) == 0
    shown = capsys.readouterr().out
    assert "3 gates of a real slowdown of 5 %: 3 caught, so at least 36.8 % of gates" in shown
    assert re.search(r"the slowdown as it was measured: \+(4\.9|5\.)\d* %", shown)


def test_without_a_terminal_each_gate_is_a_line_with_the_time_that_is_left(host: Setter, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor", "--aa", "2"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "built-in workload, 2 gates against itself"
    assert re.fullmatch(r"gate 1 of 2: SAME, \+0.00 % of 3 pairs, 0\.\d s; 0 s left", lines[1])
    assert len(lines) == 3


def test_on_a_terminal_a_bar_tells_what_is_done_and_left() -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with _evidence.progress(console, "pairs", 4) as told:
        told(3, "2 s left")
        drawn = console.file.getvalue()  # type: ignore[attr-defined] # the file that it was given
    assert "pairs: 2 s left" in drawn
    assert "3/4" in drawn


@pytest.mark.parametrize(
    ("seconds", "remaining", "said"), [([4.0, 8.0, 9.0], 11, "88 s left"), ([8.0], 600, "80 min left")]
)
def test_the_time_that_is_left_is_told_from_the_median(seconds: list[float], remaining: int, said: str) -> None:
    assert _evidence.left(seconds, remaining) == said


def test_json_on_standard_output_is_all_that_is_there(host: Setter, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor", "--aa", "2", "--power", "10%", "--gates", "1", "--json", "-"]) == 0
    captured = capsys.readouterr()
    body: dict[str, Any] = json.loads(captured.out)
    assert (body["schema"], body["device"], body["complete"]) == (1, "host", True)
    assert body["noise"]["level"] == "Quiet"
    assert body["false_alarms"]["regressed"] == 0
    assert body["power"][0]["slowdown"] == 0.1
    assert "Quiet: " in captured.err


def test_json_goes_to_a_file_beside_the_tables(host: Setter, here: Path, capsys: Capture) -> None:
    host(QUIET)
    assert main(["doctor", "--json", "out.json"]) == 0
    assert json.loads((here / "out.json").read_text())["pairs"]["discarded"] == 0
    assert "Quiet: " in capsys.readouterr().out


REQUIRED = [
    (NOISY, "Noisy", 3),
    (NOISY, "very-noisy", 0),
    (QUIET, "quiet", 0),
    (QUIET, "Fairly quiet", 0),
]


@pytest.mark.parametrize(("seconds", "level", "status"), REQUIRED)
def test_a_computer_that_is_noisier_than_required_is_exit_status_3(
    host: Setter, seconds: Sequence[float], level: str, status: int
) -> None:
    host(seconds)
    assert main(["doctor", "--require", level]) == status


def test_a_false_alarm_is_exit_status_1_and_wins_over_noise(host: Setter, here: Path) -> None:
    host(QUIET)
    assert main(["doctor", "--aa", "1", "--save", "gates.jsonl"]) == 0
    head, gate = (here / "gates.jsonl").read_text().splitlines()
    body = json.loads(gate)
    body["paired"] |= {"baseline": [0.003] * 15, "candidate": [0.0032] * 15}
    (here / "gates.jsonl").write_text(f"{head}\n{json.dumps(body)}\n")
    assert main(["doctor", "--aa", "1", "--resume", "gates.jsonl", "--require", "Quiet"]) == 1


def test_a_slowdown_that_is_caught_is_no_false_alarm(host: Setter) -> None:
    host(QUIET)
    assert main(["doctor", "--aa", "1", "--power", "10%", "--gates", "1"]) == 0


def test_gates_go_on_from_those_that_were_kept(host: Setter, here: Path, capsys: Capture) -> None:
    device = host(QUIET)
    assert main(["doctor", "--aa", "3", "--save", "gates.jsonl"]) == 0
    device.log.clear()
    assert main(["doctor", "--aa", "5", "--resume", "gates.jsonl"]) == 0
    assert sum(1 for _, what in device.log if what == "warm") == 2 * 2 * 3
    assert len((here / "gates.jsonl").read_text().splitlines()) == 1 + 5
    assert "5 gates of the pipeline against itself" in capsys.readouterr().out


def test_gates_of_a_slowdown_go_on_with_the_same_work(host: Setter, here: Path) -> None:
    device = host(QUIET)
    slowed = ["doctor", "--pairs", "2", "--power", "5%"]
    assert main([*slowed, "--gates", "1", "--save", "gates.jsonl"]) == 0
    device.log.clear()
    assert main([*slowed, "--gates", "2", "--resume", "gates.jsonl"]) == 0
    assert not [what for _, what in device.log if what == "work"]
    kept = [json.loads(line) for line in (here / "gates.jsonl").read_text().splitlines()[1:]]
    assert kept[0]["operations"] == kept[1]["operations"] > 0


def test_an_interrupt_shows_what_is_known_and_keeps_finished_gates(
    host: Setter, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    device = PairingTable({}, name="host", script=interrupted_after(2 * 3 * 3))
    monkeypatch.setattr(devices, "every", lambda: (device,))
    assert main(["doctor", "--aa", "100", "--save", "gates.jsonl", "--json", "out.json"]) == 130
    shown = capsys.readouterr().out
    assert "3 gates of the pipeline against itself: 0 false alarms" in shown
    assert shown.splitlines()[-1].endswith("With --resume gates.jsonl, the same command goes on.")
    assert len((here / "gates.jsonl").read_text().splitlines()) == 1 + 3
    assert json.loads((here / "out.json").read_text())["complete"] is False


def test_an_interrupt_among_the_pairs_shows_the_noise_so_far(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    device = PairingTable({}, name="host", script=interrupted_after(2 * 7))
    monkeypatch.setattr(devices, "every", lambda: (device,))
    assert main(["doctor"]) == 130
    assert "measure more: 7 pairs" in capsys.readouterr().out


def test_an_interrupt_before_anything_is_known_says_only_that(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    device = PairingTable({}, name="host", script=interrupted_after(0))
    monkeypatch.setattr(devices, "every", lambda: (device,))
    assert main(["doctor"]) == 130
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "interrupted" in captured.err


def test_another_device_is_told_without_this_computers_cores(host: Setter, capsys: Capture) -> None:
    host(QUIET, name="pi-on-the-desk", where="Cortex-A72")
    assert main(["doctor", "--device", "pi-on-the-desk"]) == 0
    shown = capsys.readouterr().out
    assert "Cortex-A72" in shown
    assert "this computer" not in shown


REFUSED_DEVICES = [
    (Known.COUNTED, "board counts instructions, which repeat; there is no noise to measure"),
    (Known.MEASURED, "board cannot time two pipelines side by side"),
]


@pytest.mark.parametrize(("known", "said"), REFUSED_DEVICES)
def test_a_device_without_a_clock_to_compare_is_refused(
    known: Known, said: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(devices, "every", lambda: (Table({}, name="board", limits={"instructions_m": known}),))
    assert main(["doctor", "--device", "board"]) == 2
    assert said in capsys.readouterr().err


def test_an_emulated_board_is_refused(capsys: Capture) -> None:
    assert main(["doctor", "--device", "pi"]) == 2
    assert capsys.readouterr().err == (
        "edgesense: pi counts instructions, which repeat; there is no noise to measure\n"
    )


REFUSED = [
    (["--gates", "3"], "--gates is how many gates --power runs"),
    (["--save", "x"], "--save and --resume keep gates: give --aa N or --power 5% with them"),
    (["--aa", "1", "--save", "there"], "--save there: is there already; --resume there goes on from it"),
    (["--aa", "1", "--save", "no/dir/x"], "--save no/dir/x: its directory is not there"),
    (["--aa", "1", "--resume", "absent"], "--resume absent: is not there; --save absent begins it"),
    (["--aa", "1", "--resume", "there"], "--resume there holds no gates of `edgesense doctor`"),
    (["--json", "no/dir/x"], "--json no/dir/x: its directory is not there"),
    (["--device", "hots"], "unknown device 'hots': did you mean host?"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED, ids=str)
def test_what_cannot_be_done_is_one_line_and_exit_status_2(
    arguments: list[str], said: str, host: Setter, here: Path, capsys: Capture
) -> None:
    device = host(QUIET)
    (here / "there").write_text("something else\n")
    assert main(["doctor", *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert device.log == []


def test_gates_of_another_computer_are_not_gone_on_with(host: Setter, capsys: Capture) -> None:
    host(QUIET, where="8086")
    assert main(["doctor", "--aa", "1", "--save", "gates.jsonl"]) == 0
    host(QUIET, where="6502")
    assert main(["doctor", "--aa", "2", "--resume", "gates.jsonl"]) == 2
    assert "its gates are of fingerprint {'cpu': '8086'}, and here it is {'cpu': '6502'}" in capsys.readouterr().err


def test_gates_of_a_changed_model_are_not_gone_on_with(host: Setter, here: Path, capsys: Capture) -> None:
    host(QUIET)
    (here / "mine").mkdir()
    (here / "mine" / "model.tflite").write_bytes(b"one")
    assert main(["doctor", "mine", "--aa", "1", "--save", "gates.jsonl"]) == 0
    (here / "mine" / "model.tflite").write_bytes(b"two")
    assert main(["doctor", "mine", "--aa", "2", "--resume", "gates.jsonl"]) == 2
    assert "its gates are of files" in capsys.readouterr().err


def test_a_workload_that_never_runs_is_one_error(host: Setter, capsys: Capture) -> None:
    host([WorkerFailed("the worker for mine was ended by SIGKILL")])
    assert main(["doctor", "mine"]) == 2
    assert "ended by SIGKILL" in capsys.readouterr().err


USAGE = [
    (["--pairs", "1"], "'1' is no whole number of 2 or more"),
    (["--aa", "0"], "'0' is no whole number of 1 or more"),
    (["--power", "5"], "'5' is no slowdown: write 5% or 0.05"),
    (["--power", "0%"], "'0%' is no slowdown"),
    (["--power", "101%"], "'101%' is no slowdown"),
    (["--power", "fast"], "'fast' is no slowdown"),
    (["--power", "nan"], "'nan' is no slowdown"),
    (["--require", "silent"], '\'silent\' is no level of noise; allowed: "Quiet", "Fairly quiet"'),
    (["--save", "a", "--resume", "b"], "not allowed with"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=str)
def test_wrong_usage_is_refused_before_anything_runs(arguments: list[str], said: str, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["doctor", *arguments])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("text", "slowdown"), [("5%", 0.05), ("5 %", 0.05), ("0.05", 0.05), ("100%", 1.0)])
def test_a_slowdown_is_written_in_percent_or_as_a_share(
    host: Setter, text: str, slowdown: float, capsys: Capture
) -> None:
    host(QUIET)
    assert main(["doctor", "--pairs", "2", "--power", text, "--gates", "1", "--json", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["power"][0]["slowdown"] == pytest.approx(slowdown)


def test_this_computer_is_really_measured(capsys: Capture) -> None:
    assert main(["doctor", "--pairs", "2", "--json", "-"]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["noise"]["pairs"] == 2
    assert all(0 < seconds < 1 for seconds in body["pairs"]["baseline_seconds"])
    assert body["computer"]["cores"] >= 1
