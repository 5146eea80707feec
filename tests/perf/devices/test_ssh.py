from __future__ import annotations

import getpass
import os
import random
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from _loopback import WAITS, together

from edgesense.errors import DeviceUnavailable, PipelineError, SettingsError, WorkerFailed
from edgesense.perf import devices, gate, locks, measure, pairs
from edgesense.perf.devices.boards import farm
from edgesense.perf.devices.boards.openssh import Address
from edgesense.perf.devices.ssh import Ssh
from edgesense.perf.interfaces import LeasingDevice, PairingDevice
from edgesense.perf.project import Project
from edgesense.perf.records import Job, Known
from edgesense.perf.sessions import Session
from edgesense.testing import tiny_model

Boards = Callable[..., Any]
LIMITS = ("latency_ms", "rss_mb", "size_kb")


def declared(text: str, root: Path) -> Ssh:
    said = tomllib.loads(text)["tool"]["edgesense"]["devices"]
    (device,) = devices.declared(Project(root, devices=said))
    assert isinstance(device, Ssh)
    return device


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "project"
    made.mkdir()
    return made


@pytest.fixture
def job(root: Path) -> Job:
    return Job(tiny_model(root / "tiny.tflite").name, root, LIMITS, seconds=0.1)


def factory(root: Path, seconds: float = 0.001, more: str = "") -> Job:
    (root / "mine").mkdir()
    (root / "mine" / "__init__.py").write_text(WAITS.format(seconds=seconds) + more, encoding="utf-8")
    return Job("mine:Waits", root, ("latency_ms", "acc"), ship=("mine",), sys_path=(str(root),), seconds=0.1)


def left(board: Any) -> list[str]:
    """Return what is left on a board of runs, of workers and of what is not whole."""
    for _ in range(100):
        found = [str(path) for path in board.directory.glob("runs/*")] + board.running()
        found += [str(path) for path in board.directory.glob("*/*.partial-*")]
        if not found:
            return []
        time.sleep(0.05)
    return found


def test_a_fresh_board_gets_an_environment_and_measures(board: Any, job: Job, tmp_path: Path) -> None:
    device = declared(board.declared(profile="pi4"), tmp_path)
    said = device.set_up(lambda what, done, total: None)
    assert said.summary.startswith(f"{getpass.getuser()}@127.0.0.1: Python 3.")
    found = measure.measure(device, job)
    assert not found.missing
    assert {name: one.known for name, one in found.readings.items()} == {
        "latency_ms": Known.MEASURED,
        "rss_mb": Known.MEASURED,
        "size_kb": Known.EXACT,
    }
    assert found.fingerprint["board"] == "pi4"
    assert found.fingerprint["runtime"].startswith("litert")
    assert found.environment["OMP_WAIT_POLICY"] == "PASSIVE"
    assert left(board) == []


def test_nothing_is_sent_twice(board: Any, job: Job, tmp_path: Path) -> None:
    device = declared(board.quick, tmp_path)
    measure.measure(device, job)
    before = {path: path.stat().st_ctime_ns for path in (board.directory / "objects").iterdir()}
    trees = sorted((board.directory / "trees").iterdir())
    measure.measure(device, job)
    assert sorted((board.directory / "trees").iterdir()) == trees
    assert {path.name for path in (board.directory / "objects").iterdir()} == {path.name for path in before}


def test_a_factory_runs_with_what_the_project_ships(board: Any, root: Path, tmp_path: Path) -> None:
    found = measure.measure(declared(board.quick, tmp_path), factory(root))
    assert found.readings["latency_ms"].value > 0.001
    assert found.readings["acc"].value == 0.5
    assert found.readings["acc"].known is Known.EXACT


