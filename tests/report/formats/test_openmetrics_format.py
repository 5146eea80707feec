"""Read by Prometheus' own parser of OpenMetrics."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report.formats import openmetrics
from edgesense.report.records import Result, RunRecord

parser = pytest.importorskip("prometheus_client.openmetrics.parser")


def families(run: RunRecord) -> dict[str, object]:
    text = openmetrics.render(run, root=Path())
    return {family.name: family for family in parser.text_string_to_metric_families(text)}


def test_numbers_are_in_base_units_and_say_how_they_are_known(run: RunRecord) -> None:
    latency = families(run)["edgesense_latency_seconds"]
    assert latency.unit == "seconds"
    (sample,) = latency.samples
    assert (sample.value, sample.labels["known"], sample.labels["device"]) == (0.0345, "measured", "host")
    assert families(run)["edgesense_latency_limit_seconds"].samples[0].value == 0.03


def test_a_hostile_name_arrives_as_it_was(run: RunRecord) -> None:
    names = {sample.labels["test"] for sample in families(run)["edgesense_size_bytes"].samples}
    assert names == {run.results[0].test, run.results[1].test}


def test_whether_each_test_fails_is_a_number(run: RunRecord) -> None:
    told = {one.labels["test"]: one.value for one in families(run)["edgesense_budget_fails"].samples}
    assert sorted(told.values()) == [0.0, 1.0, 1.0]
    assert told[run.results[1].test] == 0.0


@pytest.mark.parametrize("limit", ["instructions_m", "acc", "acc_drop", "battery_h", "macs_m", "theirs-of_old"])
def test_every_kind_of_unit_can_be_read(limit: str) -> None:
    reading = Reading(0.5, 0.5, 0.5, Known.COUNTED)
    finding = Finding(limit, 1.0, reading, Outcome.MET, Outcome.SAME)
    result = Result("t", "t", "pi", Verdict("t", "pi", (finding,)))
    assert len(families(RunRecord((result,)))) == 3
