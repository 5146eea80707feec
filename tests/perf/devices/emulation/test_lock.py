from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.emulation import lock
from edgesense.perf.devices.emulation.lock import Lock, Pin

names = st.from_regex(r"[a-z][a-z0-9.+-]{0,12}", fullmatch=True)
versions = st.from_regex(r"([0-9]:)?[0-9][0-9a-z.+~-]{0,12}", fullmatch=True)
digests = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
pins = st.lists(st.builds(Pin, names, versions, digests), max_size=4, unique_by=lambda pin: pin.name).map(
    lambda found: tuple(sorted(found))
)
locks = st.builds(Lock, st.just("bookworm"), st.just("3.11"), pins, pins)


@given(locks)
def test_a_lock_comes_back_from_its_text_with_the_same_digest(one: Lock) -> None:
    again = lock.parse(lock.render(one))
    assert again == one
    assert again.digest == one.digest


@given(locks)
def test_the_order_of_the_packages_does_not_change_the_digest(one: Lock) -> None:
    turned = replace(one, debian=one.debian[::-1], wheels=one.wheels[::-1])
    assert turned.digest == one.digest


@given(locks, digests)
def test_another_file_of_the_same_version_is_another_sysroot(one: Lock, digest: str) -> None:
    first = replace(one, wheels=(*one.wheels, Pin("zz", "1", "0" * 64)))
    second = replace(one, wheels=(*one.wheels, Pin("zz", "1", digest)))
    assert (first.digest == second.digest) == (digest == "0" * 64)


@given(locks)
def test_a_lock_has_no_changes_to_itself(one: Lock) -> None:
    assert one.changes(one) == ()


def test_changes_name_the_package_and_both_versions() -> None:
    before = Lock("bookworm", "3.11", (Pin("libc6", "1", "a" * 64), Pin("zlib1g", "1", "b" * 64)), ())
    after = Lock("bookworm", "3.11", (Pin("libc6", "2", "c" * 64), Pin("zlib1g", "1", "d" * 64)), ())
    assert before.changes(after) == ("libc6 1 -> 2", "zlib1g 1: another file")


def test_the_committed_lock_pins_what_the_boards_run_and_names_no_host() -> None:
    committed = lock.load()
    pinned = {pin.name: pin.version for pin in committed.wheels}
    assert {"numpy": "1.26.4", "scipy": "1.16.3", "ai-edge-litert": "2.3.0", "tflite-runtime": "2.14.0"}.items() <= (
        pinned.items()
    )
    assert "://" not in lock.LOCK_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("schema = 2", "has schema 2; this release reads 1"),
        ("schema = 1", "lacks 'suite'"),
        ("schema = [", "is damaged"),
        (
            'schema = 1\nsuite = "s"\npython = "3.11"\n[[wheel]]\nname = "n"\nversion = "1"\nsha256 = "12"',
            "no SHA-256 for n",
        ),
    ],
    ids=["newer", "incomplete", "no toml", "short digest"],
)
def test_a_lock_file_that_cannot_be_used_is_refused_with_the_cause(text: str, match: str) -> None:
    with pytest.raises(DeviceUnavailable, match=match):
        lock.parse(text)
