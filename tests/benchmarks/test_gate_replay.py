"""The committed samples, decided again: a change of the rule that would change a decision fails here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import counted
import numpy as np
import pytest
import replay
import report
import rules
import samples
from gates import kept, made_up

from edgesense.perf.verdicts import Outcome

COMMITTED = sorted(path.stem for path in samples.DIRECTORY.glob("*.npz"))


@pytest.mark.parametrize("name", COMMITTED)
def test_committed_gates_are_decided_as_recorded(name: str) -> None:
    recorded = json.loads((samples.DIRECTORY / report.EXPECTED).read_text(encoding="utf-8"))
    found = replay.counts([samples.load(name)])[name]
    assert found == recorded[name], "if this is meant: python benchmarks/gate/report.py --record"


@pytest.mark.parametrize("name", [name for name in COMMITTED if name.startswith(("quiet", "neighbour", "copies"))])
def test_no_committed_gate_of_unchanged_code_is_an_alarm(name: str) -> None:
    assert replay.condition(samples.load(name)).outcomes.get(Outcome.REGRESSED, 0) == 0


def test_what_is_committed_is_small() -> None:
    assert report.size_bar(samples.DIRECTORY).met


def test_bounds_are_those_of_clopper_and_pearson() -> None:
    assert replay.Share(0, 600).bounds == pytest.approx((0, 0.498), abs=0.001)
    assert replay.Share(300, 300).bounds == pytest.approx((99.006, 100), abs=0.001)
    # 5 of 10: Clopper and Pearson's table at 90 %.
    assert replay.Share(5, 10).bounds == pytest.approx((22.24, 77.76), abs=0.01)


@pytest.mark.parametrize("count", [2, 3, 50])
def test_another_run_is_never_ones_own_and_each_is_used_once(count: int) -> None:
    pairs = replay.another(count)
    assert sorted(current for _, current in pairs) == list(range(count))
    assert sorted(stored for stored, _ in pairs) == list(range(count))
    assert all(stored != current for stored, current in pairs)
    assert pairs == replay.another(count)


def test_the_first_gate_has_none_before_it() -> None:
    assert replay.before(3) == [(0, 1), (1, 2)]
    assert replay.another(1) == replay.before(1) == []


def test_an_alarm_needs_a_stored_baseline_and_the_gates_own_candidate() -> None:
    slow, fast = made_up(ratio=1.0), made_up(ratio=1.0)
    slow.pairs[:] *= 1.5
    rule = rules.PEERS["pytest-benchmark min:5%"]
    assert replay.alarms(rule, [fast, slow, fast], "before") == replay.Share(1, 2)


@pytest.mark.parametrize("stored", replay.STORED)
def test_a_stored_run_is_one_of_the_same_computer(stored: str) -> None:
    rule = rules.PEERS["pytest-benchmark min:5%"]
    slow, fast = replace(made_up(), host=1), made_up()
    slow.pairs[:] *= 1.5
    alternating = [fast, slow] * 3
    assert replay.alarms(rule, [replace(one, host=0) for one in alternating], stored).count > 0
    assert replay.alarms(rule, alternating, stored) == replay.Share(0, 4 if stored == "before" else 6)


def test_a_gate_that_lacks_pairs_is_no_decision(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gate 0 of quiet has 2 pairs and wants 3 more"):
        replay.condition(kept(tmp_path, [made_up(2)]))


def bar(tmp_path: Path, name: str, gates: list[samples.Gate], begins: str) -> report.Bar:
    """Return the one bar of a condition's gates whose name begins so."""
    rows = report.bars({name: replay.condition(kept(tmp_path, gates, name))})
    return next(one for one in rows if one.name.startswith(begins) and f" {name}:" in one.name)


def test_a_bar_on_too_few_gates_says_so_and_is_not_met(tmp_path: Path) -> None:
    found = bar(tmp_path, "quiet", [made_up()] * 599, "false alarms")
    assert (found.value, found.met) == (0, False)
    assert found.name == "false alarms, quiet: 599 of 600 so far"


