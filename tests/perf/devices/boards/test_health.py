from __future__ import annotations

import pytest

from edgesense.perf.devices.boards import health
from edgesense.perf.devices.boards.health import Health

QUIET = {"governors": ["performance"] * 4, "hertz": [1.5e9] * 4, "celsius": 48.3, "throttled": "throttled=0x0"}
TEXTS = [("throttled=0x0", 0), ("throttled=0x50005", 0x50005), (None, None), ("", None), ("VCHI failed", None)]


@pytest.mark.parametrize(("text", "bits"), TEXTS)
def test_the_firmwares_answer_is_read(text: str | None, bits: int | None) -> None:
    assert Health.read({**QUIET, "throttled": text}).throttled == bits


@pytest.mark.parametrize(("bit", "what"), health.NOW.items())
def test_each_state_of_now_discards_what_is_measured(bit: int, what: str) -> None:
    quiet, slow = Health(throttled=0), Health(throttled=1 << bit)
    assert health.slowed(quiet, slow) == f"{what} after it was measured"
    assert health.slowed(slow, quiet) == f"{what} before it was measured"


@pytest.mark.parametrize(("bit", "what"), health.NOW.items())
def test_what_happened_meanwhile_counts_and_what_happened_before_does_not(bit: int, what: str) -> None:
    quiet, earlier = Health(throttled=0), Health(throttled=1 << bit + 16)
    assert health.slowed(quiet, earlier) == f"{what} while it was measured"
    assert health.slowed(earlier, earlier) is None
    assert what in health.notes(earlier)[0]


def test_a_board_without_such_a_firmware_is_not_suspected() -> None:
    assert health.slowed(Health(), Health()) is None
    assert health.slowed(Health(throttled=0), Health(throttled=0)) is None


def test_what_may_move_the_clock_is_noted() -> None:
    one = Health.read({**QUIET, "governors": ["ondemand", "performance"]})
    assert health.notes(one) == (
        "governor ondemand: the clock follows the load, which `performance` would not",
        "48 °C",
    )
    assert health.notes(Health()) == ()
