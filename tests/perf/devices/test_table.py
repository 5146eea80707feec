from __future__ import annotations

from pathlib import Path

from edgesense.perf.devices.table import Table
from edgesense.perf.records import Job, Known, Missing, Reading

READING = Reading(1.0, 1.0, 1.0, Known.EXACT)


def test_it_answers_with_the_readings_it_was_given() -> None:
    table = Table({"size_kb": READING}, where={"os": "x"}, subject={"model": "m"})
    measurement = table.run(Job("m", Path(), ("size_kb",)), Path())
    assert measurement.readings == {"size_kb": READING}
    assert (measurement.device, measurement.fingerprint, measurement.subject) == ("table", {"os": "x"}, {"model": "m"})


def test_what_it_was_not_given_is_missing() -> None:
    table = Table({}, limits={"acc": Known.STAND_IN})
    assert table.answers() == {"acc": Known.STAND_IN}
    measurement = table.run(Job("m", Path(), ("acc",)), Path())
    assert measurement.missing == {"acc": Missing("the table has no reading of it")}


def test_it_is_always_here_and_brings_nothing_along() -> None:
    table = Table({"size_kb": READING}, name="mine")
    assert table.available() is None
    assert table.implied(["size_kb"]) == ()
    assert table.names == {"mine"}
