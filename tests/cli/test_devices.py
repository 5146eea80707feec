from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from edgesense import cli
from edgesense.cli import devices as verb
from edgesense.perf import devices, metrics
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Known


class Absent(Table):
    """A board that is not set up."""

    def available(self) -> str | None:
        return "edgesense devices setup somewhere"


LIMITS = {"latency_ms": Known.PREDICTED, "size_kb": Known.EXACT, "instructions_m": Known.COUNTED}


@pytest.mark.parametrize(
    ("limit", "ready", "absent"),
    [
        ("latency_ms", "predicted", "predicted*"),
        ("instructions_m", "counted", "counted*"),
        ("size_kb", "exact", "exact"),
        ("cold_start_ms", "-", "-"),
    ],
)
def test_a_cell_says_how_a_limit_is_known_and_what_is_in_the_way(limit: str, ready: str, absent: str) -> None:
    device = Table({}, limits=LIMITS)
    assert verb.cell(device, limit, ready=True) == ready
    assert verb.cell(device, limit, ready=False) == absent


def test_the_list_has_every_device_and_the_command_for_what_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    assert cli.main(["devices"]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("host", "pi5", "latency_p99_ms", "stand-in", "measured"))
    assert "edgesense devices setup pi" in printed
    assert "pi: pi4, raspberry-pi-4" in printed


def test_the_list_of_the_shipped_devices_fits_a_terminal_of_100_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["devices"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    # A folded cell would make a second row without a limit.
    assert len(rows) == len(metrics.every())


def test_what_needs_a_command_is_said_of_each_device_in_its_own_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.edgesense.devices.phone]\nkind = "adb"\nbenchmark_model = "tool"\n')
    (tmp_path / "tool").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("PATH", "")
    assert cli.main(["devices"]) == 0
    printed = capsys.readouterr().out
    assert "\nphone: what is measured needs: " in printed
    assert "\npi: what is counted or predicted needs: edgesense devices setup pi" in printed


def test_a_chip_whose_package_is_missing_says_what_needs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from edgesense.perf.devices import esp32

    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(esp32, "PACKAGE", "tflite_micro_that_is_not_here")
    assert cli.main(["devices"]) == 0
    printed = capsys.readouterr().out
    assert "latency_ms, macs_m, ram_kb needs: pip install 'pytest-edgesense[esp32]'" in printed
    (chip,) = (one for one in esp32.devices() if one.name == "esp32")
    assert verb.cell(chip, "arena_kb", ready=False) == "stand-in*"
    assert verb.cell(chip, "size_kb", ready=False) == "exact"


def test_a_chip_is_shown_value_by_value_with_sources(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    assert cli.main(["devices", "show", "esp32s3"]) == 0
    shown = rows(capsys.readouterr().out)
    assert shown["cpu"] == ("Xtensa LX7", "")
    assert shown["ram_kb"][0] == "320"
    assert shown["ram_kb"][1].startswith("assumed:")
    assert "datasheet" in shown["sram_kb"][1].lower()


def rows(text: str) -> dict[str, tuple[str, str]]:
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    return {row[0]: (row[1], row[2]) for row in cells}


@pytest.mark.parametrize("word", ["pi", "pi4", "raspberry-pi-4"])
def test_a_board_is_shown_value_by_value_with_sources(
    word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert cli.main(["devices", "show", word]) == 0
    shown = rows(capsys.readouterr().out)
    assert shown["cpu"] == ("Cortex-A72", "")
    assert shown["clock_ghz"][0] == "1.5, 1.5, 1.8"
    assert shown["dot_product"][0] == "false"
    assert shown["thread_environment: OMP_NUM_THREADS"][0] == "1"
    assert shown["thread_environment: OMP_WAIT_POLICY"][0] == "PASSIVE"
    assert shown["thread_environment: MKL_NUM_THREADS"][1].startswith("assumed:")


def test_this_computer_is_shown_with_what_its_workers_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "show", "host"]) == 0
    shown = rows(capsys.readouterr().out)
    assert [shown[name][0] for name in ("runtime_threads", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")] == ["1"] * 3


def test_a_profile_without_a_device_is_shown_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "900")
    assert cli.main(["devices", "show", "armhf"]) == 0
    shown = rows(capsys.readouterr().out)
    assert "no armv7 wheels" in shown["refused"][0]


def test_a_projects_own_profile_is_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = '[tool.edgesense.profiles.kitchen]\nram_mib = { value = 512, source = "its box" }\n'
    (tmp_path / "pyproject.toml").write_text(own, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["devices", "show", "kitchen"]) == 0
    assert rows(capsys.readouterr().out)["ram_mib"] == ("512", "its box")


def test_a_device_without_a_profile_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "every", lambda: (Table({}, name="mine"),))
    assert cli.main(["devices", "show", "mine"]) == 2
    assert "mine has no profile" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "pj"], "unknown device 'pj': did you mean pi"),
        (["setup", "pj"], "unknown device 'pj': did you mean pi"),
        (["setup", "host"], "host needs no setting up"),
    ],
)
def test_what_cannot_be_set_up_is_refused_in_one_line(
    arguments: Sequence[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["devices", *arguments]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_setup_that_cannot_go_on_says_why(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from edgesense.perf.devices.emulation import qemu

    def missing() -> Mapping[str, str]:
        raise qemu.DeviceUnavailable("qemu-user must be installed first; as root: apt-get install --yes qemu-user")

    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path))
    monkeypatch.setattr(qemu, "missing", missing)
    assert cli.main(["devices", "setup", "pi"]) == 2
    assert "apt-get install --yes qemu-user" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "said"),
    [("pi", "pi has no clock of its own: name a real board"), ("host", "host has no profile of an emulated board")],
)
def test_only_a_real_board_of_a_known_kind_calibrates(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["devices", "calibrate", name, "models/x"]) == 2
    assert said in capsys.readouterr().err
