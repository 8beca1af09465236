"""The built site on a local server, and a browser to read it with."""

import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import hypothesis
import pytest

from paths import SITE

# No deadline: a busy machine is no failure.
hypothesis.settings.register_profile("book", deadline=None)
hypothesis.settings.load_profile("book")

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

HEAD = """<!doctype html><meta charset="utf-8">
<meta name="viewport" content="width=device-width">"""


class Handler(SimpleHTTPRequestHandler):
    """Serve files without a line of log for each."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="session")
def site():
    """The folder of the built site; fails when the site has not been built."""
    if not (SITE / "index.html").exists():
        pytest.fail("the site is not built: run `make book`", pytrace=False)
    return SITE


@pytest.fixture(scope="session")
def address(site):
    """The address at which the built site is served, with a slash at its end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium, from CHROMIUM or the PATH; skips without one."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not path:
        pytest.skip("no Chromium on this machine: install it, or set CHROMIUM to its path")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=QUIET)


@pytest.fixture(scope="session")
def context(browser):
    """One browser profile for all pages, so that MathJax and the theme are fetched once."""
    return browser.new_context(viewport={"width": 1280, "height": 900})


@pytest.fixture
def open_page(browser, tmp_path):
    """Open HTML from a file; at the end of the test nothing may have been printed or thrown."""
    noise, pages = [], []

    def open_html(body, width=1280, **device):
        page = browser.new_page(viewport={"width": width, "height": 900}, **device)
        page.on("console", lambda message: noise.append(message.text))
        page.on("pageerror", lambda error: noise.append(str(error)))
        pages.append(page)
        file = tmp_path / "page.html"
        file.write_text(HEAD + body, encoding="utf-8")
        page.goto(file.as_uri())
        return page

    yield open_html
    for page in pages:
        page.close()
    assert noise == []
