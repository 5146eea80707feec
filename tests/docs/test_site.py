"""The site: mkdocs builds it without a warning, every page is in its navigation, and it fetches nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import site_pages
from programs import ROOT

yaml = pytest.importorskip("yaml")
for wanted in ("mkdocs", "material", "mkdocstrings"):
    pytest.importorskip(wanted, reason=f"{wanted} is not installed: pip install mkdocs-material 'mkdocstrings[python]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("site")
    # Not with --quiet, under which warnings are not counted.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(where)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return where


def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    # --strict refuses a page that is not in the navigation (`omitted_files: warn`) and a link that leads nowhere.
    pages = [str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")]
    assert len(pages) > 25
    assert [page for page in [*pages, *site_pages.PAGES] if not (site / page).with_suffix(".html").is_file()] == []
    assert set(pages) | set(site_pages.PAGES) <= set(named(settings()["nav"]))


def test_a_page_fetches_nothing_from_elsewhere(site: Path) -> None:
    fetched = re.compile(r"""<(?:(?:script|img|iframe|source)\b[^>]*\bsrc|link\b[^>]*\bhref)="?(?:https?:)?//""")
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    assert [page.name for page in pages if fetched.search(page.read_text(encoding="utf-8"))] == []
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    assert "url(http" not in styles


def test_the_reference_of_python_has_what_docstrings_say(site: Path) -> None:
    text = (site / "reference/pipeline-api.html").read_text(encoding="utf-8")
    assert "edgesense.pipeline.Pipeline.predict" in text
    assert "edgesense.errors.NotMeasured" in text


def test_a_page_opened_from_the_disk_finds_what_is_searched_for(site: Path) -> None:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium to open a page with")
    with sync_api.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto((site / "index.html").as_uri())
        page.get_by_placeholder("Search").click()
        page.get_by_placeholder("Search").press_sequentially("calibrate")
        page.locator(".md-search-result__link").first.wait_for()
        assert "edgesense devices calibrate" in page.locator(".md-search-result__list").inner_text()
        browser.close()


def settings() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))


def named(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    else:
        for value in node.values() if isinstance(node, dict) else node:
            yield from named(value)
