from pathlib import Path

from edgesense.report import schema
from edgesense.report.formats import json
from edgesense.report.records import RunRecord


def test_it_is_the_record_itself():
    run = RunRecord(said="0 budgets", commit="abc")
    assert schema.load(json.render(run, root=Path()), "run.json") == run