def test_a_part_of_a_folder_travels_and_lies_as_deep_there(board: Any, root: Path, tmp_path: Path) -> None:
    (root / "deep/data/one").mkdir(parents=True)
    (root / "deep/data/one/said.txt").write_text("here", encoding="utf-8")
    reads = "(__import__('pathlib').Path(__file__).parent / 'data/one/said.txt').read_text()"
    (root / "deep/made.py").write_text(f"{WAITS.format(seconds=0.001)}\nassert {reads} == 'here'\n", encoding="utf-8")
    ships = ("deep/made", "deep/data/one")
    found = measure.measure(
        declared(board.quick, tmp_path),
        Job("deep.made:Waits", root, ("latency_ms",), ship=ships, sys_path=(str(root),), seconds=0.1),
    )
    assert found.readings["latency_ms"].value > 0.001


def test_a_factory_whose_code_does_not_travel_is_refused(board: Any, root: Path, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r'put ship = \["mine"\]'):
        measure.measure(declared(board.quick, tmp_path), replace(factory(root), ship=()))
    assert left(board) == []


def test_a_pipeline_that_lies_elsewhere_is_measured_too(board: Any, job: Job, tmp_path: Path) -> None:
    elsewhere = replace(job, root=tmp_path / "cache", workload=str(job.root / job.workload), metrics=("size_kb",))
    found = measure.measure(declared(board.quick, tmp_path), elsewhere)
    assert found.readings["size_kb"].value == (job.root / job.workload).stat().st_size


def test_what_it_is_made_of_is_the_same_there_as_here(board: Any, root: Path, tmp_path: Path) -> None:
    job = replace(factory(root), project=root, bounds=(("latency_ms", 1.0),))
    there, here = (measure.measure(one, job) for one in (declared(board.quick, tmp_path), devices.find("host")))
    assert there.origin == here.origin
    assert there.origin is not None
    assert there.origin.source


def test_two_pipelines_are_compared_on_the_board(board: Any, root: Path, tmp_path: Path) -> None:
    job = replace(factory(root, seconds=0.002), project=root)
    device = declared(board.quick, tmp_path)
    assert isinstance(device, PairingDevice)
    assert isinstance(device, LeasingDevice)
    with measure.held(device) as here:
        found = pairs.compare(here, pairs.Arms(job, job), {"calls": gate.Rule()}, tmp_path / "scratch")["calls"]
    assert len(found.baseline) == len(found.candidate) >= 3
    assert all(value > 0.002 for value in (*found.baseline, *found.candidate))
    assert left(board) == []


