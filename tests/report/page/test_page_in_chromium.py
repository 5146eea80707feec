"""The page as a browser has it; skips where there is no Chromium to drive."""

import shutil

import pytest

from edgesense.report import example, page
from edgesense.report.records import Attached

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAME = "py-spy flame graph"


@pytest.fixture(scope="module")
def browser():
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, tmp_path):
    """The page of an example, and what went wrong on it."""
    (tmp_path / "flame.svg").write_text(example.flame_graph(), encoding="utf-8")
    run = example.run(24, attached=(Attached(FLAME, "flame.svg", kind="flamegraph"),))
    file = page.write(run, tmp_path / "report", tmp_path)
    tab = browser.new_page()
    wrong = []
    tab.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.goto(file.as_uri())
    yield tab, wrong
    tab.close()
    assert wrong == []


def test_outcomes_words_and_devices_choose_and_the_address_keeps_it(opened):
    tab, _ = opened
    assert tab.locator(".row:visible").count() == 24
    tab.get_by_role("button", name="over 2").click()
    assert tab.locator(".row:visible").count() == 2
    assert tab.locator("#count").inner_text() == "2 of 24 results"
    address = tab.url
    tab.get_by_label("Find").fill("nothing has this name")
    assert tab.locator("#nothing").is_visible()
    tab.goto(address)
    tab.reload()
    assert tab.locator(".row:visible").count() == 2


def test_a_flame_graph_opens_in_a_frame_that_reaches_nothing(opened):
    tab, _ = opened
    assert tab.locator("iframe").count() == 0
    tab.get_by_role("button", name=FLAME).click()
    frame = tab.locator("#viewer-body iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert tab.frame_locator("#viewer-body iframe").locator("rect").count() == 14
    tab.keyboard.press("Escape")
    assert tab.locator("iframe").count() == 0


def test_a_link_opens_its_result(opened):
    tab, _ = opened
    row = tab.locator(".row").last
    tab.goto(f"{tab.url.partition('#')[0]}#{row.get_attribute('id')}")
    assert row.locator(".until-found").is_visible()
    assert row.locator(".toggle").get_attribute("aria-expanded") == "true"


def test_details_open_by_the_keyboard_alone(opened):
    tab, _ = opened
    toggle = tab.locator(".toggle").first
    toggle.focus()
    tab.keyboard.press("Enter")
    assert toggle.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "find"


def test_the_nearest_to_a_limit_comes_first_when_asked(opened):
    tab, _ = opened
    tab.get_by_label("Sort by").select_option("used")
    used = tab.locator(".row").evaluate_all("rows => rows.map((row) => Number(row.dataset.used))")
    assert used == sorted(used, reverse=True)
    assert used[0] > 1
