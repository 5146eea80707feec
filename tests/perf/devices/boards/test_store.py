from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from edgesense.perf.devices.boards.onboard import store as stores
from edgesense.perf.devices.boards.onboard.store import Refused, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "board"))


def kept(store: Store, content: bytes) -> str:
    digest = sha256(content).hexdigest()
    store.put(digest, content)
    return digest


def test_only_what_is_missing_is_asked_for(store: Store) -> None:
    here, away = kept(store, b"here"), "f" * 64
    store.grow("tree-1", {"pkg/a.py": here})
    assert store.missing([here, away], ["tree-1", "tree-2"]) == {"files": [away], "trees": ["tree-2"]}


def test_a_folder_has_each_file_under_its_name(store: Store) -> None:
    one, other = kept(store, b"one"), kept(store, b"other")
    place = store.grow("code", {"pkg/a.py": one, "pkg/sub/b.py": other, "pkg/c.py": one})
    assert {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()} == {
        "pkg/a.py": b"one",
        "pkg/c.py": b"one",
        "pkg/sub/b.py": b"other",
    }


def test_a_folder_that_cannot_be_whole_is_not_there(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.grow("code", {"a.py": kept(store, b"one"), "b.py": "f" * 64})
    assert list((store.base / "trees").iterdir()) == []


def test_seats_have_names_of_one_length_and_files_of_their_own(store: Store) -> None:
    model = kept(store, b"model")
    tree = str(store.grow("code", {"pkg/a.py": kept(store, b"code")}))
    seats = [
        store.seat({"models/m.tflite": model}, {"src/pkg": f"{tree}/pkg"}, {"other": f"{tree}/pkg"}, copied=True)
        for _ in range(12)
    ]
    assert len({len(seat["project"]) for seat in seats}) == 1
    files = [Path(seat["project"], "models/m.tflite") for seat in seats]
    assert len({path.stat().st_ino for path in [*files, store.path(model)]}) == 13
    assert Path(seats[0]["project"], "src/pkg/a.py").read_bytes() == b"code"
    assert Path(seats[0]["beside"], "other/a.py").read_bytes() == b"code"


def test_a_seat_that_is_not_copied_costs_no_room(store: Store) -> None:
    model = kept(store, b"model")
    seat = store.seat({"m.tflite": model}, {}, {}, copied=False)
    assert Path(seat["project"], "m.tflite").samefile(store.path(model))


def test_a_run_that_was_ended_by_force_is_cleaned_up_by_the_next_and_a_living_one_is_not(tmp_path: Path) -> None:
    first = Store(str(tmp_path))
    (tmp_path / "runs" / "run-left").mkdir()
    (tmp_path / "objects" / "abc.partial-999999999").write_bytes(b"half")
    (tmp_path / "trees" / "env.partial-999999999").mkdir()
    mine = tmp_path / "objects" / f"abc.partial-{os.getpid()}"
    mine.write_bytes(b"half")
    second = Store(str(tmp_path))
    assert sorted((tmp_path / "runs").iterdir()) == sorted([first.scratch, second.scratch])
    assert list((tmp_path / "objects").iterdir()) == [mine]
    assert list((tmp_path / "trees").iterdir()) == []


def test_what_was_not_used_for_long_is_tidied_away_and_what_a_folder_has_stays(store: Store) -> None:
    old, linked, fresh = (kept(store, name) for name in (b"old", b"linked", b"fresh"))
    store.grow("old", {"a": old})
    store.grow("kept", {"a": linked})
    long_ago = time.time() - 1000
    for path in (store.path(old), store.path(linked), store.tree("old")):
        os.utime(path, (long_ago, long_ago))
    store.tidy(500)
    assert not store.tree("old").exists()
    assert not store.path(old).exists()
    assert store.path(linked).exists()
    assert store.path(fresh).exists()


def wheel(path: Path, *names: str) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return path.read_bytes()


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py"])
def test_a_wheel_that_points_outside_is_refused(name: str, tmp_path: Path) -> None:
    wheel(tmp_path / "bad.whl", "good.py", name)
    with zipfile.ZipFile(tmp_path / "bad.whl") as archive, pytest.raises(Refused, match="a file outside of itself"):
        stores.unpack(archive, str(tmp_path / "site"), tmp_path / "bin")
    assert not (tmp_path / "outside.py").exists()


def test_an_environment_imports_what_it_is_made_of(store: Store, tmp_path: Path) -> None:
    digest = kept(store, wheel(tmp_path / "a.whl", "mine/__init__.py", "mine/tests/test_a.py"))
    python = store.environment("env", sys.executable, [digest], ["mine"])
    assert subprocess.run([python, "-c", "import mine"], check=False).returncode == 0
    assert not list(store.tree("env").rglob("test_a.py"))
    assert store.environment("env", "/not/asked/again", [], []) == python


def test_an_environment_that_does_not_work_is_not_there(store: Store, tmp_path: Path) -> None:
    digest = kept(store, wheel(tmp_path / "a.whl", "mine.py"))
    with pytest.raises(Refused, match=r"the board's Python cannot import its packages: .*No module named 'other'"):
        store.environment("env", sys.executable, [digest], ["mine", "other"])
    assert list((store.base / "trees").iterdir()) == []


def test_a_run_that_is_just_beginning_is_not_cleaned_up_by_another(tmp_path: Path) -> None:
    begun: list[Store] = []

    def begin() -> None:
        begun.extend(Store(str(tmp_path)) for _ in range(20))

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(begun) == 80
    assert sorted((tmp_path / "runs").iterdir()) == sorted(one.scratch for one in begun)


def test_a_wheels_programs_stand_beside_the_environments_python(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "tool.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tool-1.data/scripts/tool", "#!/bin/sh\necho here\n")
    python = store.environment("env", sys.executable, [kept(store, path.read_bytes())], ["sys"])
    assert subprocess.run([python.with_name("tool")], check=False, capture_output=True).stdout == b"here\n"


def test_what_a_worker_left_is_handed_over_once(store: Store) -> None:
    (store.scratch / "product").write_bytes(b"flames")
    assert store.product("product") == b"flames"
    with pytest.raises(Refused, match="the run on the board left no product"):
        store.product("product")


def test_nothing_outside_of_the_runs_own_place_is_handed_over(store: Store) -> None:
    (store.scratch.parent / "secret").write_bytes(b"of another run")
    with pytest.raises(Refused, match="the run on the board left no secret"):
        store.product("../secret")


def test_what_is_too_large_to_travel_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "PRODUCT_AT_MOST", 3)
    (store.scratch / "product").write_bytes(b"flames")
    with pytest.raises(Refused, match="product is too large to be brought back: 6 bytes"):
        store.product("product")
