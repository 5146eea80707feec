from __future__ import annotations

import pytest

from edgesense.errors import SettingsError
from edgesense.perf import profiles

OWN = {"kitchen-pi": {"title": "The one in the kitchen", "cores": 4, "ram_mib": {"value": 512, "source": "its box"}}}


@pytest.mark.parametrize("one", profiles.shipped().values(), ids=lambda one: one.name)
def test_every_value_of_a_profile_has_a_source_or_is_marked_assumed(one: profiles.Profile) -> None:
    entry = dict(one.entry)
    cells = dict(entry.pop("thread_environment", {}))
    cells |= {key: cell for key, cell in entry.items() if isinstance(cell, dict)}
    assert cells
    assert all(cell.keys() == profiles.CELL and cell["source"] for cell in cells.values())


def test_a_value_is_had_without_its_source() -> None:
    one = profiles.find("kitchen-pi", OWN)
    assert (one.get("cores"), one.get("ram_mib"), one.title) == (4, 512, "The one in the kitchen")
    assert one.get("watts") is None
    assert one.threads is None


def test_a_value_that_has_to_be_there_is_named_where_it_is_not() -> None:
    with pytest.raises(SettingsError, match="the profile kitchen-pi does not say clock_ghz"):
        profiles.find("kitchen-pi", OWN).value("clock_ghz")


def test_a_projects_own_profile_wins() -> None:
    assert profiles.find("pi4").title == "Raspberry Pi 4 (Cortex-A72)"
    assert profiles.find("pi4", {"pi4": {"title": "ours"}}).title == "ours"


def test_an_unknown_one_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        SettingsError, match=r"unknown profile 'pi44': did you mean pi4\? known are .*kitchen-pi, .*pi4"
    ):
        profiles.find("pi44", OWN)


@pytest.mark.parametrize("word", ["pi4", "pi", "raspberry-pi-4"])
def test_a_profile_is_meant_by_its_name_its_devices_and_its_aliases(word: str) -> None:
    found = profiles.named(word)
    assert found is not None
    assert found.name == "pi4"


def test_a_projects_own_profile_is_meant_before_a_shipped_one() -> None:
    found = profiles.named("pi", {"ours": {"device": "pi"}})
    assert found is not None
    assert (found.name, profiles.named("nothing")) == ("ours", None)


@pytest.mark.parametrize(
    ("said", "found"),
    [(37, (37.0, 37.0, 37.0)), ([1, 2.5, 3], (1.0, 2.5, 3.0)), ({"value": [1, 1, 1], "source": "x"}, (1.0, 1.0, 1.0))],
)
def test_a_range_is_three_numbers_or_one_for_all(said: object, found: tuple[float, float, float]) -> None:
    assert profiles.Profile("mine", {"watts": said}).range("watts") == found
    assert profiles.Profile("mine", {}).range("watts") is None


@pytest.mark.parametrize("said", [0, -1, True, "2 W", [1, 2], [3, 2, 1], [1, 2, float("inf")], [1, "2", 3]])
def test_a_range_that_cannot_be_meant_is_refused_with_its_name(said: object) -> None:
    with pytest.raises(SettingsError, match=r"the profile mine says watts = .*\[low, typical, high\], is wanted"):
        profiles.Profile("mine", {"watts": said}).range("watts")


@pytest.mark.parametrize("key", ["clock_ghz", "idle_watts", "load_watts", "battery_wh", "ram_mib", "flash_mib"])
@pytest.mark.parametrize("one", profiles.shipped().values(), ids=lambda one: one.name)
def test_every_number_of_a_shipped_profile_is_a_range(one: profiles.Profile, key: str) -> None:
    found = one.range(key)
    assert found is None or found[0] <= found[1] <= found[2]
