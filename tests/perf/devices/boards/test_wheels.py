from __future__ import annotations

import tomllib

import pytest

from edgesense.errors import DeviceUnavailable
from edgesense.perf.devices.boards import wheels
from edgesense.perf.devices.emulation import lock

UNKNOWN = [("3.9", "aarch64"), ("3.11", "armv7l"), ("3.11", "aarch64 with a 32-bit Python")]


def test_the_lock_file_is_what_would_be_written_of_it() -> None:
    text = wheels.LOCK_FILE.read_text(encoding="utf-8")
    assert wheels.render(wheels.targets()) == text
    assert tomllib.loads(text)["target"]


def test_a_board_with_the_emulated_boards_python_gets_the_same_wheels() -> None:
    emulated = lock.load()
    pins = {pin for pin in wheels.target(emulated.python, "aarch64", "pi-1").pins if pin.name != "py-spy"}
    assert pins == set(emulated.wheels)


@pytest.mark.parametrize("one", wheels.targets(), ids=lambda one: f"{one.python}-{one.machine}")
def test_each_kind_of_board_gets_numpy_and_a_runtime(one: wheels.Target) -> None:
    assert {"numpy", "ai-edge-litert"} <= {pin.name for pin in one.pins}
    assert {"numpy", "scipy.fft", "ai_edge_litert.interpreter"} <= set(one.imports)


def test_no_two_environments_have_one_name() -> None:
    assert len({one.digest for one in wheels.targets()}) == len(wheels.targets())


@pytest.mark.parametrize(("python", "machine"), UNKNOWN)
def test_a_board_that_no_wheels_are_pinned_for_is_told_which_there_are(python: str, machine: str) -> None:
    with pytest.raises(DeviceUnavailable) as error:
        wheels.target(python, machine, "pi@pi-1.local")
    said = str(error.value)
    assert said.startswith(f"pi@pi-1.local has Python {python} on {machine}, for which EdgeSense pins no wheels")
    assert "3.11 on aarch64" in said
    assert "environment =" in said
