from __future__ import annotations

import contextlib
import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.errors import BaselineError, InvalidInput, SchemaError
from edgesense.perf import metrics, schema
from edgesense.perf.records import Baseline, Known, Labelled, Measurement, Missing, Origin, Reading
from edgesense.perf.verdicts import Finding, Outcome, Verdict

DATA = Path(__file__).parents[1] / "data"
GOLDEN = DATA / "baseline-1.json"
NOW = DATA / f"baseline-{schema.VERSION}.json"

# A file is UTF-8: it cannot hold half of a surrogate pair.
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.floats(allow_nan=False, allow_infinity=False)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)
results = st.integers(1, 40).flatmap(
    lambda n: st.builds(
        Labelled,
        words,
        st.text("01", min_size=n, max_size=n),
        st.just("") | st.text("01", min_size=n, max_size=n),
        st.lists(st.integers(0, n - 1), max_size=3).map(tuple),
        st.lists(st.integers(0, n - 1), max_size=3).map(tuple),
    )
)
readings = st.builds(
    Reading,
    value=numbers,
    low=numbers,
    high=numbers,
    known=st.sampled_from(Known),
    n=st.integers(0, 10**6),
    floor=st.none() | numbers,
    parts=st.dictionaries(words, numbers, max_size=3),
    labelled=st.none() | results,
    note=words,
)
limits = st.sampled_from(sorted(metrics.every())) | words
places = st.dictionaries(words, words, max_size=4)
baselines = st.builds(
    Baseline,
    test=words,
    device=words,
    fingerprint=places,
    subject=st.dictionaries(words, plain, max_size=3),
    readings=st.dictionaries(limits, readings, max_size=3),
    elsewhere=st.dictionaries(limits, places, max_size=2),
    origin=st.none() | st.builds(Origin, words, places, words),
)


@given(baselines)
def test_a_baseline_survives_the_way_to_its_file_and_back(baseline: Baseline) -> None:
    assert schema.load_baseline(schema.dump_baseline(baseline), "x.json") == baseline


@given(baselines)
def test_the_same_baseline_is_written_the_same_whatever_the_order_it_was_found_in(baseline: Baseline) -> None:
    turned = dataclasses.replace(
        baseline,
        readings=dict(reversed(list(baseline.readings.items()))),
        fingerprint=dict(reversed(list(baseline.fingerprint.items()))),
    )
    assert schema.dump_baseline(turned) == schema.dump_baseline(baseline)


findings = st.builds(
    Finding,
    limit=st.sampled_from(sorted(metrics.every())),
    bound=st.none() | numbers,
    reading=st.none() | readings,
    budget=st.none() | st.sampled_from(Outcome),
    regression=st.sampled_from(Outcome),
    before=st.none() | numbers,
    change=st.none() | st.tuples(numbers, numbers, numbers),
    why=st.lists(words, max_size=2).map(tuple),
    remedy=words,
)
verdicts = st.builds(
    Verdict,
    test=words,
    device=words,
    findings=st.lists(findings, max_size=3).map(tuple),
    strict=st.booleans(),
    notes=st.lists(words, max_size=2).map(tuple),
)


@given(verdicts)
def test_a_verdict_survives_the_way_between_processes(verdict: Verdict) -> None:
    assert schema.load_verdict(json.loads(json.dumps(schema.dump_verdict(verdict)))) == verdict


def dumped(budget: Outcome | None, regression: Outcome, change: tuple[float, float, float] | None) -> dict[str, Any]:
    finding = Finding("latency_ms", None, None, budget, regression, change=change)
    (body,) = schema.dump_verdict(Verdict("t", "host", (finding,)))["findings"]
    found: dict[str, Any] = body
    return found


def test_a_verdict_has_letter_and_word_of_each_outcome_for_those_who_only_read_it() -> None:
    body = dumped(Outcome.MET, Outcome.BETTER, (-0.1, -0.2, -0.05))
    assert (body["budget"], body["budget_letter"], body["budget_word"]) == ("MET", ".", "MET")
    assert (body["regression"], body["regression_letter"], body["regression_word"]) == ("BETTER", "+", "FASTER")


def test_a_number_without_a_limit_has_no_letter_of_a_budget() -> None:
    body = dumped(None, Outcome.SAME, None)
    assert (body["budget"], body["budget_letter"], body["budget_word"]) == (None, None, None)


def test_a_verdict_is_read_without_letters_and_words_too() -> None:
    verdict = Verdict("t", "host", (Finding("size_kb", None, None, Outcome.MET, Outcome.SAME),))
    body = schema.dump_verdict(verdict)
    body["findings"] = [
        {key: value for key, value in one.items() if not key.endswith(("_letter", "_word"))} for one in body["findings"]
    ]
    assert schema.load_verdict(body) == verdict


