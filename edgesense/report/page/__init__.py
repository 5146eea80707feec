"""A run of budgets as one HTML page that needs nothing else: no network, no server, no files beside it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime
from importlib import resources, util
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from edgesense.errors import SettingsError
from edgesense.perf.files import write_atomically
from edgesense.report import schema
from edgesense.report.page.files import FOLDER, Files, below
from edgesense.report.records import RunRecord

if TYPE_CHECKING:
    import jinja2

PAGE, DATA = "index.html", "run.json"
INSTALL = "pip install 'pytest-edgesense[report]'"


def need() -> None:
    """Refuse early what could not be written later.

    Raises:
        SettingsError: If the template engine is not installed.
    """
    if util.find_spec("jinja2") is None:
        msg = f"the page needs jinja2: {INSTALL}"
        raise SettingsError(msg)


def render(run: RunRecord, files: Files, *, data: str = "") -> str:
    """Return the page of a run.

    Args:
        run: What is shown.
        files: How the files that explain it are read; afterwards it holds those that are to lie beside the page.
        data: Where the same stands as JSON, from the page; "" where it does not.

    Raises:
        SettingsError: If the template engine is not installed.
    """
    need()
    from edgesense.report.page import view, words

    page = view.page(run, files)
    template = _environment().get_template("page.html.j2")
    return template.render(
        page=page,
        heads=words.HEADS,
        known=words.KNOWN,
        outcomes=words.OUTCOMES,
        tones=words.TONES,
        packed=files.packed,
        data=data,
        style=_asset("page.css"),
        program=_asset("page.js"),
    )


def write(run: RunRecord, directory: Path, root: Path) -> Path:
    """Write the page, its data and what is too large for it into a directory; return the page's file.

    Args:
        run: What is shown.
        directory: Made if it is not there; other files in it stay as they are.
        root: The project's root, which paths in `run` start from.

    Raises:
        SettingsError: If the template engine is not installed.
        OSError: If something cannot be written.
    """
    files = Files(below(root))
    text = render(run, files, data=DATA)
    directory.mkdir(parents=True, exist_ok=True)
    kept = directory / FOLDER
    for name, content in files.copies.items():
        write_atomically(directory / name, content)
    write_atomically(directory / DATA, schema.dump(run))
    # Last, so that a page never points to what is not there yet.
    write_atomically(directory / PAGE, text)
    for old in _unused(kept, set(files.copies)):
        old.unlink(missing_ok=True)
    if kept.is_dir() and not any(kept.iterdir()):
        shutil.rmtree(kept, ignore_errors=True)
    return directory / PAGE


def _unused(kept: Path, wanted: set[str]) -> Iterator[Path]:
    for path in kept.glob("????????????-*") if kept.is_dir() else ():
        if f"{FOLDER}/{path.name}" not in wanted:
            yield path


def _environment() -> jinja2.Environment:
    import jinja2
    from markupsafe import Markup

    here = jinja2.PackageLoader(__name__)
    made = jinja2.Environment(
        loader=here, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {
        "place": lambda number: f"{number:.4g}",
        "size": _size,
        "moment": _moment,
        "link": lambda path: Markup(quote(path)),  # noqa: S704 - quoted, so that it holds nothing that is markup
        "capitalise": lambda text: text[:1].upper() + text[1:],
    }
    return made


def _size(size: int) -> str:
    if size < 1024:
        return f"{size} B"
    return f"{size / 1024:.0f} KiB" if size < 1024**2 else f"{size / 1024**2:.1f} MiB"


def _moment(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def _asset(name: str) -> Any:
    from markupsafe import Markup

    return Markup((resources.files(__name__) / "static" / name).read_text(encoding="utf-8"))  # noqa: S704 - our own
