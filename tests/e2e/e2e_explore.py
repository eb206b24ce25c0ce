"""Histories, two models side by side, intents, new items and reloads, as somebody with a mouse does them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import httpx
from market import Served, bundle
from playwright.sync_api import Page, expect


def ids(page: Page, side: str) -> list[str]:
    """What a list holds."""
    rows = page.locator(f"#list-{side} .row").all()
    return [str(row.get_attribute("data-id")) for row in rows]


def history(page: Page) -> list[str]:
    """What the history holds, oldest first."""
    return [str(step.get_attribute("data-id")) for step in page.locator("#history .step").all()]


def wanted(service: Served, model: str, taken: list[str], **more: object) -> list[str]:
    """What the service itself answers."""
    asked = {"history": taken, "k": 10, "model": model, **more}
    answer = httpx.post(f"{service.url}/v1/recommend", json=asked, timeout=30).json()
    return [item["item_id"] for item in answer["items"]]


def take(page: Page, words: str, place: int = 0) -> str:
    """Searches for words and clicks a row; its id."""
    page.fill("#q", words)
    expect(page.locator("#found-note")).to_contain_text(words)
    row = page.locator("#found .row").nth(place)
    item = str(row.get_attribute("data-id"))
    row.locator(".title").click()
    return item


def settled(page: Page, service: Served, side: str, model: str, taken: list[str], **more: object) -> list[str]:
    """Waits until a list shows what the service answers."""
    right = wanted(service, model, taken, **more)
    page.wait_for_function(
        "([side, ids]) => [...document.querySelectorAll(`#list-${side} .row`)].map(r => r.dataset.id).join() === ids",
        arg=[side, ",".join(right)],
    )
    return right


def test_a_history_is_built_and_two_models_are_compared(page: Page, service: Served) -> None:
    expect(page.locator("#list-a .told")).to_contain_text("most popular items")
    taken = [take(page, "guitar"), take(page, "camp", 1), take(page, "knit")]
    assert history(page) == taken
    a, b = (settled(page, service, side, model, taken) for side, model in (("a", "sasrec"), ("b", "alpharec")))
    expect(page.locator("#common")).to_have_text(f"{len(set(a) & set(b))} of 10 in common")
    for item in set(a) & set(b):
        mark = page.locator(f'#list-a .row[data-id="{item}"] .also')
        expect(mark).to_contain_text(f"Also in alpharec, number {b.index(item) + 1}")
    why = page.locator("#list-a .row .why")
    assert why.count() == 10
    expect(why.first).to_contain_text("like ")
    assert {badge.split()[0] for badge in page.locator("#list-a .badge").all_inner_texts()} <= {
        "popular",
        "long",
        "new",
    }

    page.locator("#history .step").nth(2).get_by_role("button", name="Move earlier").click()
    taken = [taken[0], taken[2], taken[1]]
    assert history(page) == taken
    settled(page, service, "a", "sasrec", taken)
    page.locator("#history .step").nth(0).get_by_role("button", name="Remove").click()
    settled(page, service, "a", "sasrec", taken[1:])

    page.select_option("#list-b select", "textknn")
    settled(page, service, "b", "textknn", taken[1:])
    page.reload()
    settled(page, service, "b", "textknn", taken[1:])
    assert history(page) == taken[1:]
    page.click("#clear")
    expect(page.locator("#list-a .told")).to_contain_text("most popular items")


def test_the_question_is_copied_for_a_terminal(page: Page, service: Served) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    taken = [take(page, "guitar")]
    right = settled(page, service, "a", "sasrec", taken)
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator(".toast")).to_contain_text("clipboard")
    words = shlex.split(page.evaluate("() => navigator.clipboard.readText()"))
    assert words[:2] == ["curl", f"{service.url}/v1/recommend"]
    answer = httpx.post(words[1], json=json.loads(words[words.index("-d") + 1]), timeout=30).json()
    assert [item["item_id"] for item in answer["items"]] == right


def test_the_history_of_a_user_is_loaded(page: Page, service: Served) -> None:
    items = wanted(service, "sasrec", [])[:3]
    events = [{"user_id": "ann", "item_id": item} for item in items]
    assert httpx.post(f"{service.url}/v1/events", json={"events": events}).status_code == 200
    page.fill("#user", "ann")
    page.get_by_role("button", name="Load").click()
    settled(page, service, "a", "sasrec", items)
    assert history(page) == items
    page.fill("#user", "nobody")
    page.get_by_role("button", name="Load").click()
    expect(page.locator(".toast")).to_contain_text("Nothing is kept of a user nobody")


def test_an_intent_is_followed_by_the_model_that_can(page: Page, service: Served) -> None:
    taken = [take(page, "guitar")]
    before = settled(page, service, "b", "alpharec", taken)
    wish = "a sleeping bag for cold nights in a tent"
    page.fill("#intent", wish)
    after = settled(page, service, "b", "alpharec", taken, intent=wish, alpha=0.7)
    assert after != before
    expect(page.locator("#list-a .told")).to_contain_text("follows no intent")
    page.locator("#alpha").fill("1")
    settled(page, service, "b", "alpharec", taken, intent=wish, alpha=1.0)
    page.fill("#intent", "")
    settled(page, service, "b", "alpharec", taken)
    page.locator("#diversity").fill("0.8")
    settled(page, service, "a", "sasrec", taken, diversity=0.8)


def test_an_item_added_by_its_text_is_recommended(page: Page, service: Served) -> None:
    title = 'Fenwick <b onclick="document.title=1">Walnut</b> Acoustic Guitar & "Strap"'
    page.click("#add")
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_label("Brand").fill("Fenwick")
    page.get_by_label("Categories").fill("Musical Instruments, Guitars, Acoustic Guitar")
    page.get_by_label("Price").fill("210,50")
    page.get_by_role("textbox", name="Item id").fill("NEW-1")
    page.get_by_role("button", name="Take it in").click()
    expect(page.locator(".toast").first).to_have_text("Taken in by alpharec, textknn. Cannot know it: sasrec.")
    sheet = page.get_by_role("dialog")
    expect(sheet.get_by_role("heading", level=2)).to_have_text(title)
    expect(sheet).to_contain_text("never")
    assert sheet.locator("b").count() == 0
    sheet.get_by_role("button", name="See what its neighbours lead to").click()
    row = page.locator('#list-b .row[data-id="NEW-1"]')
    expect(row.locator(".title")).to_contain_text(title)
    expect(row.locator(".badge")).to_have_text("new")
    settled(page, service, "b", "alpharec", history(page))
    page.fill("#q", "fenwick")
    expect(page.locator('#found .row[data-id="NEW-1"]')).to_be_visible()
    page.click("#add")
    page.get_by_role("textbox", name="Title").fill("Another")
    page.get_by_role("textbox", name="Item id").fill("NEW-1")
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("alert")).to_contain_text("there is such an item already")


def test_a_bundle_is_read_again_and_the_old_one_comes_back(page: Page, service: Served, market: Path) -> None:
    taken = [take(page, "guitar"), take(page, "guitar", 3)]
    before = settled(page, service, "a", "sasrec", taken)
    page.get_by_role("link", name="Models").click()
    card = page.get_by_role("region", name="sasrec")
    expect(page.locator("#models figure")).to_have_count(4)
    card.get_by_role("button", name="Read it again").click()
    expect(page.locator(".toast")).to_contain_text("nothing in it has changed")
    bundle(market / "runs" / "itemknn", service.folder / "sasrec")
    card.get_by_role("button", name="Read it again").click()
    expect(page.locator(".toast").last).to_contain_text("sasrec is at version")
    expect(card).to_contain_text("itemknn")
    page.get_by_role("link", name="Explore").click()
    after = settled(page, service, "a", "sasrec", taken)
    assert after != before
    page.get_by_role("link", name="Models").click()
    card.get_by_role("button", name="Back to the version before").click()
    expect(page.locator(".toast").last).to_contain_text("is back at version")
    page.get_by_role("link", name="Explore").click()
    assert settled(page, service, "a", "sasrec", taken) == before
