"""The built site, page by page, in a real browser and without a network."""

import hashlib
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from onekl.figures.moving import MIME
from onekl.ledger import outputs
from paths import ROOT, SITE

# index.html only leads on to the first page, and _static holds templates of the theme.
NO_PAGES = {SITE / "index.html", *SITE.glob("_static/**/*.html")}
PAGES = sorted(path.relative_to(SITE).as_posix() for path in set(SITE.rglob("*.html")) - NO_PAGES)
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))

UNTYPESET = """() => [...document.querySelectorAll('.math')]
    .filter(e => !e.querySelector('mjx-container')).map(e => e.textContent)"""
# MathJax shows an unknown command in red instead of failing.
BAD_MATHS = """() => [...document.querySelectorAll('mjx-merror, mjx-mtext[style*="red"]')]
    .map(e => e.closest('.math')?.textContent ?? e.textContent)"""
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [document.documentElement.scrollWidth + ' > ' + width]
        .concat([...document.querySelectorAll('article *')]
        .filter(e => e.getBoundingClientRect().right > width + 1)
        .slice(0, 5).map(e => e.outerHTML.slice(0, 120)));
}"""
# An equation wider than its box starts at its left end, and can be scrolled to its right end.
OUT_OF_REACH = """() => [...document.querySelectorAll('div.math > mjx-container')]
    .filter(box => box.clientWidth)
    .filter(box => {
        const outer = box.getBoundingClientRect();
        const inner = box.querySelector('mjx-math').getBoundingClientRect();
        const scrolls = getComputedStyle(box).overflowX === 'auto';
        return inner.left < outer.left - 1 || outer.right > innerWidth
            || (box.scrollWidth > box.clientWidth && !scrolls);
    }).map(box => box.textContent.slice(0, 80))"""
# A formula in a list that is wider than its line can be scrolled.
CUT_OFF = """() => [...document.querySelectorAll('article li span.math')]
    .filter(span => span.scrollWidth > span.clientWidth + 1)
    .filter(span => getComputedStyle(span).overflowX !== 'auto')
    .map(span => span.textContent.slice(0, 80))"""
OPEN_PROOFS = """() => {
    document.querySelectorAll('details').forEach(e => { e.open = true })
}"""
EMPTY_FIGURES = """() => [...document.querySelectorAll('.onekl-figure')].filter(e => {
    const drawn = e.querySelector('svg *, canvas, input, [role=slider]');
    return !drawn || e.getBoundingClientRect().height < 20;
}).map(e => e.outerHTML.slice(0, 200))"""


def test_a_host_that_knows_jekyll_leaves_no_folder_out(site):
    """It skips folders such as _static, unless a file of this name is there."""
    assert (site / ".nojekyll").is_file()


def open_page(context, url):
    """Open `url`, wait until its maths is set; returns the page and the list of what went wrong."""
    page, wrong = context.new_page(), []
    host = urlsplit(url).netloc

    def gate(route):
        if urlsplit(route.request.url).netloc == host:
            return route.continue_()
        wrong.append(f"asks another host: {route.request.url}")
        return route.abort()

    page.route("**/*", gate)
    page.on(
        "console",
        lambda message: message.type == "error" and wrong.append(f"console: {message.text}"),
    )
    page.on("pageerror", lambda error: wrong.append(f"page error: {error}"))
    page.on(
        "response",
        lambda answer: answer.status >= 400 and wrong.append(f"{answer.status}: {answer.url}"),
    )
    page.goto(url, wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    return page, wrong


@pytest.fixture
def opened(context, address, name):
    """The page `name` and the list of what went wrong on it."""
    page, wrong = open_page(context, address + name)
    yield page, wrong
    page.close()


@pytest.mark.parametrize("name", PAGES or [None])
def test_page(site, opened):
    """A page works alone, sets its maths, draws its figures, and never scrolls sideways."""
    page, wrong = opened
    assert page.evaluate(UNTYPESET) == []
    assert page.evaluate(BAD_MATHS) == []
    assert page.evaluate(EMPTY_FIGURES) == []
    page.evaluate(OPEN_PROOFS)
    for theme in "light", "dark":
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        for width in 1280, 390:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(TOO_WIDE) == [], f"wider than {width} px, {theme}"
            assert page.evaluate(OUT_OF_REACH) == [], f"equations cut off at {width} px"
            assert page.evaluate(CUT_OFF) == [], f"formulas in lists cut off at {width} px"
    assert wrong == []


@pytest.mark.parametrize("name", ["book/joint_kl.html"])
@pytest.mark.parametrize(
    ("check", "fault"),
    [
        (UNTYPESET, r"<div class='math'>\[x\]</div>"),
        (BAD_MATHS, r"<div class='math mathjax_process'>\[\unheardof\]</div>"),
        (BAD_MATHS, r"<div class='math mathjax_process'>\[\frac{x}\]</div>"),
        (EMPTY_FIGURES, "<div class='onekl-figure'><p>Loading</p></div>"),
        (TOO_WIDE, "<div style='width: 3000px'>wide</div>"),
        (
            CUT_OFF,
            "<ul><li><span class='math' style='overflow: hidden; display: block; width: 50px; "
            "white-space: nowrap'>x + y + z + x + y + z</span></li></ul>",
        ),
        (
            OUT_OF_REACH,
            "<div class='math'><mjx-container style='overflow: hidden'>"
            "<mjx-math style='margin-left: -50px'>x",
        ),
    ],
)
def test_a_faulty_page_is_caught(site, opened, check, fault):
    """Each check of a page finds its fault once that is put into a sound page."""
    page, _ = opened
    assert page.evaluate(check) == []
    page.evaluate(
        "html => document.querySelector('article').insertAdjacentHTML('beforeend', html)", fault
    )
    if "mathjax_process" in fault:
        page.evaluate("() => MathJax.typesetPromise()")
    assert len(page.evaluate(check)) > 0


@pytest.mark.parametrize("name", ["book/joint_kl.html"])
def test_a_proof_opens_with_the_keyboard_and_scrolls_in_its_box_on_a_phone(site, opened):
    page, _ = opened
    proof = page.locator("#claim-su-4 details.onekl-proof")
    derivation = proof.locator("div.math > mjx-container").first
    assert not derivation.is_visible()
    proof.locator("summary").focus()
    page.keyboard.press("Enter")
    assert derivation.is_visible()
    page.set_viewport_size({"width": 390, "height": 900})
    hidden = derivation.evaluate("e => e.scrollWidth - e.clientWidth")
    assert hidden > 20
    derivation.evaluate("e => { e.scrollLeft = e.scrollWidth }")
    assert derivation.evaluate("e => e.scrollLeft") >= hidden - 1
    assert page.evaluate(TOO_WIDE) == []


@pytest.mark.parametrize("name", ["book/joint_kl.html"])
@pytest.mark.parametrize(
    ("fault", "report"),
    [
        (
            "document.head.append(Object.assign(document.createElement('script'), {src: 'https://example.org/a.js'}))",
            "asks another host: https://example.org/a.js",
        ),
        ("fetch('nowhere.json')", "404: "),
        ("console.error('trouble')", "console: trouble"),
        ("setTimeout(() => { throw Error('trouble') })", "page error: trouble"),
    ],
)
def test_a_faulty_script_is_reported(site, opened, fault, report):
    """What a script does wrong while the page is open stands in the page's list."""
    page, wrong = opened
    page.evaluate(f"() => {{ {fault} }}")
    for _ in range(50):  # a busy machine answers late
        if any(line.startswith(report) for line in wrong):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"{report} is not reported")


