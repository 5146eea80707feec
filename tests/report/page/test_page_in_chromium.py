"""The page as a browser has it; skips where there is no Chromium to drive."""

import re
import shutil
import socket
import subprocess
from urllib.parse import parse_qs

import pytest

from edgesense.report import example, page
from edgesense.report.records import Attached

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAME = "py-spy flame graph"
SPY = "a file that looks for a way out"
OUTWARD = """<!doctype html><title>spy</title><img src="ADDRESS/image"><script>
let seen = "";
try { seen += parent.document.title; } catch { seen += "no page,"; }
try { seen += localStorage.length; } catch { seen += "no storage,"; }
fetch("ADDRESS/data").catch(() => document.body.append(seen + "no network"));
</script>"""


@pytest.fixture(scope="module")
def browser():
    driver = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def listening():
    """A server that nobody should call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def address(tmp_path_factory, listening):
    """The page of an example."""
    root = tmp_path_factory.mktemp("project")
    (root / "flame.svg").write_text(example.flame_graph(), encoding="utf-8")
    outward = OUTWARD.replace("ADDRESS", f"http://127.0.0.1:{listening.getsockname()[1]}")
    (root / "spy.html").write_text(outward, encoding="utf-8")
    (root / "stages.txt").write_text("features 3.1 ms\n", encoding="utf-8")
    stages = Attached("time by stage", "stages.txt", kind="stages", summary=("features +1.07 ms",))
    attached = (stages, Attached(FLAME, "flame.svg", kind="flamegraph"), Attached(SPY, "spy.html"))
    return page.write(example.run(24, attached=attached), root / "report", root).as_uri()


@pytest.fixture
def wrong():
    """What a page said to be wrong; a test that expects it empties it."""
    return []


@pytest.fixture
def opening(browser, address, wrong):
    """How the page is opened: in which colours, on which screen, at which place."""
    tabs = []

    def opened(*, colours="light", width=1280, height=900, at=""):
        tab = browser.new_page(color_scheme=colours, viewport={"width": width, "height": height})
        tabs.append(tab)
        tab.on("console", lambda message: wrong.append(message.text) if message.type in {"error", "warning"} else None)
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(f"{address}{at}")
        return tab

    yield opened
    for tab in tabs:
        tab.close()
    assert wrong == []


@pytest.fixture
def tab(opening):
    return opening()


def shown(tab):
    return tab.locator(".row:visible").count()


def focused(tab):
    return tab.evaluate("document.activeElement.id")


def test_outcomes_and_words_choose(tab):
    assert shown(tab) == 24
    tab.get_by_role("button", name="over 2").click()
    assert shown(tab) == 2
    assert tab.locator("#count").inner_text() == "2 of 24 results"
    tab.get_by_label("Find").fill("nothing has this name")
    assert tab.locator("#nothing").is_visible()
    tab.get_by_role("button", name="Show all").click()
    assert shown(tab) == 24


def test_the_address_keeps_what_was_chosen_and_how_it_was_sorted(tab):
    tab.get_by_label("Find").fill("size_kb test_")
    tab.get_by_role("button", name="same 16").click()
    tab.get_by_role("combobox", name="Device").select_option("host")
    tab.get_by_role("combobox", name="Sort by").select_option("name")
    before = tab.locator(".row:visible a.name").all_inner_texts()
    assert parse_qs(tab.url.partition("#")[2]) == {
        "find": ["size_kb test_"],
        "outcome": ["SAME"],
        "device": ["host"],
        "sort": ["name"],
    }
    tab.reload()
    assert tab.locator(".row:visible a.name").all_inner_texts() == before
    assert 0 < len(before) < 24


@pytest.mark.parametrize("said", ["%", "t-gone", "sort=constructor&device=none&outcome=none", "t-<b>", "find=&sort="])
def test_an_address_that_nothing_is_behind_shows_everything(opening, said):
    tab = opening(at=f"#{said}")
    assert shown(tab) == 24
    assert tab.get_by_role("combobox", name="Sort by").input_value() == "worst"
    assert tab.get_by_role("combobox", name="Device").input_value() == ""


def test_the_nearest_to_a_limit_comes_first_when_asked(tab):
    tab.get_by_role("combobox", name="Sort by").select_option("used")
    used = tab.locator(".row").evaluate_all("rows => rows.map((row) => Number(row.dataset.used))")
    assert used == sorted(used, reverse=True)
    assert used[0] > 1


def test_a_link_opens_its_result_also_when_a_choice_hides_it(tab):
    row = tab.locator(".row").last
    link = row.locator("a.name").get_attribute("href")
    tab.get_by_label("Find").fill("test_unmeasured")
    assert not row.is_visible()
    tab.evaluate("link => { location.hash = link; }", link)
    assert row.locator(".until-found").is_visible()
    assert row.locator(".toggle").get_attribute("aria-expanded") == "true"
    assert tab.url.endswith(link)


def test_the_page_comes_to_rest_where_its_link_points_to(opening):
    link = opening().locator(".row a.name").last.get_attribute("href")
    tab = opening(height=600, at=link)
    top = tab.locator(link).evaluate("row => row.getBoundingClientRect().top")
    assert 0 <= top < 600


def test_what_may_explain_a_red_row_is_read_without_opening_anything(tab):
    row = tab.locator(".row", has=tab.get_by_role("button", name=FLAME))
    assert row.locator(".causes").inner_text().split("\n") == ["stages", "features +1.07 ms"]


def test_a_flame_graph_opens_in_a_frame_and_escape_gives_the_focus_back(tab):
    assert tab.locator("iframe").count() == 0
    button = tab.get_by_role("button", name=FLAME)
    button.focus()
    tab.keyboard.press("Enter")
    frame = tab.locator("#viewer-body iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    assert tab.frame_locator("#viewer-body iframe").locator("rect").count() == 14
    assert focused(tab) == "viewer-close"
    tab.keyboard.press("Escape")
    assert tab.locator("iframe").count() == 0
    assert button.evaluate("button => button === document.activeElement")


def test_a_text_is_shown_as_text(tab):
    tab.get_by_role("button", name="time by stage").click()
    assert tab.locator("#viewer-body pre").inner_text() == "features 3.1 ms\n"
    assert tab.locator("#viewer-save").get_attribute("download") == "time-by-stage.txt"


def test_a_file_that_is_looked_at_reaches_no_page_no_storage_and_no_network(tab, wrong, listening):
    tab.get_by_role("button", name=SPY).click()
    tab.frame_locator("#viewer-body iframe").get_by_text("no page,no storage,no network").wait_for()
    with pytest.raises(BlockingIOError):
        listening.accept()
    assert wrong
    assert all("Content Security Policy" in one for one in wrong)
    wrong.clear()


def test_it_is_used_by_the_keyboard_alone(tab):
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("/")
    assert focused(tab) == "find"
    tab.keyboard.type("/")
    assert tab.get_by_label("Find").input_value() == "/"
    tab.get_by_label("Find").fill("")
    for _ in range(60):
        if tab.evaluate("document.activeElement.dataset.outcome") == "OVER":
            break
        tab.keyboard.press("Shift+Tab")
    tab.keyboard.press("Space")
    assert shown(tab) == 2
    toggle = tab.locator(".row:visible .toggle").first
    for _ in range(60):
        if toggle.evaluate("toggle => toggle === document.activeElement"):
            break
        tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert toggle.get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(opening, colours, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    tab = opening(colours=colours, width=width)
    tab.get_by_role("button", name="over 2").click()
    tab.get_by_role("button", name="Open all").click()
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_about_a_file_that_is_looked_at(tab):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    tab.get_by_role("button", name="time by stage").click()
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


def test_colours_are_chosen_and_kept(tab):
    button = tab.get_by_role("button", name="Colours")
    button.click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
    tab.reload()
    assert button.get_attribute("aria-label") == "Colours: dark"
    button.click()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_no_screen_scrolls_sideways(opening, width):
    tab = opening(width=width)
    tab.get_by_role("button", name="Open all").click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_a_printed_page_has_every_result_in_dark_ink(opening, tmp_path):
    tab = opening(colours="dark")
    tab.emulate_media(media="print")
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    assert shown(tab) == 24
    assert not tab.locator("#tools").is_visible()
    file = tmp_path / "page.pdf"
    tab.pdf(path=file, format="A4")
    reader = shutil.which("pdftotext")
    if reader is None:
        pytest.skip("pdftotext is not installed: apt-get install poppler-utils")
    text = subprocess.run([reader, "-layout", file, "-"], check=True, capture_output=True, text=True).stdout
    names = {result.nodeid.partition("::")[2] for result in example.run(24).results}
    assert names <= set(re.findall(r"test_\w+(?:\[1\])?", text))


def test_without_scripts_everything_is_open(browser, address):
    tab = browser.new_context(java_script_enabled=False).new_page()
    tab.goto(address)
    assert tab.locator(".until-found:visible").count() == 24
    assert not tab.locator("#tools").is_visible()
    tab.context.close()
