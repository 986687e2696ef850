"""`make screenshots`: pictures of every page, light, dark and as on a phone, in docs/pictures/.

`make screenshots ARGS=first-day` draws the first day of a customer instead (first_day.py).

The product runs as `make run` runs it, filled through its own REST API: a busy workspace, and one
that has nothing yet.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import NAMES, OPTIONS
from tests.ground import serving, short_folder
from tests.pictures import first_day, world
from tests.pictures.states import STATES

FOLDER = Path("docs/pictures")
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
LOOKS = [("light", DESKTOP), ("dark", DESKTOP), ("phone", PHONE)]


def main(names: list[str]) -> None:
    """Write the pictures of the pages with these names, or of all."""
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        sys.exit("There is no Chromium on this machine: apt-get install chromium")
    if "first-day" in names:
        first_day.main(chromium)
        return
    if not names:
        shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with short_folder() as folder, serving(folder, **world.PACE) as site:
        filled = world.fill(site)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
            for state in ("", *STATES):
                if state:
                    world.begin(site, filled, state)
                for look, size in LOOKS:
                    _pictures_of(browser, filled, look, size, names)
            browser.close()


def _pictures_of(
    browser: Browser, filled: world.World, look: str, size: dict[str, int], names: list[str]
) -> None:
    for person in filled.people:
        pages = [one for one in filled.pages(person) if not names or one[0] in names]
        if not pages:
            continue
        context = browser.new_context(
            base_url=filled.url,
            viewport=size,  # type: ignore[arg-type]
            color_scheme="dark" if look == "dark" else "light",
            reduced_motion="reduce",
            is_mobile=look == "phone",
            device_scale_factor=1,
        )
        page = context.new_page()
        if person:
            world.sign_in(page, person)
        for name, address in pages:
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(address)
            page.wait_for_load_state("networkidle")
            _shoot(page, FOLDER / f"{name.replace('/', '-')}-{look}.png")
        context.close()


def _shoot(page: Page, file: Path) -> None:
    # What sticks to the edge of a telephone would otherwise lie across the middle of the picture.
    if (screen := page.viewport_size) and screen["width"] == PHONE["width"]:
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": screen["width"], "height": height})
    page.screenshot(path=file, full_page=True)
    sys.stdout.write(f"{file}\n")


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "citizenapp.settings")
main(sys.argv[1:])
