"""The page of a run of 500 tests: how long it takes to make, how large it is, how soon a browser shows it and answers.

The run is the example of `edgesense.report.example`. Making the page is timed in fresh processes, the program's imports
left out and everything else in: from the record to the files on the disk. The processor's time is shown beside it: a
busy computer does not add to it. The browser's part needs playwright and chromium; without them it is left out.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from edgesense.report import example, page
from edgesense.report.records import Attached, RunRecord

SECONDS, MEGABYTES = 2.0, 15.0
SCREEN, PICTURE = {"width": 1280, "height": 900}, {"width": 1280, "height": 1060}
MAKE = """
import sys, time
from pathlib import Path
from edgesense.report import example, page
run, target = example.run(int(sys.argv[1])), Path(sys.argv[2])
started, processor = time.perf_counter(), time.process_time()
page.write(run, target / "page", target)
print(time.perf_counter() - started, time.process_time() - processor)
"""
KEYSTROKE = """text => new Promise(done => {
  const find = document.getElementById("find"), started = performance.now();
  find.value = text;
  find.dispatchEvent(new Event("input"));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - started)));
})"""
PAINTED = """() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"""


def main() -> int:
    """Print the figures; the exit status is 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", type=int, default=500, help="tests in the run (default 500)")
    parser.add_argument("--rounds", type=int, default=5, help="pages made and opened (default 5)")
    parser.add_argument("--json", type=Path, help="also write the bars there")
    parser.add_argument("--pictures", type=Path, help="write report.png and report-dark.png there, and measure nothing")
    chosen = parser.parse_args()
    if chosen.pictures:
        return pictures(chosen.pictures)
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-c", MAKE, str(chosen.tests), scratch]
        made = [
            [float(one) for one in subprocess.check_output(command, text=True).split()] for _ in range(chosen.rounds)
        ]
        file = Path(scratch) / "page" / page.PAGE
        rows = [
            row("made and written", statistics.median(seconds for seconds, _ in made), "s", SECONDS),
            row("made and written: processor time", statistics.median(seconds for _, seconds in made), "s"),
            row("size", file.stat().st_size / 1e6, "MB", MEGABYTES),
            *in_browser(file, chosen.rounds),
        ]
    table = Table("figure", "median", "limit", "met", title=f"the page of {chosen.tests} tests")
    for one in rows:
        limit = f"{one['limit']:g} {one['unit']}" if "limit" in one else ""
        met = {True: "yes", False: "NO", None: ""}[one.get("met")]
        table.add_row(one["name"], f"{one['value']:g} {one['unit']}", limit, met)
    Console().print(table)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(one.get("met") is not False for one in rows) else 1


def row(name: str, value: float, unit: str, limit: float | None = None) -> dict[str, Any]:
    """Return one figure, and whether it is within its limit where it has one."""
    plain: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit}
    return plain if limit is None else plain | {"limit": limit, "met": value <= limit}


def in_browser(file: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield how soon the page is painted, and how long it takes to answer to a letter in its search."""
    with browsing() as browser:
        if browser is None:
            print("no figures of a browser: pip install playwright; apt-get install chromium")
            return
        painted, first, later = [], [], []
        for _ in range(rounds):
            tab = browser.new_page(viewport=SCREEN)
            tab.goto(file.as_uri())
            painted.append(tab.evaluate(PAINTED) / 1e3)
            # The first letter reads every row's text, the others search in it.
            first.append(tab.evaluate(KEYSTROKE, "o"))
            later += [tab.evaluate(KEYSTROKE, word) for word in ("ov", "ove", "over")]
            tab.close()
        yield row("opened until painted, in Chromium", statistics.median(painted), "s", SECONDS)
        yield row("first letter in the search until painted", statistics.median(first), "ms")
        yield row("each further letter", statistics.median(later), "ms")


def pictures(directory: Path) -> int:
    """Write what the documentation shows of the page, in light and in dark colours."""
    directory.mkdir(parents=True, exist_ok=True)
    with browsing() as browser, tempfile.TemporaryDirectory() as scratch:
        if browser is None:
            print("pictures need a browser: pip install playwright; apt-get install chromium")
            return 1
        file = page.write(explained(Path(scratch)), Path(scratch) / "page", Path(scratch))
        for colours, name in (("light", "report.png"), ("dark", "report-dark.png")):
            tab = browser.new_page(viewport=PICTURE, color_scheme=colours)
            tab.goto(f"{file.as_uri()}#outcome=fails&find=latency_ms")
            tab.locator(".row:visible .toggle").first.click()
            tab.mouse.move(0, 0)
            few_colours(tab.screenshot()).save(directory / name, optimize=True)
            tab.close()
            print(f"{directory / name}: {(directory / name).stat().st_size / 1e3:.0f} kB")
    return 0


def few_colours(picture: bytes) -> Any:
    """Return a picture with a palette: a page has few colours, and so its file is a third as large."""
    from PIL import Image

    return Image.open(BytesIO(picture)).convert("RGB").quantize(256)


def explained(root: Path) -> RunRecord:
    """Return an example whose first broken budget is explained by files in a directory."""
    (root / "flame.svg").write_text(example.flame_graph(), encoding="utf-8")
    (root / "stages.txt").write_text("features +14.9 ms, inference +0.0 ms\n", encoding="utf-8")
    functions = "features: power_spectrum (mine/frames.py) +13.2 ms a call, sampled (31 % -> 58 %)"
    attached = (
        Attached("time by stage", "stages.txt", kind="stages", summary=("features +14.9 ms, inference +0.0 ms",)),
        Attached("py-spy flame graph, --native", "flame.svg", kind="functions", summary=(functions,)),
    )
    return example.run(24, attached=attached)


@contextmanager
def browsing() -> Iterator[Any]:
    """Give a headless Chromium, or None where there is none to drive."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        yield None
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


if __name__ == "__main__":
    raise SystemExit(main())
