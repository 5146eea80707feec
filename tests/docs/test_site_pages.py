"""The pages that the code writes: nothing is missing in them, and no line is about something that is not there."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import site_pages

from edgesense import cli
from edgesense.perf import devices, metrics
from edgesense.report import formats


def test_every_option_and_ini_key_is_on_the_page_with_its_meaning(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    parser = pytester.parseconfig("-p", "pytest_edgesense.plugin")._parser
    names = {name for option in parser.getgroup("edgesense").options for name in option.names()}
    keys = {name for name in parser._inidict if name.startswith("edge_")}
    rows = dict(re.findall(r"^\| `([\w-]+).* \| (.*) \|$", site_pages.options(), flags=re.MULTILINE))
    assert len(names) > 10
    assert len(keys) > 10
    assert rows.keys() == names | keys
    assert all(rows.values())


def test_every_limit_is_on_the_page_with_the_devices_that_answer_it() -> None:
    rows = {line.split("`")[1]: line for line in site_pages.limits().splitlines() if line.startswith("| `")}
    assert rows.keys() == metrics.every().keys()
    assert "`pi`" in rows["instructions_m"]
    assert "`host`" not in rows["instructions_m"]
    assert "0.5 % of each part too" in rows["instructions_m"].replace(",", "")
    assert "measured again" in rows["latency_ms"]


def test_every_device_is_on_the_page() -> None:
    first = re.findall(r"^\| `([\w-]+)`", site_pages.devices(), flags=re.MULTILINE)
    assert first == [device.name for device in devices.every()]


def test_every_format_is_on_the_page() -> None:
    assert set(re.findall(r"^\| `([\w-]+)`", site_pages.formats(), flags=re.MULTILINE)) == set(formats.every())


def test_every_command_is_on_the_page_with_its_options() -> None:
    page = site_pages.commands()
    verbs = set(re.findall(r"^## edgesense (\S+)$", page, flags=re.MULTILINE))
    assert "bench" in verbs
    assert verbs == set(site_pages._subparsers(cli.make_parser()))
    assert "### edgesense devices setup\n" in page
    assert "| `--iterations N` |" in page
    assert "SUPPRESS" not in page
    assert "%(" not in page


def test_a_bar_in_a_cell_ends_no_cell() -> None:
    assert site_pages.table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x&#124;y |\n"


@pytest.mark.parametrize(
    ("page", "text", "becomes"),
    [
        ("a.md", "as [text](../tests/data) has it", "as text has it"),
        ("a.md", "[there](b.md)", "[there](b.md)"),
        ("howto/a.md", "[there](../b.md)", "[there](../b.md)"),
        ("a.md", "<!-- file: b.py -->\n```python\nx\n```", '```python title="b.py"\nx\n```'),
        ("howto/a.md", "<!-- file: b -->\n<!-- run -->\n```sh\nx\n", '<!-- run -->\n```sh title="b"\nx\n'),
        ("a.md", "<!-- run -->\n```console\nx\n", "<!-- run -->\n```console\nx\n"),
    ],
)
def test_links_that_leave_the_site_are_text_and_files_have_their_name_above_them(
    page: str, text: str, becomes: str
) -> None:
    asked = SimpleNamespace(file=SimpleNamespace(src_uri=page))
    assert site_pages.on_page_markdown(text, asked) == becomes
