"""The page without a mouse, without eyes, with a key, in both themes and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from e2e_explore import history, ids, settled, take
from market import Served, served
from playwright.sync_api import Browser, Page, expect

from foretaste.serving.http.keys import new_key

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
NAMELESS = """() => {
  const all = document.querySelectorAll("button, a, input, select, textarea, canvas, [role=img]");
  const named = (one) => one.labels?.length || one.ariaLabel || one.ariaLabelledByElements || one.innerText.trim();
  return [...all].filter((one) => one.checkVisibility() && !named(one)).map((one) => one.outerHTML.slice(0, 120));
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  return one.ariaLabel || one.id || one.textContent.trim();
}"""
VIEWS = ("explore", "map", "models")


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(page.evaluate(FOCUSED))


def press(page: Page, *keys: str) -> None:
    """Presses keys one after the other."""
    for key in keys:
        page.keyboard.press(key)


def test_everything_can_be_done_with_keys(page: Page, service: Served) -> None:
    press(page, "Tab")
    assert focused(page) == "Skip to the content"
    press(page, "Enter")
    assert focused(page) == "main"
    press(page, "/")
    assert focused(page) == "q"
    page.keyboard.type("guitar")
    expect(page.locator("#found-note")).to_contain_text("guitar")
    wanted = [str(page.locator("#found .row").nth(place).get_attribute("data-id")) for place in (0, 1)]
    press(page, "ArrowDown", "Enter", "ArrowDown", "Enter")
    settled(page, service, "a", "sasrec", wanted)
    assert history(page) == wanted
    expect(page.locator("#live")).to_contain_text("Lists updated")

    page.locator("#history .step").nth(1).get_by_role("button", name="Move earlier").focus()
    press(page, "Enter")
    assert history(page) == wanted[::-1]
    assert focused(page).startswith("Move")
    page.locator("#history .step").nth(0).get_by_role("button", name="Remove").focus()
    press(page, "Enter")
    assert history(page) == wanted[:1]
    assert focused(page).startswith("Remove")
    settled(page, service, "a", "sasrec", wanted[:1])

    first = page.locator("#list-a .row").first
    first.get_by_role("button", name="About").focus()
    press(page, "Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    press(page, "Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    title = ids(page, "a")[0]
    first.locator(".title").focus()
    press(page, "Enter")
    assert history(page) == [wanted[0], title]


def test_the_map_is_wandered_in_and_chosen_from(page: Page, service: Served) -> None:
    page.get_by_role("link", name="Map").click()
    expect(page.locator("#map-note")).to_contain_text("by the vectors that sasrec has")
    expect(page.locator("#sight li")).to_have_count(14)
    expect(page.locator("#sight-title")).to_have_text("In sight: everything")
    page.locator("canvas").focus()
    press(page, "+", "+", "+", "+", "ArrowLeft")
    expect(page.locator("#sight-title")).not_to_have_text("In sight: everything")
    press(page, "0")
    expect(page.locator("#sight-title")).to_have_text("In sight: everything")
    page.select_option("#map-by", "category")
    expect(page.locator("#legend")).to_contain_text("Musical Instruments")
    expect(page.locator("#map-note")).to_contain_text("SNE", timeout=90_000)
    page.locator("#sight button").first.focus()
    press(page, "Enter")
    expect(page.locator("#rings")).to_contain_text("history")
    box = page.locator("canvas").bounding_box()
    assert box is not None
    for place in range(400):  # somewhere there is a dot to be clicked
        page.mouse.click(
            box["x"] + box["width"] * (0.3 + 0.4 * (place % 20) / 20),
            box["y"] + box["height"] * (0.2 + 0.03 * (place // 20)),
        )
        if page.evaluate("() => location.hash.split('%7E').length") > 1:
            break
    page.get_by_role("link", name="Explore").click()
    settled(page, service, "a", "sasrec", history(page))
    assert len(history(page)) >= 2


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_texts_stand_out_things_have_names_and_nothing_runs_over(page: Page, theme: str, width: int) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": width, "height": 844})
    take(page, "guitar")
    page.fill("#intent", "a gift")
    for view in VIEWS:
        page.locator(f"[data-view={view}]").click()
        expect(page.locator(f"#{view} h1")).to_be_attached()
        page.wait_for_timeout(600)
        assert page.evaluate(CONTRAST) == [], view
        assert page.evaluate(NAMELESS) == [], view
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, view
    page.locator("[data-view=explore]").click()
    page.locator("#list-a .more").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    press(page, "Escape")
    page.click("#add")
    assert page.evaluate(CONTRAST) == []


def test_the_theme_is_chosen_and_remembered(page: Page) -> None:
    paper = "() => getComputedStyle(document.body).backgroundColor"
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(paper)
    page.click("#theme")
    light = page.evaluate(paper)
    assert light != dark
    page.reload()
    page.wait_for_selector("#list-b .row")
    assert page.evaluate(paper) == light


def test_a_key_is_asked_for_and_kept_for_the_tab(browser: Browser, market: Path, tmp_path: Path) -> None:
    token, key = new_key("shop", "read")
    (tmp_path / "keys.txt").write_text(key.line() + "\n")
    with served([market / "runs" / "itemknn"], tmp_path, "--keys", str(tmp_path / "keys.txt")) as service:
        context = browser.new_context()
        page = context.new_page()
        page.goto(service.url)
        for given in ("ft_wrong", token):
            page.get_by_role("textbox", name="API key").fill(given)
            page.get_by_role("button", name="Go on").click()
            if given != token:
                expect(page.get_by_role("alert")).to_contain_text("does not know that key")
        page.wait_for_selector("#list-b .row")
        page.reload()
        page.wait_for_selector("#list-b .row")
        page.click("#add")
        page.get_by_role("textbox", name="Title").fill("Something new")
        page.get_by_role("button", name="Take it in").click()
        expect(page.get_by_role("alert")).to_contain_text("role 'write'")
        stranger = context.new_page()
        stranger.goto(service.url)
        expect(stranger.get_by_role("textbox", name="API key")).to_be_visible()
        context.close()
