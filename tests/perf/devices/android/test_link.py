from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable, MeasurementError, WorkerFailed
from edgesense.perf.devices.android import link
from edgesense.perf.devices.android.scripted import SERIAL, ScriptedPhone, write_program

ODD = ("two words", "it's", '"quoted"', "$HOME", "`ls`", "a;b", "*", "", "line\nbreak", "%d\\n")


def test_the_only_phone_is_the_one(scripted: ScriptedPhone) -> None:
    assert link.find(None).serial == SERIAL
    assert link.find(SERIAL).serial == SERIAL


def test_one_of_two_is_meant_by_its_serial_or_by_adbs_own_variable(
    scripted: ScriptedPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.change(phones=[["A", "device"], ["B", "device"]])
    assert link.find("B").serial == "B"
    monkeypatch.setenv("ANDROID_SERIAL", "A")
    assert link.find(None).serial == "A"


@pytest.mark.parametrize(
    ("phones", "serial", "said"),
    [
        ([], None, "adb sees no phone; next: connect it with USB debugging on"),
        ([], "B", "adb sees no phone with the serial B; it sees: none"),
        ([["A", "device"]], "B", r"no phone with the serial B; it sees: A \(device\)"),
        ([["A", "device"], ["B", "offline"]], None, r'sees 2 phones: A \(device\), B \(offline\); .*serial = "A"'),
        ([["A", "unauthorized"]], None, "A does not trust this computer; next: unlock it and accept"),
        ([["A", "offline"]], None, r"A does not answer \(offline\); next: plug it in again"),
        ([["A", "no permissions (user in plugdev group); see [x]"]], None, "A may not be opened by this user; .*udev"),
        ([["A", "recovery"]], None, "A is in the state 'recovery'"),
    ],
)
def test_a_phone_that_cannot_be_used_is_told_with_what_helps(
    phones: list[list[str]], serial: str | None, said: str, scripted: ScriptedPhone
) -> None:
    scripted.change(phones=phones)
    with pytest.raises(DeviceUnavailable, match=said):
        link.find(serial)


def test_without_adb_the_command_that_installs_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match=r"adb is not on PATH; next: .*apt-get install --yes adb"):
        link.find(None)


def test_an_adb_that_fails_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_program(tmp_path / "adb", "#!/bin/sh\necho 'cannot bind to tcp:5037' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(DeviceUnavailable, match=r"adb devices failed: cannot bind to tcp:5037; next: adb kill-server"):
        link.find(None)


def test_an_adb_that_cannot_be_started_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_program(tmp_path / "adb", "#!/nowhere/python\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceUnavailable, match="adb cannot be started: No such file"):
        link.find(None)


def test_what_the_server_says_while_it_starts_is_no_phone() -> None:
    listing = (
        "* daemon not running; starting now at tcp:5037\n* daemon started successfully\nList of devices attached\n"
    )
    assert link.states(listing + "A\tdevice\n192.168.0.2:5555\toffline\n\n") == {
        "A": "device",
        "192.168.0.2:5555": "offline",
    }


def test_every_word_arrives_as_it_is_whatever_it_has_in_it(scripted: ScriptedPhone) -> None:
    said = link.find(None).run('for word; do printf "<%s>" "$word"; done', *ODD)
    assert said.out == "".join(f"<{word}>" for word in ODD)


def test_a_script_ends_with_its_own_status_and_both_its_streams_are_heard(scripted: ScriptedPhone) -> None:
    said = link.find(None).run("echo out; echo err >&2; exit 3")
    assert (said.status, sorted(said.out.split())) == (3, ["err", "out"])


def test_output_without_a_last_line_break_is_whole(scripted: ScriptedPhone) -> None:
    assert link.find(None).run("printf abc").out == "abc"


def test_a_script_that_prints_what_ends_another_does_not_end_itself(scripted: ScriptedPhone) -> None:
    said = link.find(None).run(f"printf '\\n{link.ENDED}7\\n'; exit 2")
    assert said.status == 2


def test_a_phone_that_goes_away_in_the_middle_is_told_with_adbs_own_words(scripted: ScriptedPhone) -> None:
    phone = link.find(None)
    scripted.change(leaves_during="sleep")
    with pytest.raises(WorkerFailed, match=r"went away in the middle of a command: half; error: closed"):
        phone.run("echo half; sleep 1; echo whole")
    with pytest.raises(WorkerFailed, match=f"adb: device '{SERIAL}' not found"):
        phone.run("echo")
    with pytest.raises(WorkerFailed, match="went away during adb push"):
        phone.call("push", __file__, "/data/local/tmp/x", timeout_seconds=5)


def test_a_command_that_takes_too_long_is_ended(scripted: ScriptedPhone) -> None:
    began = time.monotonic()
    with pytest.raises(WorkerFailed, match=r"gave no answer within 0.5 s"):
        link.find(None).run("sleep 20", timeout_seconds=0.5)
    assert time.monotonic() - began < 10


def test_another_failure_of_adb_is_told_as_it_is(scripted: ScriptedPhone) -> None:
    with pytest.raises(MeasurementError, match="adb pull failed: adb: error: failed to stat remote object"):
        link.find(None).call("pull", "/data/local/tmp/nothing", "x", timeout_seconds=5)
