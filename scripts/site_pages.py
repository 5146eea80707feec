"""For mkdocs: pages that the code itself writes, so that they cannot be older than it; links that leave `docs/`.

`mkdocs.yml` names this file under ``hooks``. Each function of `PAGES` returns one page as Markdown.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]*\)")
FILE = re.compile(r"<!-- file: (\S+) -->\n((?:<!-- .* -->\n)*```\w+)\n")
MADE = "<!-- made by scripts/site_pages.py -->\n\n"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages to the site."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=MADE + page()))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Show the name of a file above its block; a link to what is no part of the site as its text."""
    named = FILE.sub(r'\2 title="\1"\n', markdown)
    return named if "/" in page.file.src_uri else OUTSIDE.sub(r"\1", named)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


class _Recorder:
    """Takes what the plugin adds to pytest's parser."""

    def __init__(self) -> None:
        self.options: dict[str, Mapping[str, Any]] = {}
        self.keys: dict[str, tuple[str, str]] = {}

    def getgroup(self, *_: str) -> _Recorder:
        """There is only one group."""
        return self

    def addoption(self, name: str, **said: Any) -> None:
        """Keep an option."""
        self.options[name] = said

    def addini(self, name: str, text: str, *, type: str, **_: Any) -> None:  # noqa: A002 - pytest's name
        """Keep an ini key."""
        self.keys[name] = (text, type)


def options() -> str:
    """Return the page of the plugin's options and ini keys."""
    from pytest_edgesense import options as plugin

    found = _Recorder()
    plugin.add(found)  # type: ignore[arg-type]
    return (
        "# Options and ini keys\n\nThe command line beats the ini file beats the default. What each does in full: "
        "[the plugin](../plugin.md#options). `pytest --help` prints the same.\n\n## Options\n\n"
        + table(
            ("option", "meaning"), ((f"`{_shown(name, said)}`", _text(said)) for name, said in found.options.items())
        )
        + "\n## Ini keys\n\nIn `pytest.ini`, or in `pyproject.toml` under `[tool.pytest.ini_options]`.\n\n"
        + table(("key", "kind", "meaning"), ((f"`{name}`", kind, text) for name, (text, kind) in found.keys.items()))
    )


def _shown(name: str, said: Mapping[str, Any]) -> str:
    if str(said.get("action", "")).startswith("store_"):
        return name
    word = said.get("metavar") or "{" + ",".join(said["choices"]) + "}"
    return f"{name}={word}"


def _text(said: Mapping[str, Any]) -> str:
    return str(said.get("help", "")).replace("%%", "%")


def limits() -> str:
    """Return the page of the limits."""
    from edgesense.perf import devices, metrics

    every = devices.every()
    rows = []
    for name, metric in metrics.every().items():
        where = ", ".join(f"`{device.name}`" for device in every if name in device.answers())
        most = "at most" if metric.lower_is_better else "at least"
        rows.append((f"`{name}`", _unit(metric.unit.symbol), most, metric.judged, _compared(metric), where))
    return (
        "# Limits\n\nWhat each is, statistically: [how a number is made](../measurement.md). A metric of your own: "
        "[how to](../howto/metric.md).\n\n"
        + table(("limit", "unit", "the number is", "held against it", "beside its baseline", "devices"), rows)
        + "\nDevices that a project names itself ([SSH](../ssh.md), [Android](../android.md)) are not in the last "
        "column: `edgesense devices`, run in the project, lists theirs.\n"
    )


def _unit(symbol: str) -> str:
    return symbol or "0 to 1"


def _compared(metric: Any) -> str:
    if metric.gated is not None:
        return "measured again beside it"
    tolerance = metric.tolerance
    if tolerance is None:
        return "not compared"
    from edgesense.perf import units

    said = []
    if tolerance.relative:
        said.append(f"{tolerance.relative * 100:g} %")
    if tolerance.absolute:
        shown = f"{metric.unit.from_base(tolerance.absolute):g} {metric.unit.symbol}"
        said.append(f"{tolerance.absolute * 100:g} points" if metric.unit is units.RATIO else shown)
    of = ", of each part too" if metric.by_part else ""
    return f"may be worse by {' or '.join(said)}{', whichever is more' if len(said) > 1 else ''}{of}"


