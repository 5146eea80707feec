from __future__ import annotations

import errno
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import fetch, sysroot
from edgesense.perf.devices.emulation.lock import Pin
from edgesense.perf.devices.emulation.sysroot import Sysroot


def nothing(what: str, done: int, total: int) -> None:
    pass


def wheel(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "content")
    return path


@pytest.fixture
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the downloads be one small wheel."""
    made = wheel(tmp_path / "small-1.whl", "small/__init__.py", "small/tests/test_small.py")

    def use(pin: Pin = Pin("small", "1", "0" * 64)) -> None:  # noqa: B008 - a frozen record
        monkeypatch.setattr(fetch, "debian", lambda *_: [])
        monkeypatch.setattr(fetch, "wheels", lambda *_: [(pin, made)])

    use()
    return use


def test_a_wheel_is_unpacked_without_its_tests(tmp_path: Path) -> None:
    sysroot.unpack_wheel(wheel(tmp_path / "a.whl", "a/__init__.py", "a/tests/b.py"), tmp_path / "site")
    assert [path.name for path in (tmp_path / "site").rglob("*.py")] == ["__init__.py"]


@pytest.mark.parametrize("name", ["../outside.py", "/outside.py", "a/../../outside.py"])
def test_a_wheel_with_a_file_outside_of_itself_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DeviceUnavailable, match="a file outside of itself"):
        sysroot.unpack_wheel(wheel(tmp_path / "a.whl", name), tmp_path / "site")


def test_a_file_that_is_no_package_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.deb").write_bytes(b"no package")
    with pytest.raises(DeviceUnavailable, match=r"cannot fetch broken\.deb"):
        sysroot.unpack_debian(tmp_path / "broken.deb", tmp_path / "root")


@pytest.mark.usefixtures("fetched")
def test_a_built_sysroot_is_found_again_and_knows_what_it_is_made_of() -> None:
    assert sysroot.find() is None
    built = sysroot.build(nothing, lambda _: None)
    again = sysroot.find()
    assert again == built
    assert again.made_of.wheels == (Pin("small", "1", "0" * 64),)
    assert "numpy 1.26.4 -> absent" in again.changes()


def test_another_package_gives_another_digest(fetched: Callable[..., None]) -> None:
    first = sysroot.build(nothing, lambda _: None).digest
    fetched(Pin("small", "2", "1" * 64))
    (sysroot.home() / sysroot.MANIFEST).unlink()
    assert sysroot.build(nothing, lambda _: None).digest != first


@pytest.mark.usefixtures("fetched")
def test_an_interrupted_build_leaves_no_sysroot_and_the_next_one_succeeds() -> None:
    def interrupted(_: Sysroot) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sysroot.build(nothing, interrupted)
    assert sysroot.find() is None
    assert sysroot.build(nothing, lambda _: None) == sysroot.find()


@pytest.mark.usefixtures("fetched")
def test_what_is_there_is_not_built_again() -> None:
    sysroot.build(nothing, lambda _: None)

    def again(_: Sysroot) -> None:
        pytest.fail("built a second time")

    sysroot.build(nothing, again)


@pytest.mark.usefixtures("fetched")
def test_a_sysroot_without_a_place_for_byte_code_is_of_an_earlier_release_and_built_anew() -> None:
    built = sysroot.build(nothing, lambda _: None)
    (built.root / sysroot.BYTECODE).rmdir()
    assert sysroot.find() is None
    assert sysroot.build(nothing, lambda _: None) == built == sysroot.find()


@pytest.mark.usefixtures("fetched")
def test_the_sysroot_hides_the_hosts_own_python_packages_and_library_cache() -> None:
    root = sysroot.build(nothing, lambda _: None).root
    assert (root / "usr/lib/python3/dist-packages").is_dir()
    assert (root / "etc/ld.so.cache").read_bytes() == b""


@pytest.mark.usefixtures("fetched")
def test_a_disk_that_fills_up_on_the_way_is_told() -> None:
    def full(_: Sysroot) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DeviceUnavailable, match="the disk is full"):
        sysroot.build(nothing, full)
