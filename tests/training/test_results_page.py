import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgesense.training import results_page


def row(name, *, kib=50.0, pi=10e6, embedded=0.9, folds=(0.75, 0.77), rss=60.0, above=15.0, against=None):
    scores = {"clips": 2000, "accuracy": embedded, "low": embedded - 0.01, "high": embedded + 0.01, "macro_f1": 0.9}
    mean = sum(folds) / len(folds)
    counts = {"all": pi, "features": pi / 2, "inference": pi / 2}
    memory = {"all": rss * 1024**2, "python_numpy": 34e6, "runtime": 11e6, "pipeline": above * 1024**2}
    return {
        "pipeline": name,
        "variant": name.split("-", maxsplit=1)[0],
        "passes": name.split("-", 1)[1],
        "bytes": {"model": int(kib * 1024), "compressed": int(kib * 900), "ships": int(kib * 1024)},
        "embedded": scores | {"against_float32": against},
        "boards": {
            board: {"instructions": counts, "rss_bytes": memory, "seconds": {"all": [0.0039, 0.0071, 0.012]}}
            for board in ("pi", "pi5")
        },
        "recordings": {
            "pooled": {"clips": 2379, "accuracy": mean, "low": mean - 0.02, "high": mean + 0.02, "macro_f1": 0.66},
            "folds": [{"accuracy": value, "macro_f1": 0.66} for value in folds],
            "against_float32": against,
        },
    }


BEFORE = row("crnn-float32", kib=2235, pi=110e6)
GOOD = row("dscnn-int8", against={"drop": 0.0035, "lost": 10, "gained": 3, "p": 0.092})


def page(*rows, impossible=(), **beside):
    return results_page.markdown(
        {
            "command": "edgesense optimize --all",
            "clips": {"train": 6000, "test": 2000},
            "recordings": "some",
            "rows": rows,
            "impossible": impossible,
            **beside,
        }
    )


def test_before_and_after_stand_beside_each_bar():
    said = page(BEFORE, GOOD)
    assert "`crnn-float32` → `dscnn-int8`. All bars are met." in said
    assert "| size | 2235.0 KiB | 50.0 KiB | ≤ 250 KiB |" in said
    assert "| Pi 4 instructions | 110.00 M | 10.00 M | ≤ 1/8 of before |" in said


MISSED = [
    ({"kib": 250.1}, "size"),
    ({"pi": 13.76e6}, "instructions"),
    ({"rss": 72.1}, "memory"),
    ({"above": 20.1}, "memory"),
    ({"embedded": 0.8859}, "accuracy, embedded"),
    ({"folds": (0.729, 0.75)}, "accuracy, recordings"),
]
JUST_MET = [{"kib": 250}, {"pi": 13.75e6}, {"rss": 72}, {"above": 20}, {"embedded": 0.8861}, {"folds": (0.731, 0.75)}]


@pytest.mark.parametrize(("change", "bar"), MISSED, ids=[bar + str(change) for change, bar in MISSED])
def test_a_bar_that_is_missed_is_named(change, bar):
    missing = row("dscnn-int8", **change)
    assert results_page.misses(BEFORE, missing) == [bar]
    assert f"**Not met: {bar}.**" in page(BEFORE, missing)


@pytest.mark.parametrize("change", JUST_MET, ids=str)
def test_a_bar_that_is_just_met_is_met(change):
    assert results_page.misses(BEFORE, row("dscnn-int8", **change)) == []


def test_the_best_misses_the_fewest_bars_and_then_costs_least():
    cheap_but_wrong = row("cnn-int8", pi=5e6, embedded=0.8)
    cheaper = row("attention-int8", pi=9e6)
    assert results_page.best([BEFORE, GOOD, cheap_but_wrong, cheaper]) is cheaper
    assert results_page.best([GOOD]) is None


def without(row, key, board=None):
    """A row of a table that was made without recordings, or without a board."""
    if board is None:
        return {name: value for name, value in row.items() if name != key}
    return row | {"boards": {name: value for name, value in row["boards"].items() if name != board}}


OPEN = [
    (without(BEFORE, "recordings"), GOOD, "accuracy, recordings"),
    (BEFORE, without(GOOD, "recordings"), "accuracy, recordings"),
    (without(BEFORE, "boards", "pi"), GOOD, "instructions"),
]


@pytest.mark.parametrize(("before", "after", "bar"), OPEN, ids=["before unheard", "after unheard", "before uncounted"])
def test_a_bar_that_cannot_be_told_is_not_called_met(before, after, bar):
    assert results_page.untold(before, after) == [bar]
    said = page(before, after)
    assert f"**Not told: {bar}.**" in said
    assert "All bars are met" not in said


