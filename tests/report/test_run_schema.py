import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import InvalidInput, SchemaError
from edgesense.perf.records import Known, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict
from edgesense.report import schema
from edgesense.report.records import Attached, Distribution, Evidence, Place, Result, RunRecord, Setting, Step

GOLDEN = Path(__file__).parents[1] / "data" / "run-1.json"

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(0, 1e6)
LINES = st.lists(TEXT, max_size=3).map(tuple)
TEXTS = st.dictionaries(TEXT, TEXT, max_size=3)
SPREAD = st.lists(NUMBERS, max_size=5).map(tuple)
SETTINGS = st.builds(Setting, subject=TEXTS, fingerprint=TEXTS, environment=TEXTS)
DISTRIBUTIONS = st.builds(
    Distribution,
    SPREAD,
    SPREAD,
    SPREAD,
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3).map(tuple),
    st.integers(0, 9),
)
EVIDENCE = st.builds(
    Evidence,
    TEXT,
    st.none() | SETTINGS,
    st.none() | SETTINGS,
    st.dictionaries(TEXT, DISTRIBUTIONS, max_size=2),
    st.lists(st.builds(Attached, TEXT, TEXT, TEXT, TEXT, LINES), max_size=2).map(tuple),
)
READINGS = st.builds(Reading, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(Known), n=st.integers(1, 9), note=TEXT)
FINDINGS = st.builds(
    Finding,
    st.sampled_from(["latency_ms", "size_kb", "theirs"]),
    st.none() | NUMBERS,
    st.none() | READINGS,
    st.sampled_from([None, Outcome.MET, Outcome.OVER]),
    st.sampled_from([Outcome.SAME, Outcome.REGRESSED]),
    change=st.none() | st.tuples(NUMBERS, NUMBERS, NUMBERS),
    why=LINES,
)
VERDICTS = st.builds(Verdict, TEXT, TEXT, st.lists(FINDINGS, max_size=3).map(tuple), st.booleans(), LINES)
STEPS = st.lists(st.builds(Step, TEXT, TEXT, NUMBERS, st.sampled_from(Known)), max_size=2).map(tuple)
RESULTS = st.builds(
    Result,
    TEXT,
    TEXT,
    TEXT,
    st.none() | VERDICTS,
    st.none() | st.builds(Place, TEXT, st.integers(1, 99)),
    st.sampled_from(["passed", "failed", "skipped"]),
    st.sampled_from(["", ".", "O"]),
    TEXT,
    gates=st.booleans(),
    blamed=st.booleans(),
    failing=LINES,
    failure=TEXT,
    absent=LINES,
    against=LINES,
    evidence=EVIDENCE,
    trend=st.dictionaries(TEXT, STEPS, max_size=2),
    seconds=NUMBERS,
)
RUNS = st.builds(
    RunRecord,
    st.lists(RESULTS, max_size=2).map(tuple),
    TEXT,
    st.dictionaries(TEXT, st.integers(0, 9), max_size=2),
    st.booleans(),
    TEXT,
    st.none() | TEXT,
    TEXT,
    TEXT,
    st.booleans(),
    TEXT,
    LINES,
    TEXT,
)


@given(RUNS)
def test_a_run_is_read_back_as_it_was(run):
    assert schema.load(schema.dump(run), "run.json") == run


def test_a_run_of_the_first_schema_is_still_read():
    run = schema.load(GOLDEN.read_text(encoding="utf-8"), "run-1.json")
    over, met = run.results
    assert (over.worst, over.blamed, met.worst, met.blamed) == (Outcome.OVER, True, Outcome.NO_BASELINE, False)
    assert [one.limit for one in over.verdict.findings] == ["size_kb"]
    assert (over.place, over.evidence, run.tally["over"]) == (None, Evidence(), 1)


def test_a_run_of_a_newer_release_says_what_to_do():
    body = json.dumps({"schema": schema.VERSION + 1, "budgets": []})
    with pytest.raises(SchemaError, match=r"run\.json is of schema 3, this release reads up to 2: update"):
        schema.load(body, "run.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 1, "budgets": [{}]}', '{"schema": 2, "budgets": 3}'])
def test_what_is_no_run_is_refused_by_name(text):
    with pytest.raises(InvalidInput, match=r"run\.json is no run that can be read \(.*--edge-json wrote is wanted"):
        schema.load(text, "run.json")
