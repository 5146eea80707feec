from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.cli import main
from edgesense.runtime.tiny import tiny_model
from edgesense.tiny_pipeline import tiny_pipeline

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path) -> Path:
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipeline_is_read_without_running_it(here: Path, capsys: Capture) -> None:
    tiny_pipeline(here / "whole", trained_on=10)
    assert main(["advise", "whole", "--quick", "--json", "out.json"]) == 0
    shown = capsys.readouterr().out
    assert "[x] size under 500 KiB" in shown
    assert "not tried: nothing is tried with --quick" in shown
    body = json.loads((here / "out.json").read_text())
    assert (body["schema"], body["pipeline"], body["interrupted"]) == (1, "whole", False)
    assert {one["name"] for one in body["checklist"]} >= {"window", "int8", "size_kb", "acc"}


def test_a_bare_model_gets_what_can_be_said_of_it(here: Path, capsys: Capture) -> None:
    tiny_model(here / "bare.tflite")
    assert main(["advise", "bare.tflite", "--quick"]) == 0
    shown = capsys.readouterr().out
    assert "a bare file: nothing is known of what makes its input" in shown
    assert "[?] a 1024-point transform or shorter  a bare model has no front end to look at" in shown


def test_what_is_timed_here_is_measured_in_turns(here: Path, capsys: Capture) -> None:
    tiny_pipeline(here / "whole", trained_on=10, clips=None)
    assert main(["advise", "whole", "--only", "delegate", "--json", "-"]) == 0
    captured = capsys.readouterr()
    (said,) = json.loads(captured.out)["advice"]
    assert "delegate: the runtime's own kernels beside XNNPACK's\n" in captured.err
    assert said["tried"]
    assert said["gains"][0]["known"] == "measured"
    assert said["gains"][0]["about"] == "on host, 3 rounds in turns"


def test_a_long_line_goes_on_below_its_beginning(here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    tiny_pipeline(here / "whole", trained_on=10)
    assert main(["advise", "whole", "--quick", "--only", "window"]) == 0
    lines = capsys.readouterr().out.splitlines()
    first = next(number for number, line in enumerate(lines) if "→ edgesense train" in line)
    assert len(lines[first]) <= 60
    assert lines[first + 1].startswith(" " * (lines[first].index("→") + 2))


def test_a_targets_box_holds_its_number(here: Path, capsys: Capture) -> None:
    tiny_pipeline(here / "whole", trained_on=10)
    assert main(["advise", "whole", "--quick", "--only", "stream", "--json", "-"]) == 0
    boxes = {one["name"]: one for one in json.loads(capsys.readouterr().out)["checklist"]}
    assert boxes["size_kb"]["why"].endswith(" KiB, exact")


REFUSED = [
    (["nothing", "--quick"], "nothing does not exist: give a directory with a pipeline.json, or a .tflite file"),
    (["bad.tflite", "--quick"], "bad.tflite is no TFLite model"),
    (["good.tflite", "--only", "windw"], "unknown advice 'windw'; did you mean 'window'?"),
    (["good.tflite", "--quick", "--results", "no.json"], "no.json cannot be read: No such file or directory"),
    (["good.tflite", "--quick", "--json", "no/out.json"], "--json no/out.json: its directory is not there"),
    (["good.tflite", "--only", ","], "--only ',' names no advice: known are buffer, cache"),
    (["good.tflite", "--recordings", "no"], "--recordings no: a folder with a MANIFEST.csv is wanted, none is there"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED)
def test_what_cannot_be_is_one_clear_error(here: Path, arguments: list[str], message: str, capsys: Capture) -> None:
    (here / "bad.tflite").write_bytes(b"no model at all")
    tiny_model(here / "good.tflite")
    assert main(["advise", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
