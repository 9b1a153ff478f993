"""Pages as a headless Chromium shows them: what is cut, what it asks for, what it complains of, what axe-core finds."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service

FLAGS = ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking")
FLAGS += ("disable-component-update", "disable-sync", "hide-scrollbars")
# What is inside the window, or in a box of its own that scrolls, can be seen.
_CUT = """
const width = document.documentElement.clientWidth;
const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
const unseen = e => getComputedStyle(e).clipPath !== 'none';
return [...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  if (!box.width || !box.height || (box.left >= -1 && box.right <= width + 1)) return false;
  for (let p = e; p; p = p.parentElement) if (scrolls(p) || unseen(p)) return false;
  return true;
}).map(e => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`);
"""
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ['violations']}).then(found => done(found.violations.map(
  one => [one.impact, one.id, one.nodes.map(node => node.html.slice(0, 150)).slice(0, 3)])));
"""


class CannotStart(Exception):
    """There is no browser that could be driven."""


class Browser:
    """A browser with one window, in which everything that it asks for is noted."""

    def __init__(self, driver: webdriver.Chrome, axe: str) -> None:
        self.driver, self._axe = driver, axe

    def open(self, page: Path, width: int, scheme: str = "light") -> None:
        """Open a page in a window of so many pixels."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get(page.resolve().as_uri())

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        root = "document.documentElement"
        return self.driver.execute_script(f"return {root}.scrollWidth - {root}.clientWidth")

    def cut(self) -> list[str]:
        """Return what lies beyond the window and cannot be scrolled to."""
        return self.driver.execute_script(_CUT)

    def violations(self, impacts: tuple[str, ...] = ("serious", "critical")) -> list:
        """Return what axe-core finds, of some impacts."""
        self.driver.execute_script(self._axe)
        return [found for found in self.driver.execute_async_script(_AXE) if found[0] in impacts]

    def complaints(self) -> list[str]:
        """Return warnings and errors of the console since this was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("WARNING", "SEVERE")]

    def asked(self) -> set[str]:
        """Return the addresses that pages asked for since this was asked last; the browser's own pages are passed over."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [message["params"] for message in messages if message["method"] == "Network.requestWillBeSent"]
        own = ("chrome", "devtools")
        return {one["request"]["url"][:200] for one in sent if not one["documentURL"].startswith(own)}


@contextmanager
def browser(axe: Path) -> Iterator[Browser]:
    """Yield a Chromium of this machine; raise :class:`CannotStart` where there is none, or no driver or axe-core."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    lacks = [name for name, found in (("chromium", program), ("chromedriver", driver), (str(axe), axe.is_file())) if not found]
    if lacks:
        raise CannotStart(f"{', '.join(lacks)} not found")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with tempfile.TemporaryDirectory(prefix="hbr-browser-", ignore_cleanup_errors=True) as folder:
        for flag in (*FLAGS, f"user-data-dir={folder}"):
            options.add_argument(f"--{flag}")
        try:
            started = webdriver.Chrome(options=options, service=Service(driver))
        except WebDriverException as error:
            raise CannotStart(str(error).splitlines()[0]) from None
        try:
            yield Browser(started, axe.read_text(encoding="utf-8"))
        finally:
            started.quit()