def test_a_bar_on_enough_gates_is_met_without_an_alarm_and_missed_with_one(tmp_path: Path) -> None:
    quiet = [made_up()] * 599
    assert bar(tmp_path, "quiet", [*quiet, made_up(seed=3)], "false alarms").met
    missed = bar(tmp_path, "quiet", [*quiet, made_up(15, 1.06)], "false alarms")
    assert (missed.value, missed.met) == (1, False)


@pytest.mark.parametrize(("same", "met"), [(1, True), (2, False)])
def test_a_slowdown_may_go_unnoticed_once_in_two_hundred_gates(tmp_path: Path, same: int, met: bool) -> None:
    gates = [made_up(15, 1.06)] * (300 - same) + [made_up()] * same
    assert bar(tmp_path, "slower-5", gates, "+5 % SAME").met is met
    assert bar(tmp_path, "slower-5", gates, "+5 % REGRESSED").met


@pytest.mark.parametrize(("missed", "met"), [(15, True), (16, False)])
def test_nineteen_of_twenty_slowdowns_of_5_percent_must_be_caught(tmp_path: Path, missed: int, met: bool) -> None:
    gates = [made_up(15, 1.06)] * (300 - missed) + [made_up(15, 1.022)] * missed
    assert bar(tmp_path, "slower-5", gates, "+5 % REGRESSED").met is met


BASELINE = {"": 11_826_546.0, "features": 6_712_779.0, "inference": 5_113_767.0}


@pytest.mark.parametrize(("share", "outcome"), [(1.0049, Outcome.SAME), (1.0051, Outcome.REGRESSED)])
def test_a_count_is_judged_by_its_stage(share: float, outcome: Outcome) -> None:
    more = BASELINE["features"] * (share - 1)
    count = BASELINE | {"": BASELINE[""] + more, "features": BASELINE["features"] + more}
    assert counted.outcome(BASELINE, count) is outcome
    assert more / BASELINE[""] < 0.005


def test_counts_come_back_and_are_barred_when_all_are_there(tmp_path: Path) -> None:
    more = {key: value * (1.0 if key == "inference" else 1.01) for key, value in BASELINE.items()}
    made = counted.Counted({}, BASELINE, [BASELINE] * 100, [more] * 99, tmp_path / counted.NAME)
    made.save()
    back = counted.load(tmp_path)
    assert back == made
    assert [bar.met for bar in report.counted_bars(back)] == [False, True]
    back.slower.append(more)
    assert [bar.met for bar in report.counted_bars(back)] == [True, True]
    back.slower[0] = BASELINE
    assert [bar.met for bar in report.counted_bars(back)] == [False, True]


def test_the_program_writes_its_bars_and_a_drawing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept(tmp_path, [made_up(), made_up(seed=2)])
    bars, drawing = tmp_path / "bars.json", tmp_path / "a.svg"
    where = ["--samples", str(tmp_path), "--json", str(bars), "--plot", str(drawing), "--markdown", "--record"]
    assert report.main(where) == 1
    assert "| this gate | 0 / 2 (0–77.6 %) | – | – | – |" in capsys.readouterr().out
    assert {tuple(row) for row in json.loads(bars.read_text())} == {("name", "value", "unit", "limit", "met")}
    assert drawing.read_text(encoding="utf-8").count("<circle") == 2
    assert json.loads((tmp_path / report.EXPECTED).read_text())["quiet"]["SAME"] == 2


def test_the_committed_gates_and_counts_meet_every_bar_and_the_readme_shows_them(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert report.main(["--markdown"]) == 0
    table = capsys.readouterr().out.split("\n\n")[1]
    assert table.startswith("| rule | false alarms, quiet | false alarms, neighbour |")
    assert table in (Path(report.__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_samples_of_a_gate_are_what_a_tool_would_have_seen() -> None:
    row = samples.row([0.004, 0.005, 0.006], 0.0042)
    np.testing.assert_allclose(row, [0.0042, 0.004, 0.005, 0.005, 0.001])
