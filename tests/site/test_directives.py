"""The book's directives in a small Sphinx project: what they print, and what they refuse."""

import io
import re
import shutil
from collections import Counter
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup
from sphinx.application import Sphinx

from onekl.chapters import CHAPTERS, stated_claims
from onekl.chapters.museum.claims import SPECIMENS
from onekl.chapters.museum.specimen import MIME as SPECIMEN
from onekl.claims.inventory import inventory
from onekl.claims.numbers import Numbers
from onekl.claims.report import Mutants
from onekl.examiner.lines import Tried
from onekl.ledger import LedgerError, answers, ledger, outputs
from onekl.symbolic.lines.line import RULES
from onekl_site import framework_tree, ledger_page
from onekl_site.evidence import together
from onekl_site.framework_tree import DIRECTIONS, branches, read_branch
from onekl_site.ledger_page import SOURCES
from onekl_site.proofs import anchor
from paths import NOTEBOOKS, ROOT

CONF = """extensions = [
    'myst_parser', 'onekl_site.ledger_page', 'onekl_site.proofs', 'onekl_site.claim_boxes',
    'onekl_site.anchors', 'onekl_site.moving_figures', 'onekl_site.framework', 'onekl_site.museum',
    'onekl_site.rules_page', 'onekl_site.graph_page',
]
myst_enable_extensions = ['dollarmath', 'substitution']
exclude_patterns = ['**.ipynb']
"""


@pytest.fixture
def build(tmp_path):
    """Build a page, and pages in the place of notebooks if any; returns its HTML and warnings."""

    def run(text, **pages):
        source = tmp_path / "source"
        (source / "book").mkdir(parents=True)
        shutil.copytree(NOTEBOOKS, source / "notebooks")
        (source / "conf.py").write_text(CONF, encoding="utf-8")
        (source / "index.md").write_text(f"# Page\n\n{text}\n", encoding="utf-8")
        for name, page in pages.items():
            (source / "notebooks" / f"{name}-check.md").write_text(
                f"---\norphan: true\n---\n{page}", encoding="utf-8"
            )
        warnings = io.StringIO()
        app = Sphinx(
            source,
            source,
            tmp_path / "out",
            tmp_path / "trees",
            "html",
            status=None,
            warning=warnings,
        )
        app.build()
        # A second application in one process registers everything again, and says so.
        said = [
            line for line in warnings.getvalue().splitlines() if "already registered" not in line
        ]
        return (tmp_path / "out" / "index.html").read_text(encoding="utf-8"), "\n".join(said)

    return run


def test_a_claim_is_printed_with_its_number_badge_premises_and_evidence(build):
    html, warnings = build("```{claim} su-t3\n```")
    assert not warnings
    assert 'id="claim-su-t3"' in html and r"\tag" not in html  # its number stands in the head
    assert 'href="notebooks/joint_kl-check.html#su-t3"' in html and ">holds if<" in html
    assert "is finite" in html and "mutants rejected" in html
    row = {row.id: row for row in ledger(NOTEBOOKS)}["su-t3"]
    assert row.instances >= 1000 and f"{row.instances:,} instances (" in html
    figures = [one["figure"] for one in row.numbers]
    assert all(figures) and all(figure in html for figure in figures)


PROVED = ("su-4", "su-19", "su-22", "su-23", "su-25", "rq-3")


@pytest.mark.parametrize("id", PROVED)
def test_a_box_has_the_proof_of_each_statement_line_by_line(build, id):
    html, warnings = build(f"```{{claim}} {id}\n```")
    row = {row.id: row for row in ledger(NOTEBOOKS)}[id]
    assert not warnings and html.count('<details class="onekl-proof">') == 1
    proof = BeautifulSoup(html, "html.parser").find("details")
    assert proof.summary.text == "Proof, line by line, and evidence"
    several = len(row.shown) > 1
    assert not proof.has_attr("open")
    assert proof.text.count("mutants rejected") == (len(row.shown) + 1 if several else 1)
    for one in row.shown:
        assert one["derivation"] in proof.text
        steps = Tried(**one["steps"])
        assert 0 < steps.pairs < len(one["rows"]) and steps.text() in proof.text.lower()
        mutants = Mutants(**one["mutants"]).text()
        numbers = f"Numbers: {together([one]).text()}; {steps.text()}; {mutants}."
        assert (numbers in proof.text) == several  # of one statement the box says it
    linked = [a["href"] for a in proof.find_all("a")]
    rules = [dict.fromkeys(r["rule"] for r in one["rows"] if r["rule"]) for one in row.shown]
    assert linked == [f"book/rules.html#{anchor(rule)}" for some in rules for rule in some]
    assert proof.text.count("The counterexample:") == len(row.refuted)