def devices() -> str:
    """Return the page of the devices."""
    from edgesense.perf import devices as package

    rows = []
    for device in package.every():
        known = package.profile(device)
        by: dict[str, list[str]] = {}
        for name, how in device.answers().items():
            by.setdefault(how.value, []).append(f"`{name}`")
        said = "; ".join(f"**{how}** {', '.join(names)}" for how, names in by.items())
        others = ", ".join(f"`{name}`" for name in sorted(device.names - {device.name}))
        title = known.title if known else (inspect.getdoc(device) or "").partition(".")[0]
        rows.append((f"`{device.name}`", others, title, said))
    return (
        "# Devices\n\nThose that every project has; `edgesense devices` adds what this computer lacks for each. "
        "Real boards are named by a project: [SSH](../ssh.md), [Android](../android.md). "
        "A device of your own: [how to](../howto/device.md).\n\n"
        + table(("device", "also called", "what it is", "how it knows what"), rows)
    )


def formats() -> str:
    """Return the page of the forms that results are written in."""
    from edgesense.report import formats as package

    rows = [(f"`{name}`", f"`{form.SUFFIX}`", form.ABOUT) for name, form in package.every().items()]
    return (
        "# Forms of results\n\n`pytest --edge-export=FORM:FILE` writes one at the end of a run, "
        "`edgesense report export RUN.json --format FORM` from a run's JSON; examples: [builds](../ci.md#forms). A "
        f"package adds its own with the entry-point group `{package.GROUP}`.\n\n" + table(("form", "file", "for"), rows)
    )


def commands() -> str:
    """Return the page of the command line."""
    from edgesense import cli

    lines = ["# Commands\n\n`edgesense COMMAND --help` prints the same.\n"]
    for depth, parser in _parsers(cli.make_parser()):
        if depth:
            parser.formatter_class = functools.partial(argparse.HelpFormatter, width=100)  # type: ignore[assignment]
            usage = parser.format_usage().removeprefix("usage: ")
            lines.append(
                f"\n{'#' * (depth + 1)} {parser.prog}\n\n{parser.description or ''}\n\n```text\n{usage}```\n\n"
            )
            rows = [(f"`{names}`", text) for names, text in _arguments(parser)]
            lines.append(table(("argument", "meaning"), rows) if rows else "")
    return "".join(lines)


def _subparsers(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:  # noqa: SLF001 - argparse tells it in no other way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - the same
            return dict(action.choices)
    return {}


def _parsers(parser: argparse.ArgumentParser, depth: int = 0) -> Iterator[tuple[int, argparse.ArgumentParser]]:
    yield depth, parser
    for one in _subparsers(parser).values():
        yield from _parsers(one, depth + 1)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    formatter = argparse.HelpFormatter("")
    for action in parser._actions:  # noqa: SLF001 - argparse tells it in no other way
        if isinstance(action, (argparse._HelpAction, argparse._SubParsersAction)) or action.help == argparse.SUPPRESS:  # noqa: SLF001
            continue
        value = "" if action.nargs == 0 else f" {formatter._format_args(action, _default(action))}"  # noqa: SLF001
        names = ", ".join(action.option_strings) + value if action.option_strings else value.strip()
        yield names, formatter._expand_help(action) if action.help else ""  # noqa: SLF001


def _default(action: argparse.Action) -> str:
    return action.dest.upper() if action.option_strings else action.dest


def changes() -> str:
    """Return the changelog."""
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/options.md": options,
    "reference/limits.md": limits,
    "reference/devices.md": devices,
    "reference/formats.md": formats,
    "reference/commands.md": commands,
    "changes.md": changes,
}
