from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.cli import main
from edgesense.perf import schema
from edgesense.perf.imports import FORMATS, summary

DATA = Path(__file__).parents[1] / "data" / "benchmark"
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "220")


def run(*words: str | Path) -> int:
    return main(["report", "import", *map(str, words)])


def rows(text: str) -> dict[str, list[str]]:
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in text.splitlines() if "│" in line]
    return {row[0]: row[1:] for row in cells}


def test_a_text_is_shown_as_a_table_with_how_each_number_is_known(capsys: Capture) -> None:
    assert run(DATA / "recent.txt") == 0
    printed = capsys.readouterr().out
    shown = rows(printed)
    assert shown["inference_ms"][:2] == ["3.06 ms", "3.02–3.20 ms"]
    assert shown["inference_ms"][2].startswith("measured: 1 run of 325 calls in all, each known by its median")
    assert shown["rss_mb"][0] == "12.5 MiB"
    assert shown["first call"][0] == "4.40 ms"
    assert "recent.txt: benchmark_model text, 1 run" in printed
    assert summary.ALONE in printed
    assert "xnnpack took 14 of 15 nodes" in printed


def test_operators_are_shown_by_kind(capsys: Capture) -> None:
    assert run(DATA / "operators.csv") == 0
    shown = rows(capsys.readouterr().out)
    assert shown["CONV_2D"] == ["2", "1.40", "70.0%"]
    assert shown["inference_ms"][0] == "2.00 ms"
    assert shown["rss_mb"][0] == "-"


def test_json_of_litert_benchmark_is_shown(capsys: Capture) -> None:
    assert run(DATA / "litert-benchmark.json") == 0
    assert rows(capsys.readouterr().out)["inference_ms"][:2] == ["0.12 ms", "0.115–0.145 ms"]


def test_the_measurement_is_written_in_the_projects_own_schema_and_read_back(tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "out.json"
    assert run(DATA / "recent.txt", "--device", "pixel", "--json", target) == 0
    found = schema.load_measurement(target.read_text(), "out.json")
    assert (found.device, found.subject["runtime"]) == ("pixel", "benchmark_model")
    assert found.readings["inference_ms"].value == pytest.approx(3.06e-3)
    capsys.readouterr()
    assert run(DATA / "recent.txt", "--json", "-") == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["kind"] == "measurement"
    assert "inference_ms" in captured.err


def test_several_files_are_several_samples(tmp_path: Path, capsys: Capture) -> None:
    for index in range(8):
        (tmp_path / f"{index}.txt").write_text(
            (DATA / "recent.txt").read_text().replace("median=3060", f"median=306{index}")
        )
    assert run(*sorted(tmp_path.glob("*.txt"))) == 0
    shown = rows(capsys.readouterr().out)["inference_ms"]
    assert shown[2].startswith("measured: 8 runs of 2600 calls in all, each known by its median")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("recent.txt", "litert-benchmark.json"), "different tools (benchmark_model, litert-benchmark)"),
        (("recent.txt", "plain.txt"), "different numbers of threads (1, 4)"),
    ],
)
def test_runs_that_are_no_samples_of_one_number_are_refused(names: tuple[str, ...], said: str, capsys: Capture) -> None:
    assert run(*(DATA / name for name in names)) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_none_of_them_is_one_clear_error_that_names_what_was_looked_for(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "x.txt").write_text("hello")
    assert run(tmp_path / "x.txt") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert all(one.LOOKED_FOR in captured.err for one in FORMATS)


def test_nothing_is_read_where_nothing_could_be_written(tmp_path: Path, capsys: Capture) -> None:
    assert run(DATA / "recent.txt", "--json", tmp_path / "nowhere" / "x.json") == 2
    assert "its directory is not there" in capsys.readouterr().err
