from __future__ import annotations

from pathlib import Path

import pytest

from edgesense import cli
from edgesense.runtime import backends

SHIPPED = Path(__file__).parents[2] / "models"


def test_a_pipeline_is_written_and_what_to_do_next_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if not backends._is_installed("micro"):
        pytest.skip("tflite-micro is not installed")
    output = tmp_path / "project"
    assert cli.main(["export", "esp32", str(SHIPPED / "dscnn-int8"), "--output", str(output)]) == 0
    printed = capsys.readouterr().out
    assert "edgesense_frontend.c" in printed
    assert f"next: cd {output} && idf.py set-target esp32s3" in printed
    assert (output / "main" / "edgesense_model.c").is_file()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["models-that-are-not-there"], "is no pipeline directory"),
        ([str(SHIPPED / "dscnn-int8" / "model.tflite")], "a bare model has no front end to export"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_line(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["export", "esp32", *arguments, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_a_format_has_to_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["export"])
    assert ended.value.code == 2
    assert "FORMAT" in capsys.readouterr().err
