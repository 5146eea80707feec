"""Run records to JSON and back.

History of the schema:
    1  schema, strict, against, tally, said, budgets: a row each, with outcome, letter, word, gates, failing, failure,
       and the verdict (numbers in base units with the unit beside them) or null.
    2  adds when, commit, modified, release, strict_because, problems, trend_note; to each row place, blamed, seconds,
       trend (limit -> commits) and evidence: pipeline, measured and baseline (subject, fingerprint, environment),
       distributions (of calls), attached.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edgesense.errors import InvalidInput, SchemaError
from edgesense.perf import schema
from edgesense.perf.records import Json, Known
from edgesense.report.records import Attached, Distribution, Evidence, Place, Result, RunRecord, Setting, Step

VERSION = 2
DAMAGED = (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError)


def dump(run: RunRecord) -> str:
    """Return a run as JSON text, one budget a line."""
    head = {
        "schema": VERSION,
        "release": run.release,
        "when": run.when,
        "commit": run.commit,
        "modified": run.modified,
        "strict": run.strict,
        "strict_because": run.strict_because,
        "against": run.against,
        "tally": dict(run.tally),
        "said": run.said,
        "problems": list(run.problems),
        "trend_note": run.trend_note,
    }
    said = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    rows = ",\n".join(json.dumps(dump_result(one), ensure_ascii=False) for one in run.results)
    return f'{said},\n "budgets": [\n{rows}\n ]\n}}\n'


def load(text: str, origin: str) -> RunRecord:
    """Return the run that `text` holds.

    Args:
        text: What `dump` wrote, of this or an earlier schema.
        origin: The file's name, for messages.

    Raises:
        SchemaError: If a newer release wrote it.
        InvalidInput: If it is no run, or damaged.
    """
    try:
        body = json.loads(text)
        schema.check_version(body["schema"], VERSION, origin)
        return RunRecord(
            results=tuple(load_result(row) for row in body["budgets"]),
            said=str(body["said"]),
            tally={str(name): int(count) for name, count in body["tally"].items()},
            strict=bool(body["strict"]),
            strict_because=str(body.get("strict_because", "")),
            against=None if body["against"] is None else str(body["against"]),
            when=str(body.get("when", "")),
            commit=str(body.get("commit", "")),
            modified=bool(body.get("modified", False)),
            release=str(body.get("release", "")),
            problems=_lines(body.get("problems", ())),
            trend_note=str(body.get("trend_note", "")),
        )
    except SchemaError:
        raise
    except DAMAGED as error:
        what = f"{type(error).__name__}: {error}"
        msg = f"{origin} is no run that can be read ({what}): a file that pytest --edge-json wrote is wanted"
        raise InvalidInput(msg) from error


def dump_result(result: Result) -> dict[str, Json]:
    """Return one row as plain data."""
    plain: dict[str, Json] = {
        "nodeid": result.nodeid,
        "test": result.test,
        "device": result.device,
        "place": None if result.place is None else vars(result.place),
        "outcome": result.outcome,
        "letter": result.letter or None,
        "word": result.word or None,
        "gates": result.gates,
        "blamed": result.blamed,
        "failing": list(result.failing),
        "failure": result.failure,
        "absent": list(result.absent),
        "against": list(result.against),
        "verdict": None if result.verdict is None else schema.dump_verdict(result.verdict),
        "evidence": dump_evidence(result.evidence),
        "seconds": result.seconds,
    }
    if result.trend:
        plain["trend"] = {
            name: [{**vars(one), "known": one.known.value} for one in steps] for name, steps in result.trend.items()
        }
    return plain


def load_result(row: Mapping[str, Any]) -> Result:
    """Return the row of plain data."""
    verdict, place = row["verdict"], row.get("place")
    return Result(
        nodeid=str(row["nodeid"]),
        test=str(row["test"]),
        device=str(row["device"]),
        verdict=None if verdict is None else schema.load_verdict(verdict),
        place=None if place is None else Place(str(place["file"]), int(place["line"])),
        outcome=str(row["outcome"]),
        letter=str(row["letter"] or ""),
        word=str(row["word"] or ""),
        gates=bool(row["gates"]),
        blamed=bool(row.get("blamed", row["outcome"] == "failed" and row["letter"])),
        failing=_lines(row["failing"]),
        failure=str(row["failure"]),
        absent=_lines(row["absent"]),
        against=_lines(row["against"]),
        evidence=load_evidence(row.get("evidence", {})),
        seconds=float(row.get("seconds", 0.0)),
        trend={str(name): tuple(map(_step, steps)) for name, steps in row.get("trend", {}).items()},
    )


def dump_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return what stands behind a verdict as plain data; what is empty is left out."""
    plain: dict[str, Json] = {"pipeline": evidence.pipeline}
    for name in ("measured", "baseline"):
        setting: Setting | None = getattr(evidence, name)
        if setting is not None:
            plain[name] = {key: dict(value) for key, value in vars(setting).items()}
    if evidence.distributions:
        plain["distributions"] = {name: vars(one) for name, one in evidence.distributions.items()}
    if evidence.attached:
        plain["attached"] = [vars(one) for one in evidence.attached]
    return plain


def load_evidence(body: Mapping[str, Any]) -> Evidence:
    """Return the evidence of plain data."""
    return Evidence(
        pipeline=str(body.get("pipeline", "")),
        measured=_setting(body.get("measured")),
        baseline=_setting(body.get("baseline")),
        distributions={str(name): _distribution(one) for name, one in body.get("distributions", {}).items()},
        attached=tuple(_attached(one) for one in body.get("attached", ())),
    )


def _setting(body: Mapping[str, Any] | None) -> Setting | None:
    if body is None:
        return None
    texts = {
        name: {str(key): str(value) for key, value in body[name].items()} for name in ("fingerprint", "environment")
    }
    return Setting(subject=dict(body["subject"]), **texts)


def _distribution(body: Mapping[str, Any]) -> Distribution:
    sides = {name: tuple(float(value) for value in body[name]) for name in ("alone", "baseline", "candidate")}
    pairs = tuple((float(first), float(second)) for first, second in body["pairs"])
    return Distribution(**sides, pairs=pairs, discarded=int(body["discarded"]))


def _step(body: Mapping[str, Any]) -> Step:
    return Step(str(body["commit"]), str(body["when"]), float(body["value"]), Known(body["known"]))


def _attached(body: Mapping[str, Any]) -> Attached:
    texts = {name: str(body[name]) for name in ("title", "path", "reason", "kind")}
    return Attached(**texts, summary=_lines(body["summary"]))


def _texts(body: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in body.items()}


def _lines(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in said)
