import json

from edgesense.report import example, schema
from edgesense.report.formats import html
from edgesense.report.records import Attached

EVIL = """</script></style></title>--><script>alert(1)</script><img src=x onerror=alert(1)>"'`&{{ 7 * 7 }}"""
PLAIN = {"known", "unit", "budget", "regression", "path", "correct"}


def poisoned(value, key=""):
    """Plain data with every text in it replaced by a hostile one, names of settings too."""
    if isinstance(value, dict):
        free = key in {"subject", "fingerprint", "environment", "features", "parts"}
        return {EVIL + name if free else name: poisoned(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, key) for one in value]
    return EVIL if isinstance(value, str) and value and key not in PLAIN else value


def test_nothing_that_a_record_says_becomes_markup(tmp_path):
    (tmp_path / "flame.svg").write_text(example.flame_graph(), encoding="utf-8")
    attached = (Attached("graph", "flame.svg", kind="x", summary=("found",)), Attached("none", reason="gone"))
    body = json.loads(schema.dump(example.run(12, attached=attached)))
    text = html.render(schema.load(json.dumps(poisoned(body)), "run.json"), root=tmp_path)
    own = html.render(example.run(12, attached=attached), root=tmp_path)
    for tag in ("<script", "</script", "<style", "</style", "<title", "</title", "<img"):
        # A drawing's titles are its own, and as many as it has points.
        assert tag.endswith("title") or text.count(tag) == own.count(tag), tag
    assert text.count("<title") == text.count("</title")
    assert "<script>alert" not in text
    assert "onerror=alert(1)>" not in text
    assert "{{ 7 * 7 }}" in text
