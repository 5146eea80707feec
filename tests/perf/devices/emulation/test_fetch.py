from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import apt, fetch, tools
from edgesense.perf.devices.emulation.lock import Lock, Pin

PIN = Pin("libc6", "2.36-9", "a" * 64)


def nothing(what: str, done: int, total: int) -> None:
    pass


def test_the_pinned_version_is_taken_while_it_is_offered() -> None:
    assert fetch.choose([PIN], {"libc6": ["2.36-10", "2.36-9"]}, "bookworm") == {"libc6": "2.36-9"}


def test_the_newest_is_taken_when_the_pinned_version_is_gone() -> None:
    assert fetch.choose([PIN], {"libc6": ["2.36-11", "2.36-10"]}, "bookworm") == {"libc6": "2.36-11"}


def test_a_package_that_is_offered_no_more_is_named() -> None:
    with pytest.raises(DeviceUnavailable, match="Debian bookworm has no package libc6 for arm64 any more"):
        fetch.choose([PIN], {}, "bookworm")


def test_sources_are_debians_own_at_the_addresses_of_the_host_for_the_wanted_release() -> None:
    listing = (
        "mirror://a/debian/\ttrixie\t/usr/share/keyrings/debian.gpg\n"
        "mirror://a/debian/\ttrixie\t/usr/share/keyrings/debian.gpg\n"
        "mirror://a/security/\ttrixie-security\t$(SIGNED_BY)\n"
        "mirror://b/node/\tnodistro\t$(SIGNED_BY)\n"
        "mirror://c/ubuntu/\tjammy\t$(SIGNED_BY)\n"
    )
    assert apt.derive(listing, "bookworm") == [
        "deb [signed-by=/usr/share/keyrings/debian.gpg] mirror://a/debian/ bookworm main",
        "deb mirror://a/security/ bookworm-security main",
    ]


def test_a_mirror_that_is_named_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(apt.MIRROR_VARIABLE, "mirror://mine")
    assert apt.sources("bookworm") == "deb mirror://mine bookworm main\n"


def test_a_host_whose_apt_knows_no_debian_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(apt.MIRROR_VARIABLE, raising=False)
    monkeypatch.setattr(apt, "run", lambda *_: "mirror://c/ubuntu/\tjammy\t\n")
    with pytest.raises(DeviceUnavailable, match="EDGESENSE_DEBIAN_MIRROR"):
        apt.sources("bookworm")


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ("E: Temporary failure resolving 'archive'", "no network.*run the same command again"),
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "another SHA-256"),
        ("E: Hash Sum mismatch", "another SHA-256"),
        ("something else", "the tool failed"),
    ],
)
def test_a_failed_download_says_why_in_plain_words(output: str, cause: str) -> None:
    error = tools.explain("numpy", f"first line\n{output}\n")
    assert str(error).startswith("cannot fetch numpy: ")
    with pytest.raises(DeviceUnavailable, match=cause):
        raise error


def test_a_tool_that_is_not_there_is_named() -> None:
    with pytest.raises(DeviceUnavailable, match="no-such-tool is not on this computer"):
        tools.run(["no-such-tool"], "anything")


def test_files_of_an_interrupted_setup_are_used_again_without_any_network(tmp_path: Path) -> None:
    (tmp_path / "libc6_2.36-9_arm64.deb").write_bytes(b"deb")
    (tmp_path / "ai_edge_litert-2.3.0-cp311.whl").write_bytes(b"whl")
    debian = Pin("libc6", "2.36-9", hashlib.sha256(b"deb").hexdigest())
    wheel = Pin("ai-edge-litert", "2.3.0", hashlib.sha256(b"whl").hexdigest())
    lock = Lock("bookworm", "3.11", (debian,), (wheel,))
    assert fetch.debian(lock, tmp_path, nothing) == [(debian, tmp_path / "libc6_2.36-9_arm64.deb")]
    wheels = fetch.wheels(lock.wheels, tmp_path, "3.11", "aarch64", nothing)
    assert wheels == [(wheel, tmp_path / "ai_edge_litert-2.3.0-cp311.whl")]


def test_a_half_downloaded_wheel_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "numpy-1.26.4-cp311.whl").write_bytes(b"half")
    wheel = Pin("numpy", "1.26.4", hashlib.sha256(b"whole").hexdigest())
    asked: list[Pin] = []

    def fetched(pins: list[Pin], into: Path, python: str, machine: str) -> None:
        assert (python, machine) == ("3.11", "aarch64")
        asked.extend(pins)
        (into / "numpy-1.26.4-cp311.whl").write_bytes(b"whole")

    monkeypatch.setattr(fetch, "fetch_wheels", fetched)
    assert fetch.wheels([wheel], tmp_path, "3.11", "aarch64", nothing)[0][0] == wheel
    assert asked == [wheel]


def test_a_package_with_another_digest_is_thrown_away_and_both_digests_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Archive:
        def __init__(self, home: Path, suite: str) -> None:
            self.home = home

        def update(self) -> None:
            pass

        def versions(self, names: list[str]) -> dict[str, list[str]]:
            return {name: ["2.36-9"] for name in names}

        def download(self, wanted: list[tuple[str, str]], into: Path) -> None:
            (into / "libc6_2.36-9_arm64.deb").write_bytes(b"other")

    monkeypatch.setattr(fetch, "Apt", Archive)
    with pytest.raises(
        DeviceUnavailable, match=f"wanted {'a' * 64}\n    came   {hashlib.sha256(b'other').hexdigest()}"
    ):
        fetch.debian(Lock("bookworm", "3.11", (PIN,), ()), tmp_path, nothing)
    assert not (tmp_path / "libc6_2.36-9_arm64.deb").exists()


def test_a_full_disk_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match=r"the disk is full.*EDGESENSE_CACHE"):
        fetch.room(tmp_path, 2**62)
