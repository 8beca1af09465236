"""The page of the graph: choose a claim, follow its links, go back, on a phone and in the dark."""

import pytest
from bs4 import BeautifulSoup

from onekl.graph import graph
from onekl.ledger import ledger
from onekl.symbolic.lines.line import RULES
from onekl_site.proofs import anchor
from paths import NOTEBOOKS

PAGE = "book/graph.html"
SHOWN = ".onekl-graph-entry:visible"
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
# The least contrast between a text of the page and the ground behind it.
CONTRAST = """() => {
    const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const parts = numbers(colour).slice(0, 3).map((c) => c / 255)
            .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const ground = (e) => {
        const colour = getComputedStyle(e).backgroundColor;
        return numbers(colour)[3] === 0 && e.parentElement ? ground(e.parentElement) : colour;
    };
    const texts = [...document.querySelectorAll(".onekl-graph *")].filter((e) => e.checkVisibility()
        && [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()));
    return Math.min(...texts.map((e) => {
        const [a, b] = [light(getComputedStyle(e).color), light(ground(e))];
        return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    }));
}"""


@pytest.fixture(scope="module")
def nodes():
    return graph({row.id: row for row in ledger(NOTEBOOKS)})


@pytest.fixture
def open_graph(context, address):
    """Open the page at a fragment; at the end of the test nothing may have been thrown."""
    pages, wrong = [], []

    def go(fragment="", width=1280):
        page = context.new_page()
        pages.append(page)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}{PAGE}{fragment}", wait_until="domcontentloaded")
        return page

    yield go
    for page in pages:
        page.close()
    assert wrong == []


def shown(page):
    """The ids of the entries that can be seen."""
    return page.locator(SHOWN).evaluate_all("some => some.map(e => e.id)")


def linked(page, part):
    """The ids that the shown entry has links to, in one of its lists."""
    links = page.locator(f"{SHOWN} .onekl-graph-{part} li a")
    return links.evaluate_all("some => some.map(e => e.getAttribute('href').slice(1))")


def arrives(page, id):
    """Wait until the page shows this entry alone; its address changes before it knows."""
    page.wait_for_url(f"**/graph.html#{id}")
    only = "id => [...document.querySelectorAll('.onekl-graph-entry')].every("
    page.wait_for_function(f"{only}e => e.checkVisibility() === (e.id === id))", arg=id)


def test_choosing_a_claim_shows_what_it_rests_on_and_its_uses_and_changes_the_address(open_graph):
    page = open_graph()
    chooser = page.get_by_label("Choose a claim")
    chooser.select_option("su-14")
    arrives(page, "su-14")
    assert linked(page, "rests-on") == ["su-13"]
    chooser.select_option("su-19")
    arrives(page, "su-19")
    assert linked(page, "rests-on") == ["su-17", "su-18"]
    assert linked(page, "used-by") == ["su-20", "su-t5"]
    assert "su-19 reads su-17.1" in page.locator(f"{SHOWN} .onekl-graph-rests-on").inner_text()


def test_a_link_leads_on_and_the_back_button_goes_back(open_graph):
    page = open_graph("#su-19")
    assert shown(page) == ["su-19"]
    page.locator(f"{SHOWN} a[href='#su-17']").click()
    arrives(page, "su-17")
    assert linked(page, "rests-on") == ["su-14"]
    assert page.get_by_label("Choose a claim").input_value() == "su-17"
    page.go_back()
    arrives(page, "su-19")
    page.go_forward()
    arrives(page, "su-17")


def test_a_fragment_opens_its_claim_in_sight_and_another_one_opens_the_first(open_graph):
    page = open_graph("#su-t14")
    assert shown(page) == ["su-t14"] and linked(page, "rests-on") == ["su-41", "su-42", "su-43"]
    head = page.locator(f"{SHOWN} .onekl-graph-claim").bounding_box()
    assert 0 <= head["y"] < 500
    for fragment in "", "#nothing":
        assert shown(open_graph(fragment)) == ["su-19"]


def test_a_place_of_the_page_that_is_no_claim_changes_nothing(open_graph):
    page = open_graph("#su-17")
    page.evaluate("() => { location.hash = 'what-rests-on-what' }")
    page.wait_for_timeout(100)
    assert shown(page) == ["su-17"]


