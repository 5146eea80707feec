from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edgesense.errors import MeasurementError, WorkerFailed
from edgesense.perf.devices.android import link
from edgesense.perf.devices.android.phone import HOME, RUNNING, Phone
from edgesense.perf.devices.android.scripted import Reply, ScriptedPhone, tool

Asked = Callable[[int], bool]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "it's a model.tflite"
    path.write_bytes(b"content" * 1000)
    return path


@pytest.fixture
def phone(scripted: ScriptedPhone) -> Iterator[Phone]:
    with Phone(link.find(None), "phone", 20.0) as opened:
        yield opened


def pushes(scripted: ScriptedPhone) -> int:
    return sum(call[2] == "push" for call in scripted.calls if len(call) > 2)


def test_a_file_lies_under_its_contents_hash_and_is_whole(phone: Phone, scripted: ScriptedPhone, file: Path) -> None:
    path = phone.put(file, "model.tflite")
    assert path == f"{HOME}/{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}/model.tflite"
    there = scripted.root / path.lstrip("/")
    assert there.read_bytes() == file.read_bytes()
    assert not os.access(there, os.X_OK)


def test_what_is_there_is_not_pushed_again_and_other_content_is(
    phone: Phone, scripted: ScriptedPhone, file: Path
) -> None:
    assert phone.put(file, "m") == phone.put(file, "m")
    assert pushes(scripted) == 1
    file.write_bytes(b"other")
    phone.put(file, "m")
    assert pushes(scripted) == 2


def test_a_program_may_be_executed(phone: Phone, scripted: ScriptedPhone, file: Path) -> None:
    assert os.access(scripted.root / phone.put(file, "p", executable=True).lstrip("/"), os.X_OK)


def test_nothing_stays_behind(scripted: ScriptedPhone, file: Path) -> None:
    with Phone(link.find(None), "phone", 20.0) as phone:
        phone.put(file, "m")
        assert scripted.files
    assert scripted.files == []
    assert phone.left == ""


def test_what_is_of_somebody_else_stays(scripted: ScriptedPhone, file: Path) -> None:
    (scripted.storage / "a file").touch()
    with Phone(link.find(None), "phone", 20.0) as phone:
        phone.put(file, "m")
    assert scripted.files == ["a file"]


def test_files_of_a_job_that_was_cut_off_go_with_the_next(scripted: ScriptedPhone, file: Path) -> None:
    cut_off = Phone(link.find(None), "phone", 20.0)
    cut_off.put(file, "m")
    assert scripted.files
    with Phone(link.find(None), "phone", 20.0):
        pass
    assert scripted.files == []


def test_files_that_are_kept_are_not_pushed_again_by_the_next_job(scripted: ScriptedPhone, file: Path) -> None:
    for _ in range(2):
        with Phone(link.find(None), "phone", 20.0, keep=True) as phone:
            phone.put(file, "m")
    assert pushes(scripted) == 1
    assert len(scripted.files) == 3
    with Phone(link.find(None), "phone", 20.0) as phone:
        phone.put(file, "m")
    assert (pushes(scripted), scripted.files) == (1, [])


def test_a_full_storage_is_told_and_no_half_file_is_left(scripted: ScriptedPhone, file: Path) -> None:
    scripted.change(full=True)
    with (
        pytest.raises(MeasurementError, match=r"the storage of phone is full: it's a model.tflite \(7000 bytes\)"),
        Phone(link.find(None), "phone", 20.0) as phone,
    ):
        phone.put(file, "m")
    assert scripted.files == []


def test_half_a_file_of_an_earlier_push_is_never_taken_for_a_whole_one(scripted: ScriptedPhone, file: Path) -> None:
    with Phone(link.find(None), "phone", 20.0, keep=True) as phone:
        there = scripted.root / phone.put(file, "m").lstrip("/")
    there.write_bytes(b"half")
    with Phone(link.find(None), "phone", 20.0, keep=True) as phone:
        phone.put(file, "m")
    assert there.read_bytes() == file.read_bytes()


def test_a_file_that_cannot_be_read_here_is_told(phone: Phone, tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="nothing cannot be read: No such file"):
        phone.put(tmp_path / "nothing", "m")


def test_a_program_runs_and_its_heat_is_not_in_its_text(phone: Phone, scripted: ScriptedPhone) -> None:
    ran = phone.start(("/bin/echo", "a  b", "$c"))
    assert (ran.said.status, ran.said.out.split("\n")) == (0, ["", "a  b $c", ""])
    assert (ran.heat, ran.throttled) == ((0, 0), False)
    scripted.heat(2)
    assert phone.start(("/bin/true",)).throttled


def test_a_phone_that_does_not_tell_its_heat_is_not_throttled(phone: Phone, scripted: ScriptedPhone) -> None:
    (scripted.root / "system/bin/dumpsys").unlink()
    ran = phone.start(("/bin/true",))
    assert (ran.heat, ran.throttled) == ((), False)


def test_a_program_that_hangs_is_ended_on_the_phone_too(
    scripted: ScriptedPhone, tmp_path: Path, gone: Asked, alive: Asked
) -> None:
    hang = tool(tmp_path / "hang", {"": Reply("begun", seconds=600)})
    with Phone(link.find(None), "phone", 20.0) as phone:
        program = phone.put(hang, "hang", executable=True)
        phone.timeout_seconds = 1.0
        with pytest.raises(WorkerFailed, match="hang on phone: adb gave no answer within 1 s"):
            phone.start((program,))
        pid = int((scripted.root / RUNNING.lstrip("/") / "pid").read_text())
        assert alive(pid)
    assert gone(pid)
    assert scripted.files == []


def test_what_a_killed_job_left_running_is_ended_by_the_next(
    scripted: ScriptedPhone, tmp_path: Path, gone: Asked, alive: Asked
) -> None:
    hang = tool(tmp_path / "hang", {"": Reply("begun", seconds=600)})
    killed = Phone(link.find(None), "phone", 1.0)
    with pytest.raises(WorkerFailed):
        killed.start((killed.put(hang, "hang", executable=True),))
    pid = int((scripted.root / RUNNING.lstrip("/") / "pid").read_text())
    assert alive(pid)
    with Phone(link.find(None), "phone", 20.0) as phone:
        assert gone(pid)
        phone.put(hang, "hang")
    assert scripted.files == []


def test_a_number_that_was_given_to_another_process_meanwhile_is_let_alone(scripted: ScriptedPhone) -> None:
    running = scripted.root / RUNNING.lstrip("/")
    running.mkdir(parents=True)
    (running / "pid").write_text(str(os.getpid()))
    with Phone(link.find(None), "phone", 20.0):
        pass
    assert scripted.files == []


def test_a_phone_that_is_gone_at_the_end_is_told_and_is_no_failure(scripted: ScriptedPhone, file: Path) -> None:
    with Phone(link.find(None), "phone", 20.0) as phone:
        phone.put(file, "m")
        scripted.change(phones=[])
    assert phone.left.startswith(f"{HOME} on phone could not be cleaned up: the phone SCRIPTED01 went away")


def test_a_file_comes_back(phone: Phone, file: Path, tmp_path: Path) -> None:
    assert phone.get(phone.put(file, "m"), tmp_path / "back").read_bytes() == file.read_bytes()


def test_androids_settings_are_told_and_one_that_is_not_set_is_empty(phone: Phone) -> None:
    told = phone.properties("ro.product.model", "ro.nothing", "ro.build.version.release")
    assert told == {"ro.product.model": "One", "ro.nothing": "", "ro.build.version.release": "14"}