def test_each_variant_has_a_table_and_each_row_a_line():
    said = page(BEFORE, GOOD, row("dscnn-float32", kib=194))
    assert "### crnn: the guide's CRNN" in said
    assert "### dscnn: depthwise-separable convolutions" in said
    line = next(line for line in said.splitlines() if line.startswith("| `dscnn-float32` | 194.0 "))
    assert line.split(" | ")[3:9] == ["10.00", "5.00", "5.00", "7.1 (3.9–12)", "10.00", "7.1 (3.9–12)"]


def technique(name, **boards):
    counts = {
        board: {"without": {"all": before}, "applied": {"all": after}} for board, (before, after) in boards.items()
    }
    row = {"technique": name, "about": "What it does", "instead": "what is done else", "pipeline": "dscnn-int8"}
    return row | {"labels": {"other": 2, "of": 395}, "boards": counts}


def test_what_a_technique_saves_is_shown_board_by_board():
    rows = [technique("streaming", pi=(8e6, 5e6), pi5=(8.1e6, 4.05e6)), technique("other", pi=(1e6, 1.1e6))]
    said = page(BEFORE, GOOD, techniques=rows)
    assert "for one clip of `dscnn-int8`" in said
    assert (
        "| `streaming`: What it does | what is done else | 8.00 → 5.00 (-38%) | 8.10 → 4.05 (-50%) | 2 of 395 |" in said
    )
    assert "| `other`: What it does | what is done else | 1.00 → 1.10 (+10%) | – | 2 of 395 |" in said
    assert "With the same model" not in page(BEFORE, GOOD)


def test_a_conversion_is_held_against_its_own_float_model():
    assert "| `dscnn-int8` | +0.35 | 10, 3 | 0.092 | +0.35 | 10, 3 | 0.092 |" in page(BEFORE, GOOD)


def student(*, taught, embedded, folds):
    name = "cnn-distilled" if taught else "cnn"
    return row(f"{name}-float32", embedded=embedded, folds=folds) | {"variant": name, "passes": "float32"}


TAUGHT = [
    (0.85, (0.70, 0.72), "None gains the 5 points", "| +1.00 | +1.00 (+1.00 … +1.00) |"),
    (0.891, (0.69, 0.71), "`cnn-distilled-float32` gains the 5 points", "| +5.10 | +0.00 (+0.00 … +0.00) |"),
    (0.84, (0.75, 0.77), "`cnn-distilled-float32` gains the 5 points", "| +0.00 | +6.00 (+6.00 … +6.00) |"),
]


@pytest.mark.parametrize(("embedded", "folds", "verdict", "figures"), TAUGHT, ids=["no", "embedded", "recordings"])
def test_a_student_is_held_against_itself_without_a_teacher(embedded, folds, verdict, figures):
    alone = student(taught=False, embedded=0.84, folds=(0.69, 0.71))
    said = page(alone, student(taught=True, embedded=embedded, folds=folds))
    assert f"{verdict} that a teacher was to be worth." in said
    assert f"| `cnn-distilled-float32` | `cnn-float32` {figures}" in said


def test_nothing_is_said_of_a_teacher_where_the_control_is_missing():
    assert "teacher is worth" not in page(student(taught=True, embedded=0.9, folds=(0.7, 0.7)))


def test_what_cannot_be_made_is_said_in_the_words_of_the_refusal():
    said = page(BEFORE, impossible=[{"variant": "crnn", "passes": "qat", "why": "qat knows no LSTM"}])
    assert "| `crnn` | qat | qat knows no LSTM |" in said


def test_without_recordings_there_is_no_such_column():
    plain = {key: value for key, value in BEFORE.items() if key != "recordings"}
    assert "recordings |" not in results_page.markdown(
        {"command": "x", "clips": {"train": 1, "test": 1}, "recordings": None, "rows": [plain], "impossible": []}
    )


def test_the_interval_of_a_mean_is_students():
    # Standard deviation 0.038079, so 0.017029 of the mean; t of 4 degrees of freedom is 2.7764.
    mean, low, high = results_page.mean_interval([0.73, 0.80, 0.78, 0.73, 0.81])
    assert (mean, low, high) == pytest.approx((0.77, 0.77 - 0.04728, 0.77 + 0.04728), abs=1e-4)
    assert results_page.mean_interval([0.5])[1:] == (-math.inf, math.inf)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=10))
def test_a_mean_lies_within_its_interval(values):
    mean, low, high = results_page.mean_interval(values)
    assert low <= mean <= high
