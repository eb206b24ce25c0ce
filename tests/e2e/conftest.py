"""A simulated market, trained models, a service over them, and a real browser in front of it.

What is trained lies in ``runs/e2e`` and is found again the next time; ``FORETASTE_E2E`` names another folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from market import Served, bundle, prepared, served
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

SECONDS = 30
"""How long the tests wait for anything; a text encoder is opened in that time, on a machine that is busy."""

expect.set_options(timeout=SECONDS * 1000)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def matters(told: ConsoleMessage) -> bool:
    """Whether a line of the console is a fault: what the service refuses in its answers is none."""
    return told.type in ("error", "warning") and not told.text.startswith("Failed to load resource")


@pytest.fixture(scope="session")
def market() -> Path:
    """The folder of the data and the trained models."""
    return prepared(Path(os.environ.get("FORETASTE_E2E", "runs/e2e")))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"NO BROWSER WAS FOUND, so the page was not tested: install {BROWSERS[0]}, or name one in CHROMIUM")
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs rights that containers lack; the page is ours.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def exported(market: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of SASRec."""
    folder = tmp_path_factory.mktemp("exported") / "sasrec"
    bundle(market / "runs" / "sasrec", folder)
    return folder


@pytest.fixture
def service(market: Path, exported: Path, tmp_path: Path) -> Iterator[Served]:
    """The service over a bundle of SASRec and two models that read texts, with a fresh database."""
    shutil.copytree(exported, tmp_path / "sasrec")
    folders = [tmp_path / "sasrec", market / "runs" / "alpharec", market / "runs" / "textknn"]
    with served(folders, tmp_path) as found:
        yield found


@pytest.fixture
def page(browser: Browser, service: Served) -> Iterator[Page]:
    """The page, open; the test fails if a script failed or the browser refused something."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(SECONDS * 1000)
    wrong: list[str] = []
    opened = context.new_page()
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda told: wrong.append(told.text) if matters(told) else None)
    opened.goto(f"{service.url}/#view=explore&a=sasrec&b=alpharec")
    opened.wait_for_selector("#list-b .row")
    yield opened
    context.close()
    assert wrong == []