@given(baselines, st.integers(0, 10**6))
def test_a_file_cut_off_anywhere_is_damaged(baseline: Baseline, where: int) -> None:
    text = schema.dump_baseline(baseline)
    with pytest.raises(BaselineError, match=r"^x\.json is damaged .*: restore it from version control"):
        schema.load_baseline(text[: where % (len(text) - 2)], "x.json")


@given(plain | st.dictionaries(st.sampled_from(["schema", "test", "device", "fingerprint", "readings"]), plain))
def test_whatever_json_a_file_holds_it_is_a_baseline_or_refused_in_words(body: Any) -> None:
    with contextlib.suppress(BaselineError):
        schema.load_baseline(json.dumps(body), "x.json")


@given(st.text(max_size=60))
def test_whatever_text_a_file_holds_it_is_refused_in_words(text: str) -> None:
    with pytest.raises(BaselineError, match=r"x\.json"):
        schema.load_baseline(text, "x.json")


def golden() -> dict[str, Any]:
    body: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return body


BROKEN: dict[str, Any] = {
    "a number that is none": {"value": "many"},
    "NaN": {"value": float("nan")},
    "an infinite end": {"high": float("inf")},
    "a number too large for a float": {"low": 10**400},
    "an unknown way of knowing": {"known": "guessed"},
    "no value": {"value": None},
    "parts that are a list": {"parts": [1, 2]},
    "a part that is NaN": {"parts": {"model": float("nan")}},
    "a floor that is NaN": {"floor": float("nan")},
    "results that are no hexadecimal": {"labelled": {"audio": "a", "clips": 4, "correct": "z", "reference": ""}},
    "results of another number of clips": {"labelled": {"audio": "a", "clips": 5, "correct": "f", "reference": ""}},
    "unsteady clips that are no numbers": {
        "labelled": {"audio": "a", "clips": 4, "correct": "f", "unsteady": ["first"]}
    },
    "results without the audio": {"labelled": {"clips": 4, "correct": "f"}},
}


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN)
def test_a_reading_that_cannot_be_meant_is_damaged(change: dict[str, Any]) -> None:
    body = golden()
    body["readings"]["acc"] |= change
    with pytest.raises(BaselineError, match="is damaged"):
        schema.load_baseline(json.dumps(body), "x.json")


@pytest.mark.parametrize("key", ["schema", "test", "device", "fingerprint", "subject", "readings"])
def test_a_baseline_that_lacks_a_part_is_damaged_and_says_which(key: str) -> None:
    body = golden()
    del body[key]
    with pytest.raises(BaselineError, match=key):
        schema.load_baseline(json.dumps(body), "x.json")


@pytest.mark.parametrize("version", [0, -1, True, 1.0, "1", None])
def test_a_version_that_is_none_is_damaged(version: object) -> None:
    with pytest.raises(BaselineError, match="is damaged") as caught:
        schema.load_baseline(json.dumps(golden() | {"schema": version}), "x.json")
    assert not isinstance(caught.value, SchemaError)


def test_a_newer_version_is_told_from_a_damaged_file() -> None:
    with pytest.raises(SchemaError, match=r"x\.json is of schema 3, this release reads up to 2: update"):
        schema.load_baseline(json.dumps(golden() | {"schema": 3}), "x.json")


def test_a_file_nested_without_end_is_damaged() -> None:
    with pytest.raises(BaselineError, match="is damaged"):
        schema.load_baseline('{"schema": ' + "[" * 100_000, "x.json")


VERSION_1 = Baseline(
    test="tests/budgets/test_int8.py::test_int8",
    device="pi",
    fingerprint={"architecture": "aarch64", "board": "pi4", "sysroot": "9f2c1d"},
    subject={"model": {"sha256": "5d41402abc4b"}, "dtype": "int8", "threads": 1},
    readings={
        "acc": Reading(
            0.9,
            0.596,
            0.982,
            Known.STAND_IN,
            n=10,
            labelled=Labelled("b94d27b9", "1110111111", "1111111111"),
            note="agrees with the board on 100 of 100 clips",
        ),
        "instructions_m": Reading(
            14_960_123.0,
            14_960_101.0,
            14_960_140.0,
            Known.COUNTED,
            n=5,
            parts={"features": 9_800_000.0, "inference": 5_160_123.0},
        ),
        "rss_mb": Reading(60_000_000.0, 59_900_000.0, 60_100_000.0, Known.STAND_IN, n=3),
        "size_kb": Reading(51_200.0, 51_200.0, 51_200.0, Known.EXACT, parts={"model.tflite": 51_200.0}),
    },
    elsewhere={"rss_mb": {"architecture": "x86_64", "python": "3.11"}},
)
VERSION_2 = dataclasses.replace(
    VERSION_1,
    origin=Origin(
        pipeline="models/dscnn-int8",
        files={"models/dscnn-int8/model.tflite": "5d41402abc4b", "models/dscnn-int8/pipeline.json": "7d793037a076"},
        source="6b86b273ff34",
    ),
)