def test_every_file_of_the_examiner_is_in_its_core_or_in_one_part_of_a_short_length(build):
    html, warnings = build("```{examiner-parts}\n```")
    assert not warnings
    table = BeautifulSoup(html, "html.parser").table
    rows = [[cell.text for cell in line.find_all("td")] for line in table.find_all("tr")[1:]]
    folder = ROOT / "src/onekl/examiner"
    named = [name for _, names, _ in rows for name in names.split(", ")]
    core = [f"{name}.py" for name in ledger_page.EXAMINER_CORE]
    assert sorted(named + core) == sorted(
        path.name for path in folder.glob("*.py") if path.name != "__init__.py"
    )
    for _, names, number in rows:
        texts = [(folder / name).read_text(encoding="utf-8") for name in names.split(", ")]
        assert int(number) == sum(len(text.splitlines()) for text in texts) <= 650


def test_the_books_own_questions_link_to_their_findings(build):
    html, warnings = build("```{own-questions}\n```")
    assert not warnings
    table = BeautifulSoup(html, "html.parser").table
    shown = [[cell.text for cell in line.find_all("td")] for line in table.find_all("tr")[1:]]
    rows = answers(NOTEBOOKS)
    told = [[r.id, r.verdict, r.words, r.effect, str(r.seeds)] for r in rows]
    assert shown == [[cell.replace("'", "’") for cell in line] for line in told]
    links = [a["href"] for a in table.find_all("a")]
    assert links == [row.check.replace(".ipynb", ".html") for row in rows]


def test_figures_of_several_statements_stand_together():
    one = dict(tried=10, finite=6, infinite=4, zeros=5, strict=0, continuous=2, figure="error 0")
    other = {**one, "infinite": 0, "finite": 10, "figure": "observed order 2.0"}
    shown = [{"numbers": one}, {"numbers": None}, {"numbers": one}, {"numbers": other}]
    assert together(shown) == Numbers(30, 22, 8, 15, 0, 6, "error 0; observed order 2.0")


def rule_uses():
    """How often each rule is used, by claim and specimen, from what the notebooks show."""
    found = {name: Counter() for name in RULES}
    museum = outputs(NOTEBOOKS / "museum-check.ipynb", SPECIMEN)
    shown = [(row.id, row.shown) for row in ledger(NOTEBOOKS) if row.shown]
    for id, some in [*shown, *((one["id"], one["report"]["shown"]) for one in museum)]:
        for one in some:
            for row in one["rows"][1:]:
                if row["rule"]:
                    found[row["rule"]][id] += 1
    return found


def test_the_rules_page_has_each_rule_with_its_premise_its_example_and_its_uses(build):
    html, warnings = build("## All of them\n\n```{proof-rules}\n```")
    page, wanted = BeautifulSoup(html, "html.parser"), rule_uses()
    assert not warnings and len({anchor(name) for name in RULES}) == len(RULES)
    for name, rule in RULES.items():
        section = page.find(id=anchor(name))
        title, said = (
            words.text.replace("’", "'")  # MyST makes the marks round
            for words in (section.find(re.compile("^h")), section)
        )
        assert section.name == "section" and title == f"{name}¶"
        assert f"Premise: {rule.premise}." in said
        example = section.find(class_="math").text
        assert r"\begin{aligned}" in example and rf"\text{{{name}}}" in example
        places = {a.text: a["href"] for a in section.find(class_="onekl-claim-facts").find_all("a")}
        assert list(places) == list(wanted[name])
        for id, target in places.items():
            assert re.fullmatch(rf"notebooks/\w+-check\.html#{id}", target)
        times = wanted[name].total()
        said = "once" if times == 1 else f"{times:,} times" if times else "uses it"
        assert said in section.find(class_="onekl-claim-facts").text
        for id, number in wanted[name].items():
            assert number == 1 or f"{id} ({number})" in section.text
    total = sum(uses.total() for uses in wanted.values())
    assert total > 500 and f"{len(RULES)} rules lead to {total:,} lines." in html


def test_a_rule_that_nothing_uses_says_so_and_stands_last(build, monkeypatch):
    idle = replace(next(iter(RULES.values())), name="idle rule")
    monkeypatch.setitem(RULES, "idle rule", idle)
    html, warnings = build("```{proof-rules}\n```")
    assert not warnings
    last = BeautifulSoup(html, "html.parser").find(id="rule-idle-rule")
    assert "No derivation of the book uses it." in last.text
    assert not last.find_next_siblings("section")


