from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import NotMeasured, SettingsError
from edgesense.perf import energy, profiles
from edgesense.perf.energy import Power, Rhythm
from edgesense.perf.records import Known, Reading

BOARD = {"cores": 4, "idle_watts": [2.0, 2.5, 3.0], "load_watts": [6.0, 6.5, 7.0], "battery_wh": 37}
POWER = Power((2.0, 2.0, 2.0), (4.0, 4.0, 4.0), "a test")
positive = st.floats(1e-3, 1e3)
ranges = st.tuples(positive, positive, positive).map(lambda ends: tuple(sorted(ends)))


def profile(**other: object) -> profiles.Profile:
    return profiles.Profile("mine", {key: value for key, value in {**BOARD, **other}.items() if value is not None})


def seconds(low: float, value: float, high: float) -> Reading:
    return Reading(value, low, high, Known.PREDICTED)


def test_one_of_four_threads_takes_a_quarter_of_what_work_adds_at_the_least_and_all_of_it_at_the_most() -> None:
    power = energy.of_profile(profile(), threads=1)
    assert power.idle == (2.0, 2.5, 3.0)
    assert power.active == (2.0 + 4.0 / 4, 2.5 + 4.0 * 5 / 8, 7.0)


def test_as_many_threads_as_cores_take_what_the_profile_says() -> None:
    assert energy.of_profile(profile(), threads=4).active == (6.0, 6.5, 7.0)


def test_an_inference_takes_its_watts_for_its_time_and_says_how_much_of_it_is_rest() -> None:
    found = energy.of_inference((0.01, 0.02, 0.03), Power((1.0, 2.0, 3.0), (2.0, 5.0, 8.0), "b"), Known.PREDICTED)
    assert (found.low, found.value, found.high) == pytest.approx((0.02, 0.1, 0.24))
    assert found.parts == pytest.approx({"at rest": 0.04, "work": 0.06})
    assert found.note.startswith("40% of it is taken at rest too")


def test_a_battery_lasts_for_its_energy_over_rest_and_the_duty_of_work() -> None:
    # A tenth of the time 4 W, else 2 W: 2.2 W of 22 Wh.
    found = energy.on_battery(Rhythm((0.05, 0.05, 0.05), 0.5), POWER, (22.0, 22.0, 22.0), Known.PREDICTED)
    assert found.value == pytest.approx(10 * 3600)
    assert "one inference a hop of 500 ms: at work 10 % of the time" in found.note
    assert "82% of the energy goes between inferences; a battery of 22 Wh" in found.note


@given(ranges, ranges, ranges, st.floats(1e-3, 0.4))
def test_the_ends_of_an_interval_are_in_order_and_the_worst_of_all_is_the_low_end(
    idle: energy.Range, extra: energy.Range, battery: energy.Range, fastest: float
) -> None:
    active = (idle[0] + extra[0], idle[1] + extra[1], idle[2] + extra[2])
    rhythm = Rhythm((fastest, fastest * 1.5, fastest * 4), 0.5)
    found = energy.on_battery(rhythm, Power(idle, active, "b"), battery, Known.PREDICTED)
    assert found.low <= found.value <= found.high
    duty = min(1.0, fastest * 4 / 0.5)
    assert found.low == pytest.approx(3600 * battery[0] / (idle[2] + duty * extra[2]))


def test_a_device_that_does_not_keep_up_has_no_hours_but_one_that_may_has() -> None:
    with pytest.raises(NotMeasured, match=r"takes 500–900 ms, and a hop is 500 ms: it does not keep up"):
        energy.on_battery(Rhythm((0.5, 0.6, 0.9), 0.5), POWER, (1.0, 1.0, 1.0), Known.PREDICTED)
    found = energy.on_battery(Rhythm((0.49, 0.6, 0.9), 0.5), POWER, (4.0, 4.0, 4.0), Known.PREDICTED)
    assert found.low == found.value == pytest.approx(3600)


def test_what_a_profile_predicts_is_marked_so() -> None:
    told = energy.predict("energy_mj", seconds(0.1, 0.1, 0.1), {}, profile(), 4)
    assert told.known is Known.PREDICTED
    assert told.value == pytest.approx(0.65)
    hours = energy.predict("battery_h", seconds(0.1, 0.1, 0.1), {"hop_seconds": 1.0}, profile(), 4)
    assert hours.value / 3600 == pytest.approx(37 / (2.5 + 0.1 * 4.0))


@pytest.mark.parametrize(
    ("other", "facts", "said"),
    [
        ({"idle_watts": None, "load_watts": None}, {"hop_seconds": 1.0}, "mine does not say idle_watts and load_watts"),
        ({"load_watts": None}, {"hop_seconds": 1.0}, "mine does not say load_watts"),
        ({"battery_wh": None}, {"hop_seconds": 1.0}, "mine does not say battery_wh"),
        ({}, {}, "does not say how often it runs: give it an attribute hop_seconds"),
    ],
)
def test_what_is_not_known_is_missing_with_its_name(other: dict[str, None], facts: dict[str, float], said: str) -> None:
    with pytest.raises(NotMeasured, match=said):
        energy.predict("battery_h", seconds(0.1, 0.1, 0.1), facts, profile(**other), 1)


def test_work_that_takes_less_than_rest_is_refused() -> None:
    with pytest.raises(SettingsError, match="mine says that work takes less"):
        energy.of_profile(profile(load_watts=[1.0, 6.0, 7.0]), threads=1)


@pytest.mark.parametrize("one", [each for each in profiles.shipped().values() if each.kind == "emulated"])
def test_every_emulated_board_has_watts_and_a_battery(one: profiles.Profile) -> None:
    power = energy.of_profile(one, threads=1)
    assert all(at_rest < at_work for at_rest, at_work in zip(power.idle, power.active, strict=True))
    assert one.range("battery_wh") is not None