@pytest.mark.parametrize(("version", "meant"), [(1, VERSION_1), (2, VERSION_2)])
def test_the_file_of_each_version_is_read_as_it_was_meant(version: int, meant: Baseline) -> None:
    path = DATA / f"baseline-{version}.json"
    assert schema.load_baseline(path.read_text(encoding="utf-8"), path.name) == meant


def test_this_release_writes_its_own_version_as_it_did() -> None:
    text = NOW.read_text(encoding="utf-8")
    assert schema.dump_baseline(schema.load_baseline(text, NOW.name)) == text


def test_an_older_file_is_written_again_in_this_releases_version() -> None:
    written = json.loads(schema.dump_baseline(schema.load_baseline(GOLDEN.read_text(encoding="utf-8"), GOLDEN.name)))
    assert written == golden() | {"schema": schema.VERSION}


BROKEN_ORIGINS: dict[str, Any] = {
    "no object": "models/x",
    "no pipeline": {"source": "", "files": {}},
    "files that are a list": {"pipeline": "m", "source": "", "files": ["m.tflite"]},
    "a digest that is no text": {"pipeline": "m", "source": "", "files": {"m.tflite": 5}},
    "a source that is no text": {"pipeline": "m", "source": None, "files": {}},
}


@pytest.mark.parametrize("origin", BROKEN_ORIGINS.values(), ids=BROKEN_ORIGINS)
def test_an_origin_that_cannot_be_meant_is_damaged(origin: Any) -> None:
    body = json.loads(NOW.read_text(encoding="utf-8"))
    with pytest.raises(BaselineError, match="is damaged"):
        schema.load_baseline(json.dumps(body | {"origin": origin}), "x.json")


def test_each_version_of_the_schema_has_its_golden_file() -> None:
    assert all((GOLDEN.parent / f"baseline-{version}.json").exists() for version in range(1, schema.VERSION + 1))


def test_a_number_of_a_metric_that_is_not_installed_is_kept() -> None:
    body = golden()
    body["readings"]["lumens"] = {"value": 3, "low": 3, "high": 3, "known": "measured", "n": 1}
    baseline = schema.load_baseline(json.dumps(body), "x.json")
    assert schema.load_baseline(schema.dump_baseline(baseline), "x.json").readings["lumens"].value == 3


measurements = st.builds(
    Measurement,
    device=words,
    fingerprint=places,
    subject=st.dictionaries(words, plain, max_size=3),
    readings=st.dictionaries(limits, readings, max_size=3),
    missing=st.dictionaries(limits, st.builds(Missing, words, words), max_size=2),
    notes=st.lists(words, max_size=3).map(tuple),
    origin=st.none() | st.builds(Origin, words, places, words),
    environment=places,
)


@given(measurements)
def test_a_measurement_survives_the_way_to_its_file_and_back(measurement: Measurement) -> None:
    text = json.dumps(schema.dump_measurement(measurement))
    assert schema.load_measurement(text, "x.json") == measurement


def test_a_measurement_of_each_schema_is_still_read() -> None:
    found = schema.load_measurement((DATA / "measurement-1.json").read_text(encoding="utf-8"), "x.json")
    assert (found.device, found.fingerprint) == ("pixel-8", {"tool": "benchmark_model"})
    assert found.readings["inference_ms"].floor == 0.00302
    assert found.missing["rss_mb"] == Missing("peak memory was not watched", "watch it")
    assert found.notes == ("on random input",)
    assert json.loads(json.dumps(schema.dump_measurement(found)))["schema"] == schema.MEASUREMENT_VERSION


def test_a_measurement_of_a_newer_release_is_refused() -> None:
    body = {"schema": schema.MEASUREMENT_VERSION + 1, "kind": "measurement"}
    with pytest.raises(SchemaError, match=r"x.json is of schema 2, this release reads up to 1: update"):
        schema.load_measurement(json.dumps(body), "x.json")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "measurement"}', '{"schema": 1, "kind": "baseline"}', "3"])
def test_what_is_no_measurement_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"x.json is no measurement that can be read"):
        schema.load_measurement(text, "x.json")
