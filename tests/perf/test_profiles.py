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
    with pytest.raises(SettingsError, match=r"unknown profile 'pi44': did you mean pi4\? known are .*kitchen-pi, pi4"):
        profiles.find("pi44", OWN)