def test_a_pipelines_files_are_written_anew_on_the_board_and_not_here(
    board: Any, job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = job.root / job.workload
    before = model.stat()
    device = declared(board.quick, tmp_path)
    assert isinstance(device, LeasingDevice)
    monkeypatch.setattr(pairs, "BLOCKS", 2)
    done: list[str] = []
    real = Session.do

    def noted(session: Session, what: str, **details: Any) -> dict[str, Any]:
        done.append(what)
        return real(session, what, **details)

    monkeypatch.setattr(Session, "do", noted)
    chance = random.Random(1)  # noqa: S311 - no secret
    with measure.held(device) as here:
        pairs.pair(here, pairs.Arms(job, job), ["calls"], tmp_path / "scratch", chance)
    assert done.count("move") == 2 + 2 * 2
    assert (model.stat().st_ino, model.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert left(board) == []


def test_energy_of_a_board_without_a_meter_is_predicted_from_its_profile(
    board: Any, root: Path, tmp_path: Path
) -> None:
    job = replace(factory(root, seconds=0.005), metrics=("battery_h", "energy_mj", "latency_ms"))
    said = board.declared(environment=sys.executable, profile="pi4")
    found = measure.measure(declared(said, tmp_path), job)
    if "energy_mj" in found.readings and found.readings["energy_mj"].known is Known.MEASURED:
        pytest.skip("this computer has a power meter")
    time_taken, energy = found.readings["latency_ms"], found.readings["energy_mj"]
    assert energy.known is Known.PREDICTED
    # A Pi 4 takes 2.5 to 7.2 W.
    assert 2.5 * time_taken.low <= energy.low <= energy.high <= 7.2 * time_taken.high
    assert "hop_seconds" in found.missing["battery_h"].reason


def test_energy_without_a_meter_and_a_profile_is_not_known(board: Any, root: Path, tmp_path: Path) -> None:
    job = replace(factory(root, seconds=0.005), metrics=("energy_mj", "latency_ms"))
    device = declared(board.quick, tmp_path)
    assert device.implied(["energy_mj"]) == ("latency_ms",)
    found = measure.measure(device, job)
    if "energy_mj" in found.readings:
        pytest.skip("this computer has a power meter")
    assert found.missing["energy_mj"].reason


def test_a_session_alone_holds_its_board_until_it_ends(board: Any, root: Path, tmp_path: Path) -> None:
    device = declared(board.quick, tmp_path)
    with device.session(factory(root), {"series": ["calls"]}) as session:
        assert session.opened()["open"] is True
        assert len(session.do("block", calls=2)["series"]["calls"]) == 2
    assert left(board) == []


def test_a_crash_is_told_with_its_last_words(board: Any, root: Path, tmp_path: Path) -> None:
    job = factory(root, more="import os\nos.write(2, b'no such sensor')\nos.abort()\n")
    with pytest.raises(WorkerFailed, match=r"was ended by SIGABRT and gave no answer:\n    no such sensor"):
        measure.measure(declared(board.quick, tmp_path), job)
    assert left(board) == []


def test_a_hung_worker_is_ended_within_its_time(board: Any, root: Path, tmp_path: Path) -> None:
    job = replace(factory(root, seconds=600), timeout_seconds=2)
    began = time.monotonic()
    with pytest.raises(WorkerFailed, match="gave no answer within 2 s and was ended"):
        measure.measure(declared(board.quick, tmp_path), job)
    assert time.monotonic() - began < 60
    assert left(board) == []


# What is refused before anything runs.


def test_a_host_key_that_is_not_known_is_never_accepted(board: Any, job: Job, tmp_path: Path) -> None:
    (tmp_path / "nobody").write_text("")
    device = declared(board.declared(known_hosts=str(tmp_path / "nobody")), tmp_path)
    said = f"accept it once with `ssh -p {board.port} {getpass.getuser()}@127.0.0.1`"
    with pytest.raises(DeviceUnavailable, match=said):
        measure.measure(device, job)
    assert (tmp_path / "nobody").read_text() == ""
    assert not board.directory.exists()


def test_a_host_key_that_changed_is_told_as_such(boards: Boards, job: Job, tmp_path: Path) -> None:
    one, other = boards("one"), boards("other")
    known = other.known_hosts.read_text().replace(str(other.port), str(one.port))
    one.known_hosts.write_text(known)
    with pytest.raises(DeviceUnavailable, match="its host key is another one than before"):
        measure.measure(declared(one.quick, tmp_path), job)


def test_a_key_that_is_not_accepted_is_told_with_what_to_do(boards: Boards, job: Job, tmp_path: Path) -> None:
    one, other = boards("one"), boards("other")
    device = declared(one.declared(key=str(other.key)), tmp_path)
    with pytest.raises(DeviceUnavailable, match=r"it accepts none of your keys .*ssh-copy-id"):
        measure.measure(device, job)


def test_a_board_that_is_switched_off_is_told(job: Job, board: Any, tmp_path: Path) -> None:
    device = declared(board.quick, tmp_path)
    board.cut(off=True)
    with pytest.raises(DeviceUnavailable, match=f"no SSH server runs on port {board.port}"):
        measure.measure(device, job)


def test_a_key_that_is_not_there_is_named_when_the_board_is_used(board: Any, job: Job, tmp_path: Path) -> None:
    device = declared(board.declared(key="/no/such/key"), tmp_path)
    with pytest.raises(DeviceUnavailable, match=r"127\.0\.0\.1: there is no file /no/such/key"):
        measure.measure(device, job)


def test_an_old_python_is_told_so(board: Any, job: Job, tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho '[[3, 9, 2], 64]'\n")
    old.chmod(0o755)
    with pytest.raises(DeviceUnavailable, match=r"has Python 3\.9, and EdgeSense needs 3\.11 or newer"):
        measure.measure(declared(board.declared(python=str(old)), tmp_path), job)


def test_a_python_that_is_not_there_is_named(board: Any, job: Job, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="there is no Python /no/such/python on the board"):
        measure.measure(declared(board.declared(python="/no/such/python"), tmp_path), job)


WRONG = [
    ('hosts = "pi-1"', "hosts is to be a list of boards"),
    ("hosts = []", "hosts is to be a list of boards"),
    ('hosts = ["pi-1", "pi-1"]', "a board is named twice in hosts"),
    ('hosts = ["pi@"]', "'pi@' is no host"),
    ('hosts = ["pi-1"]\nprofile = "pi44"', "unknown profile 'pi44': did you mean pi4?"),
    ('hosts = ["pi-1"]\nkey = 7', "key = 7: a text is wanted"),
    ('host = ["pi-1"]', "there is no host: did you mean hosts?"),
    ('hosts = ["pi-1"]\npython = "a"\nenvironment = "b"', "not both"),
]


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_a_declaration_that_cannot_be_meant_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        declared(f'[tool.edgesense.devices.lab-pi]\nkind = "ssh"\n{text}\n', tmp_path)
    assert str(error.value).startswith("pyproject.toml: [tool.edgesense.devices.lab-pi]: ")
    assert said in str(error.value)


# Boards that fail meanwhile.


def meanwhile(board: Any, when: Callable[[], bool], what: Callable[[], None]) -> threading.Thread:
    """Do something to a board as soon as something holds."""

    def wait() -> None:
        for _ in range(600):
            if when():
                what()
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def measuring(board: Any) -> bool:
    return any("edgesense.perf.worker" in command for command in board.running())


def test_a_cut_connection_is_tried_again_and_noted(board: Any, root: Path, tmp_path: Path) -> None:
    job = replace(factory(root, seconds=0.05), seconds=2.0)
    thread = meanwhile(board, lambda: measuring(board), board.cut)
    found = measure.measure(declared(board.quick, tmp_path), job)
    thread.join()
    assert "latency_ms" in found.readings
    assert any("measured a second time" in note for note in found.notes)
    assert left(board) == []


def test_a_board_that_goes_away_for_good_fails_the_measurement_and_holds_no_lock(
    board: Any, root: Path, tmp_path: Path
) -> None:
    job = replace(factory(root, seconds=0.05), seconds=2.0)

    thread = meanwhile(board, lambda: measuring(board), lambda: board.cut(off=True))
    with pytest.raises(DeviceUnavailable, match=r"no SSH server runs|the connection was lost"):
        measure.measure(declared(board.quick, tmp_path), job)
    thread.join()
    assert left(board) == []
    with locks.hold(farm._lock(Address.parse(board.host))):
        pass


@pytest.mark.parametrize("slow", [1, 30])
def test_rounds_that_were_throttled_are_discarded_and_too_many_are_inconclusive(
    slow: int, boards: Boards, root: Path, tmp_path: Path
) -> None:
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    count = tmp_path / "asked"
    # Quiet at first; throttled from the second question on, for as many rounds as wanted.
    firmware = bin_folder / "vcgencmd"
    firmware.write_text(
        f"#!/bin/sh\necho x >> {count}\n"
        f"n=$(wc -l < {count})\n"
        f"[ $n -ge 3 ] && [ $n -lt {2 + 2 * slow} ] && echo throttled=0x4 || echo throttled=0x0\n"
    )
    firmware.chmod(0o755)
    board = boards("pi", SetEnv=f"PATH={bin_folder}:{os.environ['PATH']}")
    found = measure.measure(declared(board.quick, tmp_path), replace(factory(root), metrics=("latency_ms",)))
    assert any(note.startswith("discarded") and "throttled" in note for note in found.notes)
    if slow == 1:
        assert found.readings["latency_ms"].value > 0
        assert "discarded 1 of 3 rounds: throttled after it was measured" in found.notes
    else:
        assert found.missing["latency_ms"].reason == "throttled: throttled before it was measured, 3 of 3 rounds"


def test_a_throttled_pair_is_a_lost_pair(boards: Boards, root: Path, tmp_path: Path) -> None:
    firmware = tmp_path / "bin" / "vcgencmd"
    firmware.parent.mkdir()
    firmware.write_text("#!/bin/sh\necho throttled=0x1\n")
    firmware.chmod(0o755)
    board = boards("pi", SetEnv=f"PATH={firmware.parent}:{os.environ['PATH']}")
    job = factory(root)
    with measure.held(declared(board.quick, tmp_path)) as here, pytest.raises(WorkerFailed, match="under-voltage"):
        pairs.compare(here, pairs.Arms(job, job), {"calls": gate.Rule()}, tmp_path / "scratch")


# A farm.


def test_a_farm_measures_on_as_many_boards_as_are_free_and_never_two_on_one(
    boards: Boards, root: Path, tmp_path: Path
) -> None:
    made = [boards(name) for name in ("one", "two")]
    device = replace(declared(together(*made), tmp_path), name="farm")
    used, held = [], []
    lock = threading.Lock()
    # Nobody goes on before two have a board at the same time.
    both = threading.Barrier(2, timeout=60)

    def hold() -> None:
        with device.lease() as board:
            port = board.board.link._process.args[-6]  # type: ignore[index]
            with lock:
                assert port not in used
                used.append(port)
                held.append(port)
            both.wait()
            with lock:
                used.remove(port)

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(held) == 6
    assert len(set(held)) == 2


def test_a_board_that_is_off_is_passed_over_and_named(boards: Boards, job: Job, tmp_path: Path) -> None:
    off, on = boards("off"), boards("on")
    device = declared(together(off, on), tmp_path)
    off.cut(off=True)
    found = measure.measure(device, replace(job, metrics=("size_kb",)))
    assert any("not used" in note and "no SSH server runs" in note for note in found.notes)


def test_a_farm_that_is_off_names_each_boards_reason(boards: Boards, job: Job, tmp_path: Path) -> None:
    made = [boards("one"), boards("two")]
    device = declared(together(*made), tmp_path)
    for one in made:
        one.cut(off=True)
    with pytest.raises(DeviceUnavailable, match=r"none of the 2 boards of lab-pi can be used: .*; "):
        measure.measure(device, job)


def test_a_board_that_goes_away_is_replaced_by_another(boards: Boards, root: Path, tmp_path: Path) -> None:
    made = [boards("one"), boards("two")]
    device = declared(together(*made), tmp_path)

    def off() -> None:
        (one,) = [one for one in made if measuring(one)]
        one.cut(off=True)

    thread = meanwhile(made[0], lambda: any(measuring(one) for one in made), off)
    found = measure.measure(device, replace(factory(root, seconds=0.05), seconds=2.0))
    thread.join()
    assert "latency_ms" in found.readings
    assert any("measured a second time" in note for note in found.notes)


HOLDER = """
import sys
from edgesense.perf import locks
with locks.hold("some-board"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_locks_of_one_machine_are_seen_by_every_user_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # Two users have two caches; without a choice of their own both know the machine's lock.
    monkeypatch.delenv("EDGESENSE_CACHE")
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "theirs")}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "mine"))
        from contextlib import ExitStack

        with ExitStack() as stack:
            assert not locks.take("some-board", stack)
            assert locks.take("another-board", stack)
        other.communicate("go\n", timeout=30)
        with ExitStack() as stack:
            assert locks.take("some-board", stack)