def test_a_slip_below_a_claim_is_said_directly_and_through_others(open_graph):
    page = open_graph("#su-32")
    claim = page.locator(f"{SHOWN} .onekl-graph-claim")
    assert "Rests on su-30, where su-30.2 is a slip; it reads su-30.1" in claim.inner_text()
    assert claim.locator(".onekl-mark.onekl-word-slip").inner_text() == "S"
    page.get_by_label("Choose a claim").select_option("su-33")
    arrives(page, "su-33")
    claim = page.locator(f"{SHOWN} .onekl-graph-claim")
    assert "Rests through su-32 on su-30, where su-30.2 is a slip" in claim.inner_text()


def test_the_keyboard_chooses_follows_a_link_and_goes_on_from_there(open_graph):
    page = open_graph("#su-19")
    page.get_by_label("Choose a claim").focus()
    page.keyboard.press("ArrowDown")
    arrives(page, "su-20")
    assert page.evaluate("() => document.activeElement.localName") == "select"
    page.locator(f"{SHOWN} a[href='#su-19']").focus()
    page.keyboard.press("Enter")
    arrives(page, "su-19")
    page.wait_for_function("() => document.activeElement.id === 'su-19'")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('.onekl-graph-entry').id") == "su-19"


@pytest.mark.parametrize("id", ["su-19", "su-t11", "su-40", "su-t6"])
def test_on_a_phone_the_boxes_stand_below_each_other_and_nothing_scrolls_sideways(open_graph, id):
    page = open_graph(f"#{id}", width=390)
    assert shown(page) == [id] and not page.evaluate(TOO_WIDE)
    boxes = page.locator(f"{SHOWN} > div")
    tops = boxes.evaluate_all("some => some.map(e => e.getBoundingClientRect().top)")
    assert tops == sorted(tops)
    chooser = page.get_by_label("Choose a claim").bounding_box()
    assert chooser["x"] >= 0 and chooser["x"] + chooser["width"] <= 390


def test_on_a_wide_screen_the_claim_stands_between_its_two_lists(open_graph):
    page = open_graph("#su-40")
    parts = [
        page.locator(f"{SHOWN} .onekl-graph-{name}").bounding_box()
        for name in ("rests-on", "claim", "used-by")
    ]
    for left, right in zip(parts, parts[1:]):
        assert left["x"] + left["width"] < right["x"]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("id", ["su-32", "su-22"])
def test_every_text_can_be_read_in_the_light_and_in_the_dark(open_graph, theme, id):
    page = open_graph(f"#{id}")
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.wait_for_load_state()
    page.wait_for_timeout(400)  # the theme fades
    assert page.evaluate(CONTRAST) >= 4.5


def test_without_script_the_page_is_the_list_of_all_claims(browser, address, nodes):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}{PAGE}#su-19")
    assert sorted(shown(page)) == sorted(nodes)
    assert page.locator("#su-19 .onekl-graph-rests-on a").count() == 2
    assert page.locator(".onekl-graph select").count() == 0
    context.close()


def test_the_page_has_every_claim_with_its_box_its_links_and_its_rules(site, nodes):
    page = BeautifulSoup((site / PAGE).read_text(encoding="utf-8"), "html.parser")
    entries = page.find_all(class_="onekl-graph-entry")
    assert sorted(entry["id"] for entry in entries) == sorted(nodes)
    for entry in entries:
        node, id = nodes[entry["id"]], entry["id"]
        box = entry.find(class_="onekl-graph-claim").find("a", class_="onekl-claim-link")
        assert box["href"].endswith(f".html#claim-{id}") and box.text == id
        for name, wanted in (
            ("rests-on", {link.on for link in node.rests_on}),
            ("used-by", {link.claim for link in node.used_by}),
        ):
            found = entry.find(class_=f"onekl-graph-{name}").select("li a")
            assert [a["href"] for a in found] == list(dict.fromkeys(a["href"] for a in found))
            assert {a["href"] for a in found} == {f"#{other}" for other in wanted}
        rules = [a["href"] for a in entry.select("a[href^='rules.html']")]
        assert rules == [f"rules.html#{anchor(rule)}" for rule in node.rules]
    used = {rule for node in nodes.values() for rule in node.rules}
    assert used <= set(RULES)


def test_the_script_and_the_style_are_on_this_page_alone(site):
    for page in site.glob("book/*.html"):
        html = page.read_text(encoding="utf-8")
        assert ("graph.js" in html, "graph.css" in html) == (2 * (page.name == "graph.html",))