def test_the_rules_stand_in_the_order_of_their_uses(build):
    html, _ = build("```{proof-rules}\n```")
    found = re.findall(r'<section id="(rule-[\w-]+)"', html)
    times = {anchor(name): uses.total() for name, uses in rule_uses().items()}
    assert sorted(found) == sorted(times)
    assert [times[id] for id in found] == sorted(times.values(), reverse=True)


def test_a_line_that_is_proved_as_it_is_printed_stands_in_the_box_once(build):
    html, _ = build("```{claim} su-40\n```")
    box = BeautifulSoup(html, "html.parser").find(id="claim-su-40")
    box.find("details").extract()  # the proof ends in the line again
    assert box.text.count(r"\frac{p^{o}(z|x)}{p(z|x)} \,dx\,dz \end{aligned}") == 1


def test_an_exact_claim_lists_no_premises(build):
    html, _ = build("```{claim} su-4\n```")
    assert ">exact<" in html and "It holds if" not in html


def test_premises_are_told_apart_by_where_they_come_from(build):
    html, warnings = build("```{claim} su-32\n```\n\n```{claim} su-t1\n```")
    stated, mixed = html.split('id="claim-su-t1"')
    assert not warnings
    assert "Stated in the source:" in stated and "before (32)" in stated
    assert "It holds if:" not in stated and "on trust" not in stated
    assert "It holds if:" in mixed and "Taken on trust, and used by no proof here:" in mixed


def test_what_is_shown_beside_a_claim_has_a_word_of_its_own(build):
    html, warnings = build("```{claim} su-21\n```\n\n```{claim} su-20\n```")
    with_addition, repetition = html.split('id="claim-su-20"')
    assert not warnings and ">definition<" in with_addition
    assert "Shown beside it (holds if):" in with_addition and "It holds if:" in with_addition
    assert "repeats su-19; nothing is counted again" in repetition


def test_the_premises_on_trust_are_counted_with_links_to_their_claims(build):
    html, warnings = build("```{trusted-premises}\n```")
    rows = [row for row in ledger(NOTEBOOKS) if row.trusted]
    premises = {premise for row in rows for premise in row.trusted}
    assert not warnings and f"{len(premises)} premises are taken on trust" in html
    assert all(f"#claim-{row.id}" in html for row in rows)


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("```{claim} su-99\n```", "there is no claim 'su-99'"),
        ("```{claim} gt-6\n```", "no chapter states it yet"),
        ("See {claim}`su-99`.", "there is no claim 'su-99'"),
        (
            "```{moving-figure} spiral\n```",
            "no chapter 'spiral' with a moving figure: it must be one of joint_kl, vae, em,",
        ),
        ("```{moving-figure} museum\n```", "no chapter 'museum' with a moving figure"),
        ("```{claims-graph} su-99\n```", "the graph has no claim 'su-99'"),
    ],
)
def test_what_does_not_exist_is_one_clear_warning(build, text, complaint):
    _, warnings = build(text)
    assert complaint in warnings


@pytest.mark.parametrize("text", ["See {claim}`su-4`.", "```{claim} su-4\n```"])
def test_an_inconsistent_ledger_stops_the_build(build, monkeypatch, text):
    """One error for the whole site, not one for each claim that a page names."""
    monkeypatch.setattr(ledger_page, "ledger", inconsistent)
    with pytest.raises(LedgerError, match="reported twice"):
        build(text)


def test_a_page_without_claims_does_not_read_the_ledger(build, monkeypatch):
    monkeypatch.setattr(ledger_page, "ledger", inconsistent)
    html, warnings = build("## su-4: a title")
    assert "a title" in html and not warnings


def inconsistent(folder):
    raise LedgerError("su-4 is reported twice")


def test_the_role_links_to_the_chapter_or_to_the_ledger(build):
    html, warnings = build("{claim}`su-4` and {claim}`gt-6`")
    assert (
        'href="book/joint_kl.html#claim-su-4"' in html
        and 'href="book/ledger.html#ledger-gt-6"' in html
    )
    assert not warnings