@pytest.mark.parametrize("name", [f"notebooks/{stem}.html" for stem in NOTEBOOKS])
def test_notebook_page(opened, name):
    """A notebook's page says what its outputs came from, opens the notebook in Colab, and draws
    the live figure for each that is stored."""
    page, _ = opened
    assert "The outputs on this page come from" in page.locator(".onekl-provenance").inner_text()
    repository = CONFIG["repository"]
    there = repository["url"].replace(
        "https://github.com", f"{CONFIG['launch_buttons']['colab_url']}/github"
    )
    notebook = name.replace(".html", ".ipynb")
    assert page.locator(f'a[href="{there}/blob/{repository["branch"]}/{notebook}"]').count() == 1
    stored = list(outputs(ROOT / notebook, MIME))
    assert page.locator(".onekl-figure[data-drawn]").count() == len(stored)


def test_every_notebook_has_a_page(site):
    assert [stem for stem in NOTEBOOKS if f"notebooks/{stem}.html" not in PAGES] == []


def test_front_page(context, site):
    """The file that `make book` names leads to the book's first page, from a disk too."""
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    assert page.title()
    page.close()


def test_from_a_disk(context, site):
    """A chapter opened as a file shows its maths and its figures too."""
    page, wrong = open_page(context, (site / "book/joint_kl.html").as_uri())
    assert page.locator("mjx-container").count() > 0
    assert page.evaluate(UNTYPESET) + page.evaluate(EMPTY_FIGURES) + wrong == []
    page.close()


def test_links(site):
    """Each link and image within the site leads to a file, and each anchor to an element."""
    soups = {
        name: BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        for name in PAGES
    }
    anchors = {name: {tag["id"] for tag in soup.find_all(id=True)} for name, soup in soups.items()}
    broken = []
    for name, soup in soups.items():
        for tag in soup.find_all(["a", "img", "script", "link"]):
            link = urlsplit(urljoin(name, unquote(tag.get("href") or tag.get("src") or "")))
            if link.scheme or not (link.path or link.fragment):
                continue
            lost = not (site / link.path).is_file()
            if lost or (
                link.fragment and link.path in anchors and link.fragment not in anchors[link.path]
            ):
                broken.append(f"{name}: {link.geturl()}")
    assert broken == []


def test_no_other_host(site):
    """No script, style, font or image comes from another host; no page has the widget manager."""
    for name in PAGES:
        soup = BeautifulSoup((site / name).read_text(encoding="utf-8"), "html.parser")
        loaded = [
            tag.get("src") or tag.get("href")
            for tag in soup.find_all(["script", "link", "img", "iframe"])
        ]
        assert [url for url in loaded if url and url.startswith(("http", "//"))] == [], name
        assert "require.js" not in str(soup) and "html-manager" not in str(soup), name


def test_vendored_files():
    """The vendored files are those of the manifest, byte for byte, and no others."""
    book = ROOT / "book"
    lines = [
        line.split("  ")
        for line in (book / "vendor.sha256").read_text(encoding="utf-8").splitlines()
    ]
    found = {
        path.relative_to(book / "vendor").as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (book / "vendor").rglob("*")
        if path.is_file()
    }
    assert found == {name: digest for digest, name in lines}
