"""Pictures of the page, to be looked at; kept in ``docs/page`` when ``FORETASTE_PICTURES`` says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from e2e_explore import history, settled, take
from market import Served
from PIL import Image
from playwright.sync_api import Browser, expect

LARGEST = 250_000
"""Bytes of a picture in the repository."""

COLOURS = 256
"""Colours of a picture: the page has few, and a picture of few is small."""

LOOKS = {"light": ("light", 1360, 860), "dark": ("dark", 1360, 860), "phone": ("light", 390, 844)}


@pytest.mark.parametrize("look", LOOKS)
def test_pictures_are_taken(look: str, browser: Browser, service: Served, tmp_path: Path) -> None:
    theme, width, height = LOOKS[look]
    folder = Path(os.environ.get("FORETASTE_PICTURES", tmp_path))
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{service.url}/#view=explore&a=sasrec&b=alpharec")
    page.wait_for_selector("#list-b .row")
    for words, place in (("tent", 0), ("camp", 2), ("ukulele", 0)):
        take(page, words, place)
    page.fill("#q", "")
    settled(page, service, "a", "sasrec", history(page))
    page.fill("#intent", "music")  # opens the encoder
    settled(page, service, "b", "alpharec", history(page), intent="music", alpha=0.7)
    page.fill("#intent", "music by the fire")
    settled(page, service, "b", "alpharec", history(page), intent="music by the fire", alpha=0.7)
    page.mouse.move(0, 0)
    if look == "phone":
        page.evaluate("() => document.querySelector('.past').scrollIntoView()")
        page.mouse.wheel(0, -70)
        page.wait_for_timeout(400)
    page.evaluate("() => document.activeElement.blur()")
    page.screenshot(path=folder / f"explore-{look}.png")
    page.get_by_role("link", name="Map").click()
    page.select_option("#map-by", "category" if look == "dark" else "popularity")
    expect(page.locator("#map-note")).to_contain_text("SNE", timeout=120_000)
    page.wait_for_timeout(300)
    page.evaluate("() => document.activeElement.blur()")
    page.screenshot(path=folder / f"map-{look}.png")
    page.get_by_role("link", name="Models").click()
    expect(page.locator("#models figure")).to_have_count(4)
    page.screenshot(path=folder / f"models-{look}.png")
    context.close()
    for picture in folder.glob(f"*-{look}.png"):
        with Image.open(picture) as image:
            image.convert("RGB").quantize(COLOURS, kmeans=2).save(picture, optimize=True)
        assert 10_000 < picture.stat().st_size < LARGEST, picture.name
