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
            for look, size in LOOKS:
                _pictures_of(browser, filled, look, size, names)
            browser.close()


def _pictures_of(
    browser: Browser, filled: world.World, look: str, size: dict[str, int], names: list[str]
) -> None:
    for person in filled.people:
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
        for name, address in filled.pages(person):
            if names and name not in names:
                continue
            page.goto(address)
            page.wait_for_load_state("networkidle")
            _shoot(page, FOLDER / f"{name.replace('/', '-')}-{look}.png")
        context.close()


def _shoot(page: Page, file: Path) -> None:
    page.screenshot(path=file, full_page=True)
    sys.stdout.write(f"{file}\n")


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "citizenapp.settings")
main(sys.argv[1:])