def test_the_ledger_has_a_row_for_every_claim(build):
    html, _ = build("```{claims-ledger}\n```\n\n```{claims-summary}\n```")
    assert re.findall(r'id="ledger-([\w-]+)"', html) == list(inventory())
    done = len([row for row in ledger(NOTEBOOKS) if row.verdict])
    assert done >= len(stated_claims())
    assert f"{done} of {len(inventory())} claims checked" in html
    rows = ledger(NOTEBOOKS)
    assert f"{sum(row.instances for row in rows):,} random instances tried" in html
    table = BeautifulSoup(html, "html.parser").find("table")
    assert [cell.text for cell in table.thead.find_all("th")][-3:] == [
        "mutants",
        "instances",
        "figure",
    ]
    for row in rows:
        *_, mutants, instances, figure = table.find(id=f"ledger-{row.id}").find_all("td")
        figures = dict.fromkeys(one["figure"] for one in row.numbers)
        assert figure.text.strip() == "; ".join(figures)
        if row.numbers:
            assert mutants.text.strip() == f"{row.mutants_rejected}/{row.mutants_total}"
            assert instances.text.strip() == f"{row.instances:,}"


def test_the_prose_takes_the_number_of_claims_from_the_inventory(build):
    html, warnings = build("All {{ claims }}.")
    assert not warnings and f"All {len(inventory())}." in html


def test_the_prose_takes_the_size_of_the_examiner_from_its_files(build):
    html, warnings = build("In {{ examiner }} lines.")
    files = (ROOT / "src" / "onekl" / "examiner").glob("*.py")
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in files)
    assert not warnings and f"In {lines:,} lines." in html and lines > 1000


def test_the_files_that_the_method_page_names_have_as_many_lines_as_it_says(build):
    html, warnings = build("In {{ examiner_core }} lines.")
    page = (ROOT / "book" / "method.md").read_text(encoding="utf-8")
    named = re.findall(r"`(\w+\.py)`", page)
    paths = [ROOT / "src" / "onekl" / "examiner" / name for name in named]
    lines = sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
    assert len(named) == 4
    assert not warnings and f"In {lines} lines." in html and 300 < lines < 700


def test_the_method_page_has_no_size_of_the_examiner_typed():
    page = (ROOT / "book" / "method.md").read_text(encoding="utf-8")
    assert "{{ examiner }} lines" in page and "{{ examiner_core }} lines" in page
    assert not re.search(r"\d lines\b", page)


def test_no_page_has_a_place_that_is_still_to_be_filled():
    pages = [*ROOT.glob("*.md"), *(ROOT / "book").glob("*.md")]
    assert [page.name for page in pages if "TODO" in page.read_text(encoding="utf-8")] == []


def test_no_page_has_the_number_of_claims_typed():
    typed = re.compile(rf"\b{len(inventory())} claims|all {len(inventory())}\b")
    pages = [*(ROOT / "book").glob("*.md"), ROOT / "README.md"]
    assert [page.name for page in pages if typed.search(page.read_text(encoding="utf-8"))] == []


def test_a_moving_figure_is_self_contained(build):
    html, _ = build("```{moving-figure} joint_kl\n```")
    figure = html[html.index('class="onekl-figure"') :]
    assert (
        '<script type="module">' in figure
        and "import " not in figure.split('<script type="module">')[1].split("</script>")[0]
    )


def test_an_experiment_shows_its_verdict_effect_and_conditions(build):
    html, warnings = build("```{claim} su-t6\n```\n\n{claim}`su-t6`")
    assert not warnings
    box = html[html.index('id="claim-su-t6"') :]
    assert (
        'href="notebooks/missing_term-trial.html#su-t6"' in box
        and "seeds; see the training notebook" in box
    )
    assert (
        "mutants" not in box.split("claim-su-t6")[1]
        and "<li><p>" in box
        and 'class="math' not in box
    )
    assert 'href="book/missing_term.html#claim-su-t6"' in html


def test_a_slip_and_a_bound_show_what_was_refuted(build):
    html, warnings = build("```{claim} su-22\n```\n\n```{claim} su-25\n```")
    assert not warnings
    assert ">slip<" in html and "Refuted as printed:" in html
    assert ">bound only<" in html and "Not an equality:" in html


def test_the_framework_has_a_node_for_each_choice_and_a_link_for_each_claim_of_the_article(build):
    html, warnings = build("```{framework}\n```")
    assert not warnings
    rows = {row.id: row for row in ledger(NOTEBOOKS)}
    chips = re.findall(
        r'class="onekl-chip onekl-([\w-]+) reference internal" '
        r'href="([^"]*)" title="[^"]*">([\w-]+)<',
        html,
    )
    told = [e for e in inventory().values() if e.source in SOURCES and e.chapter in CHAPTERS]
    assert sorted(chip[2] for chip in chips) == sorted(entry.id for entry in told)
    for style, target, id in chips:
        assert style == rows[id].verdict.replace(" ", "-")
        assert target == f"book/{rows[id].chapter}.html#claim-{id}"
    nodes = [node for branch in branches() for node in branch.nodes]
    assert html.count('class="onekl-node docutils container"') == len(nodes)
    for node in nodes:
        assert f'#claim-{node.claim}"' in html and f">{rows[node.claim].verdict}<" in html


