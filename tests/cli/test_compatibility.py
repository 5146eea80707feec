from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.cli import main
from edgesense.runtime.tiny import tiny_model

DENSE = Path(__file__).parents[1] / "data" / "models" / "dense_dynamic_range.tflite"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty directory, with a wide terminal and a cache of one's own."""
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_pipeline_that_fits_a_board_ends_with_0_and_nothing_runs(here: Path, capsys: Capture) -> None:
    tiny_model(here / "m.tflite")
    assert main(["doctor", "m.tflite", "--device", "zero2w"]) == 0
    printed = capsys.readouterr().out
    assert "m.tflite fits zero2w." in printed
    assert "litert 2.3.0 has all 1 in the versions that are needed" in printed
    assert not (here / "cache").exists()


def test_a_pipeline_that_does_not_fit_ends_with_4_and_says_what_to_change(capsys: Capture) -> None:
    assert main(["doctor", str(DENSE), "--device", "pi", "--runtime", "tflite"]) == 4
    printed = capsys.readouterr().out
    assert "does not fit pi: operators, min_runtime_version." in printed
    assert "use the runtime litert" in printed
    assert main(["doctor", str(DENSE), "--device", "pi"]) == 0


def test_json_has_every_check(here: Path, capsys: Capture) -> None:
    assert main(["doctor", str(DENSE), "--device", "pi", "--runtime", "tflite", "--json", "-"]) == 4
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["device"], said["runtime"], said["fits"]) == (1, "pi", "tflite 2.14.0", False)
    assert {one["check"]: one["answer"] for one in said["findings"]} == {
        "NumPy": "fits",
        "operators": "does not fit",
        "min_runtime_version": "does not fit",
        "memory": "fits",
    }


def test_this_computer_is_asked_with_its_own_flag(here: Path, capsys: Capture) -> None:
    tiny_model(here / "m.tflite")
    assert main(["doctor", "m.tflite", "--compatibility"]) == 0
    assert "on this computer, from the files alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--compatibility"], "--compatibility is asked of a pipeline: give a directory or a .tflite file"),
        (["m.tflite", "--compatibility", "--pairs", "20"], "--compatibility runs nothing: --pairs"),
        (["mypkg:make", "--device", "pi"], "mypkg:make does not exist: whether a pipeline fits is told from its files"),
        (["m.tflite", "--device", "armv6l"], "there is no device armv6l: the Python package index has no armv6 wheels"),
        (["m.tflite", "--device", "pi", "--pairs", "20"], "pi counts instructions, which repeat; there is no noise"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_line(
    arguments: list[str], said: str, here: Path, capsys: Capture
) -> None:
    tiny_model(here / "m.tflite")
    assert main(["doctor", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


CHIP = """
[tool.edgesense.profiles.chip]
device = "chip"
ram_kb = 8
flash_kb = { value = 64, source = "its label" }
runtime = "micro 1"
"""


def test_a_board_that_only_a_profile_describes_is_asked_too(here: Path, capsys: Capture) -> None:
    (here / "pyproject.toml").write_text(CHIP, encoding="utf-8")
    tiny_model(here / "small.tflite", dtype="int8")
    assert main(["doctor", "small.tflite", "--device", "chip"]) == 0
    tiny_model(here / "large.tflite", inputs=(1, 9000), dtype="int8", padding_bytes=65536)
    assert main(["doctor", "large.tflite", "--device", "chip"]) == 4
    assert "does not fit chip: memory, flash." in capsys.readouterr().out
