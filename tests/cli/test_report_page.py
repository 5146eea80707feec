"""The page of a run, made on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgesense.cli import main
from edgesense.report import example, schema
from edgesense.report.records import Attached

DATA = Path(__file__).parents[1] / "data"


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["report", "page", *arguments]) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return out + err


@pytest.mark.parametrize("version", sorted(DATA.glob("run-*.json")), ids=lambda path: path.stem)
def test_a_page_is_made_of_a_run_of_every_schema(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, version: Path
) -> None:
    text = said(capsys, str(version), "--output", str(tmp_path / "out"))
    assert text == f"{tmp_path}/out/index.html\n"
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert page.count('<article class="row') == len(json.loads(version.read_text(encoding="utf-8"))["budgets"])


def test_its_data_make_the_same_page_again(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text(schema.dump(example.run(12)), encoding="utf-8")
    said(capsys, str(run), "--output", str(tmp_path / "one"))
    said(capsys, str(tmp_path / "one" / "run.json"), "--output", str(tmp_path / "two"))
    first, second = ((tmp_path / name / "index.html").read_bytes() for name in ("one", "two"))
    assert first == second


def test_files_are_read_from_the_project_and_those_of_an_earlier_page_are_cleared(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, out = tmp_path / "run.json", tmp_path / "out"
    attached = (Attached("samples", "scope.json"), Attached("flame graph", "gone.svg"))
    run.write_text(schema.dump(example.run(12, attached=attached)), encoding="utf-8")
    for content in ("{}", "[]"):
        (tmp_path / "scope.json").write_text(content, encoding="utf-8")
        said(capsys, str(run), "--output", str(out), "--root", str(tmp_path))
        assert [path.read_text(encoding="utf-8") for path in (out / "files").iterdir()] == [content]
    assert "gone.svg: No such file or directory" in (out / "index.html").read_text(encoding="utf-8")


def test_a_page_of_a_run_without_results_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text(schema.dump(example.run(0)), encoding="utf-8")
    said(capsys, str(run), "--output", str(tmp_path / "out"))
    assert "No budget was judged" in (tmp_path / "out" / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "run.json cannot be read: No such file or directory"),
        (b"\xff", "run.json cannot be read: 'utf-8' codec"),
        (b"hello", "is no run that can be read"),
        (b"[]", "is no run that can be read"),
        (b'{"schema": 99}', "99"),
    ],
)
def test_a_file_that_is_no_run_is_refused_in_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes | None, message: str
) -> None:
    run, out = tmp_path / "run.json", tmp_path / "out"
    if content is not None:
        run.write_bytes(content)
    text = said(capsys, str(run), "--output", str(out), status=2)
    assert message in text
    assert len(text.strip().splitlines()) == 1
    assert not out.exists()


def test_an_output_that_is_a_file_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    text = said(capsys, str(DATA / "run-1.json"), "--output", str(tmp_path / "out"), status=2)
    assert f"--output {tmp_path}/out: File exists" in text
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_without_the_template_engine_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    text = said(capsys, str(DATA / "run-1.json"), "--output", str(tmp_path / "out"), status=2)
    assert "the page needs jinja2: pip install 'pytest-edgesense[report]'" in text
    assert not (tmp_path / "out").exists()