def test_the_branches_come_from_the_chapters_in_reading_order(build):
    root, *models = branches()
    assert root.chapters == CHAPTERS[:1] and not root.model and not root.direction
    assert {model.direction for model in models} == set(DIRECTIONS)
    # A chapter without a description hangs on the branch before it.
    described = {path.parent.name for path in ROOT.glob("src/onekl/chapters/*/branch.toml")}
    assert {branch.chapters[0] for branch in branches()} == described
    assert ("gan", "missing_term", "regulariser") in [model.chapters for model in models]
    # Every chapter stands in a branch but the museum, whose specimens are no claims of the sources.
    treated = [chapter for branch in branches() for chapter in branch.chapters]
    assert treated == [chapter for chapter in CHAPTERS if chapter != "museum"]
    html, _ = build("```{framework}\n```")
    cards = re.findall(r'class="onekl-model"><a class="reference internal" href="book/(\w+)', html)
    # Under each direction the models that take it, in the chapters' order.
    assert cards == [m.chapters[0] for way in DIRECTIONS for m in models if m.direction == way]


def test_another_list_of_chapters_makes_another_tree(monkeypatch):
    monkeypatch.setattr(framework_tree, "CHAPTERS", ("joint_kl", "ali", "museum", "vae", "em"))
    made = [branch.chapters for branch in branches.__wrapped__()]
    assert made == [("joint_kl",), ("ali",), ("vae",), ("em",)]


def test_a_tree_without_a_root_is_refused(monkeypatch):
    monkeypatch.setattr(framework_tree, "CHAPTERS", ("missing_term", "gan"))
    with pytest.raises(ValueError, match="the first chapter, missing_term, has no branch.toml"):
        branches.__wrapped__()


def test_a_branch_in_a_direction_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="branch of vae has the direction 'up'"):
        read_branch("vae", 'model = "VAE"\ndirection = "up"\nnodes = []\n')


def test_headings_get_the_anchors_that_the_badges_point_to(build, tmp_path):
    stated = [id for id in stated_claims() if inventory()[id].chapter == "joint_kl"]
    *others, last = [one.id for one in SPECIMENS]
    _, warnings = build(
        "",
        joint_kl="# Check\n\n" + "".join(f"## {id}: a title\n\n" for id in stated),
        museum="# Check\n\n" + "".join(f"## {id}: a title\n\n" for id in others),
    )
    page = (tmp_path / "out" / "notebooks" / "joint_kl-check.html").read_text(encoding="utf-8")
    assert all(f'id="{id}"' in page for id in stated)
    assert [line for line in warnings.splitlines() if "no heading" not in line] == []
    (lost,) = warnings.splitlines()
    assert f"'{last}'" in lost and "museum-check" in lost


def test_a_badge_that_points_to_no_heading_is_a_warning(build):
    _, warnings = build("", vae="# Check\n\n## sn-99: no claim\n\n## sn-9: a title\n")
    lost = re.findall(r"no heading begins with '([\w-]+)'", warnings)
    stated = {id for id in stated_claims() if inventory()[id].chapter == "vae"}
    assert set(lost) == stated - {"sn-9"} and len(lost) == len(stated) - 1


def test_the_premises_of_a_line_with_several_signs_stand_under_the_sign_that_needs_them(build):
    html, warnings = build(
        "```{claim} su-10\n```\n\n```{claim} su-19\n```\n\n```{claim} su-17\n```"
    )
    assert not warnings
    for place in ("su-10.1", "su-10.2", "su-10.3", "su-19.a"):
        assert f"{place} holds if:" in html
    assert html.count("It holds if:") == 1  # (17) has one sign


def test_the_front_pages_line_counts_the_printed_signs_by_their_words(build):
    html, warnings = build("```{printed-signs}\n```")
    assert not warnings
    words = Counter(
        step["verdict"] for row in ledger(NOTEBOOKS) for step in row.steps or () if step["sign"]
    )
    assert words.total() == 48
    said = BeautifulSoup(html, "html.parser").find(class_="onekl-summary").text
    assert said.startswith("48 signs in the 51 equations that the two sources print:")
    assert all(f"{count} {word}" in said for word, count in words.items())
    front = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    assert re.search(r"\d|```\{(?!printed-signs)", front.partition("```{printed-signs}")[0]) is None
