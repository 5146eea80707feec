"""All results of a run as JSON, for programs: written once, by one process, also when tests fail.

History of the schema:
    1  schema, strict, against, tally, said, budgets: a row each, with outcome, letter, word, gates, failing, failure,
       and the verdict (numbers in base units with the unit beside them) or null. Attachments (title, kind, path from
       pytest's root directory or null, reason, summary) came later, beside all else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgesense.perf import schema
from edgesense.perf.files import write_atomically
from pytest_edgesense import status
from pytest_edgesense.options import Settings
from pytest_edgesense.rows import Row
from pytest_edgesense.tally import Tally

VERSION = 1


def write(path: Path, rows: Sequence[Row], counts: Tally, settings: Settings) -> None:
    """Write the results of a run.

    Raises:
        OSError: If the file cannot be written.
    """
    body = {
        "schema": VERSION,
        "strict": settings.strict,
        "against": settings.against,
        "tally": asdict(counts),
        "said": str(counts),
        "budgets": [_plain(row) for row in rows],
    }
    write_atomically(path, json.dumps(body, indent=2, ensure_ascii=False) + "\n")


def _plain(row: Row) -> dict[str, Any]:
    letter, word, _ = status.shown(row) or (None, None, None)
    return {
        "nodeid": row.nodeid,
        "test": row.test,
        "device": row.device,
        "outcome": row.outcome,
        "letter": letter,
        "word": word,
        "gates": row.gates,
        "failing": list(row.failing),
        "failure": row.failure,
        "absent": list(row.absent),
        "against": list(row.against),
        "attachments": [schema.dump_attachment(one) for one in row.attachments],
        "verdict": None if row.verdict is None else schema.dump_verdict(row.verdict),
    }
