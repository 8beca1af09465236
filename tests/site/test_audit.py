"""The audit of the two sources' printed equations, symbol by symbol, and its pages."""

import hashlib
import html as markup
import io
import re
import shutil

import numpy as np
import pytest
from sphinx.application import Sphinx

from onekl.chapters import CHAPTERS
from onekl.claims.inventory import inventory
from onekl.ledger import ledger
from onekl.reading.nodes import everything, parse, printed
from onekl_site.article import address, places
from onekl_site.audit import (
    ROLES,
    VARIABLES,
    Use,
    accounts,
    running_text,
    symbols,
    unbound,
    unnamed,
    uses,
)
from onekl_site.audit_tables import AS_PRINTED, TABLES
from onekl_site.ledger_page import ARTICLE, NOTES, SOURCES
from onekl_site.readers_page import questions
from paths import ROOT

CONF = """extensions = [
    'myst_parser', 'onekl_site.ledger_page', 'onekl_site.proofs', 'onekl_site.claim_boxes',
    'onekl_site.audit_tables', 'onekl_site.readers_page', 'sphinxcontrib.bibtex',
    'sphinx_exercise',
]
myst_enable_extensions = ['dollarmath', 'substitution']
exclude_patterns = ['notebooks']
bibtex_bibfiles = ['references.bib']
nitpicky = True
"""
CHANGES = (
    (r"\tilde{p}", r"\tilde{q}"), (r"\tilde{p}", " p"), (r"\tilde{q}", " q"), ("^{o}", ""),
    ("^o", ""), ("z|x", "x|z"), ("z|x", "z,x"), ("x|z", "z|x"), ("(1|", "(0|"), ("q(", "p("),
    ("p(", "q("), ("_1", "_0"), ("G(z)", "G(x)"), ("E(x)", "E(z)"),
    (r"_{\phi}", r"_{\theta}"), (r"_{\theta}", r"_{\phi}"), (r"z \vert x", r"x \vert z"),
    (r"\hat{q}", " q"), ("T^*", "T"),
)  # fmt: skip
KNOWN = {
    "su-7": [Use("z", "q(x|z)", "")],
    "su-30": [Use("x", r"\tilde{p}(x)", ""), Use("x", "E(x)", "")],
}
LAST = {"su": 43, "avb": 6}  # the last number of a numbered equation
# Binders as they are printed: a mean's subscript, a differential, a sum.
# The notes print the density alone under a mean.
BINDERS = re.compile(
    r"(?<=[{,])[xz](?=\\sim)|(?<=d)[xz]|(?<=\\sum_)y"
    r"|(?<=E_\{p_\{D\()x|(?<=E_\{q_\{\\phi\}\()z|(?<=E_\{p\()z"
)


# The equations as printed.


def test_the_51_equations_are_those_that_were_copied_from_the_sources():
    article, notes = ([f"{s}-{n}" for n in range(1, last)] for s, last in (("su", 44), ("avb", 9)))
    assert list(printed()) == [*article, *notes]
    # Letter by letter: a change here is a change of what a source is said to print.
    for ids, digest in ((article, "e9784880d796ce91"), (notes, "3aa6b4e244934c12")):
        text = "\n".join(printed()[id] for id in ids)
        assert hashlib.sha256(text.encode()).hexdigest()[:16] == digest
    assert not any(r"\tag" in latex or r"\label" in latex for latex in printed().values())


@pytest.mark.parametrize("id", printed())
def test_every_letter_of_an_equation_is_a_symbol_or_part_of_one(id):
    # Counted another way: without the names of commands and operators, and the differentials' d,
    # what is left are letters.
    left = re.sub(
        r"\\(begin|end)\{aligned\}|\\mathbb\{E\}|\\arg\\(min|max)|KL|\^\{?o\}?|d(?=[xyz])"
        r"|E(?=_\{)|\\?(log|max)(?![a-zA-Z])|\\vert",
        "",
        printed()[id],
    )
    names = "theta|phi|alpha|delta|lambda|sigma|pi"
    greek = re.findall(rf"\\(?:Delta ?\\)?(?:{names})\b", left)
    latin = re.findall("[A-Za-z]", re.sub(r"\\[A-Za-z]+", "", left))
    assert len(greek) + len(latin) == sum(symbols(printed()[id]).values())


@pytest.mark.parametrize(
    "latex, complaint",
    [
        (r"\hat{p}(x)", "unknown notation"),
        (r"\log p(x) \ln p(x)", "unknown notation"),
        (r"p(x", r"there is no \) after"),
        (r"p(x))", "too many"),
        (r"\int p(x)", "without its differential"),
    ],
)
def test_what_is_not_in_the_sources_notation_is_refused(latex, complaint):
    with pytest.raises(ValueError, match=complaint):
        uses(latex)


# The accounts.


def test_nothing_printed_is_unaccounted_and_nothing_accounted_is_unprinted():
    said = [(a.equation, a.symbol, a.times) for a in accounts()]
    assert len({row[:2] for row in said}) == len(said)
    assert sorted(said) == sorted(
        (id, name, times)
        for id, latex in printed().items()
        for name, times in symbols(latex).items()
    )


@pytest.mark.parametrize("id", printed())
def test_a_changed_accent_mark_bar_or_letter_is_an_unaccounted_symbol(id):
    latex, changes = printed()[id], 0
    for old, new in CHANGES:
        for place in re.finditer(re.escape(old), latex):
            changed = latex[: place.start()] + new + latex[place.end() :]
            assert symbols(changed) != symbols(latex), changed
            changes += 1
    assert changes or id == "su-24"


def test_an_account_of_a_variable_says_what_binds_it():
    for account in accounts():
        assert account.role in ROLES and (account.role == "variable") == (
            account.symbol in VARIABLES
        ), account
        if account.role == "variable":
            binders = {
                use.binder or "nothing"
                for use in uses(printed()[account.equation])
                if use.variable == account.symbol
            }
            assert account.introduced == ", ".join(sorted(binders)), account


def test_an_account_of_another_symbol_says_where_it_is_introduced_and_that_equation_prints_it():
    for account in (a for a in accounts() if a.role != "variable"):
        place = re.fullmatch(r"(before |after )?\((\d+)\)|nowhere|known", account.introduced)
        source = account.equation.partition("-")[0]
        assert place and 1 <= int(place[2] or 1) <= LAST[source], account
        if place[2] and not place[1]:
            there = f"{source}-{place[2]}"
            assert [*printed()].index(there) <= [*printed()].index(account.equation), account
            assert account.symbol in symbols(printed()[there]), account
        assert account.remark or account.introduced != "nowhere", account


# What binds the variables.


def test_the_binder_analysis_finds_the_two_known_places_and_no_other():
    assert {id: unbound(latex) for id, latex in printed().items() if unbound(latex)} == KNOWN


@pytest.mark.parametrize("id", printed())
def test_every_renamed_binder_is_found(id):
    latex = printed()[id]
    places = list(BINDERS.finditer(latex))
    operators = [
        n
        for n in everything(parse(latex))
        if n.text in (r"\int", r"\iint", r"\sum")
        or r"\sim" in map(str, n.below)
        or (n.text, n.kind) == ("E", "operator")
    ]
    assert len(places) == sum(
        (2 if n.text == r"\iint" else [str(b) for b in n.below].count(r"\sim") or 1)
        for n in operators
    )
    for place in places:
        renamed = latex[: place.start()] + ("z" if place[0] == "x" else "x") + latex[place.end() :]
        # (11) with dx is well-formed, since z stands on its left side too: that it is false is for
        # the proof to find.
        assert (unbound(renamed) != unbound(latex)) != (id == "su-11"), renamed


@pytest.mark.parametrize(
    "latex, free",
    [
        (r"KL(p(z|x)\Vert q(z))", ["x"]),
        (r"\mathbb{E}_{x\sim q(x)}\log D(x) + q(x)", ["x"]),
        (r"\mathbb{E}_{x\sim q(x)}\left[\log D(x) + q(x)\right]", []),
        (r"\mathbb{E}_{z\sim p(z|x)}\left[\log D(z)\right]", ["x"]),
        (r"q(x)=\int q(x|z)q(z)dz + G(z)", ["z"]),
        (r"q(x)=q(x), \quad p(z)=q(x)", ["x"]),
        (r"\sum_y q(x,y) + p(y)", ["x", "y"]),
        (r"D = \mathop{\arg\min}_{q(x|z)} q(x)", ["x"]),
        (r"q(x) = \mathop{\arg\min}_{q(x)} q(x)", ["x"]),
    ],
)
def test_how_far_a_binder_reaches(latex, free):
    assert [use.variable for use in unbound(latex)] == free


def test_what_is_varied_and_not_printed():
    assert {id: unnamed(latex) for id, latex in printed().items() if unnamed(latex)} == {
        "su-2": [r"\theta"], "su-8": ["q(x|z)"], "su-17": ["G"], "su-31": ["E"],
    }  # fmt: skip
    assert (
        unnamed(r"\theta = \mathop{\arg\max}_{\theta}\, \int \tilde{p}(x)\log q_{\theta}(x) dx")
        == []
    )


# The running text.


def test_the_slips_in_the_text_have_a_place_and_a_reason():
    slips = {(s.source, s.place, s.printed) for s in running_text()}
    assert len(running_text()) == len(slips) >= 32
    last = {ARTICLE: LAST["su"], NOTES: LAST["avb"]}
    assert {s.source for s in running_text()} == set(last)
    for slip in running_text():
        place = re.fullmatch(r"(before|after) \((\d+)\)", slip.place)
        assert place and 1 <= int(place[2]) <= last[slip.source]
        assert slip.kind in ("letter", "word", "sentence")
        assert (
            slip.printed != slip.meant
            and slip.why
            and (slip.printed + slip.meant + slip.why).count("$") % 2 == 0
        )


@pytest.fixture
def tables():
    """p̃(x)p(z|x), q(x|z)q(z) and D on a table of three by four, from a fixed seed."""
    rng = np.random.default_rng(7)
    p, q = (rng.dirichlet(np.ones(12)).reshape(3, 4) for _ in range(2))
    return p, q, rng.uniform(0.1, 0.9, (3, 4))


def test_42_is_the_minimax_loss_and_43_is_not(tables):
    p, q, D = tables

    def loss_38(D):
        return -(p * np.log(D) + q * np.log(1 - D)).sum()

    def loss_42(D):
        return (p * np.log(D) + q * np.log(1 - D)).sum()

    def loss_43(D):
        return -(p * np.log(1 - D) + q * np.log(D)).sum()

    half = np.full_like(D, 0.5)
    assert loss_38(D) + loss_42(D) == 0
    assert loss_38(half) + loss_43(half) == pytest.approx(4 * np.log(2), abs=1e-12)
    assert loss_43(D) == pytest.approx(loss_38(1 - D), abs=1e-12)


def test_41_and_42_have_opposite_encoder_parts(tables):
    p, q, D = tables
    loss_41, loss_42 = -(p + q) * np.log(D), p * np.log(D) + q * np.log(1 - D)
    assert np.allclose(loss_41 + loss_42, q * np.log((1 - D) / D), atol=1e-14)


def test_36_and_37_have_the_same_minimiser_only_for_equal_shares(tables):
    p, q, _ = tables

    def best(one, zero):  # the minimiser of −∫ one · log D − ∫ zero · log(1 − D)
        return one / (one + zero)

    assert np.allclose(best(0.5 * p, 0.5 * q), best(p, q)) and not np.allclose(
        best(0.3 * p, 0.7 * q), best(p, q), atol=1e-2
    )


def test_with_the_exact_posterior_the_joint_divergence_is_the_marginal_one_and_not_0(tables):
    _, q, _ = tables
    data = np.array([0.5, 0.3, 0.2])
    joint = data[:, None] * q / q.sum(1, keepdims=True)
    value = (joint * np.log(joint / q)).sum()
    assert (
        value == pytest.approx((data * np.log(data / q.sum(1))).sum(), abs=1e-14) and value > 0.01
    )


def softplus(logit):
    return np.logaddexp(0, logit)


def game(p, prior_pairs, T):
    """(3) of the notes: what T raises."""
    return -(p * softplus(-T) + prior_pairs * softplus(T)).sum()


@pytest.fixture
def coded(tables):
    """Encoder pairs, prior pairs with the same x, q(x|z) and T* on a table."""
    p, q, _ = tables
    prior_pairs = np.outer(p.sum(1), q.sum(0))
    return p, prior_pairs, q / q.sum(0), np.log(p / prior_pairs)


def test_the_notes_T_and_encoder_do_not_play_for_one_number(coded):
    p, prior_pairs, _, _ = coded
    blind, ones = np.zeros_like(p), np.ones_like(p)
    assert game(p, prior_pairs, blind) == pytest.approx(-np.log(4), abs=1e-14)
    assert game(p, prior_pairs, ones) < game(p, prior_pairs, blind)
    assert -(p * ones).sum() < -(p * blind).sum() == 0


def test_the_notes_largest_value_is_no_T(coded):
    p, prior_pairs, _, best = coded
    largest = game(p, prior_pairs, best)
    assert -np.log(4) < largest < 0 and best.min() < -np.log(4) and best.max() > 0


def test_with_the_best_T_the_notes_encoder_is_the_posterior_and_not_the_prior(coded):
    p, _, decoder, _ = coded
    data, prior = p.sum(1), np.array([0.1, 0.2, 0.3, 0.4])
    joint = decoder * prior
    posterior = joint / joint.sum(1, keepdims=True)

    def bound(encoder):  # (4) at T* = log p(z|x) − log q(z)
        T = np.log(encoder / prior)
        return (data[:, None] * encoder * (-T + np.log(decoder))).sum()

    assert bound(posterior) == pytest.approx((data * np.log(joint.sum(1))).sum(), abs=1e-14)
    assert bound(posterior) > bound(np.tile(prior, (len(data), 1))) + 1e-3


def test_a_code_over_its_variance_is_not_standardised():
    """With the variance 4 in the place of σ, (z − μ)/σ has the variance ¼."""
    z = np.array([-2.0, 2.0])  # mean 0, variance 4
    assert (z / z.var()).var() == 0.25 and (z / z.std()).var() == 1


# The pages.


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small site of the book's pages without the notebooks' own: its folder and the warnings."""
    folder = tmp_path_factory.mktemp("audit")
    source = folder / "source"
    shutil.copytree(ROOT / "notebooks", source / "notebooks")
    (source / "book").mkdir()
    for page in (ROOT / "book").glob("*.md"):
        shutil.copy(page, source / "book")
    shutil.copy(ROOT / "book" / "references.bib", source)
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "index.md").write_text(
        "# Site\n\n```{toctree}\n:glob:\n\nbook/*\n```\n\n"
        "```{audit} spirals\n```\n\n```{not-exact} sloppy\n```\n",
        encoding="utf-8",
    )
    warnings = io.StringIO()
    Sphinx(
        source, source, folder / "out", folder / "trees", "html", status=None, warning=warnings
    ).build()
    return folder / "out", warnings.getvalue()


@pytest.fixture(scope="module")
def rows():
    return [row for row in ledger(ROOT / "notebooks") if row.source in SOURCES]


def body(site, page):
    html = (site[0] / "book" / f"{page}.html").read_text(encoding="utf-8")
    return html[html.index('role="main"') : html.index('class="sphinxsidebar"')]


def test_the_slips_page_has_each_entry_that_does_not_hold_as_printed_once(site, rows):
    html = body(site, "slips")
    shown = re.findall(r'id="entry-([a-z0-9-]+)"', html)
    listed = [row.id for row in rows if row.verdict not in AS_PRINTED]
    assert sorted(shown) == sorted(listed)
    assert re.findall(r'href="#entry-([a-z0-9-]+)"', html) == listed  # the table on top
    assert [row.id for row in rows] == [
        entry.id for entry in inventory().values() if entry.source in SOURCES
    ]
    done = len([row for row in rows if row.verdict])
    assert f"{done} of {len(rows)} entries have a verdict" in html
    for row in rows:
        assert (f" {row.id}," in html or f" {row.id}." in html) or row.verdict, row.id


def test_an_entry_shows_what_is_printed_what_is_true_and_why(site):
    box = body(site, "slips").split('id="entry-su-22"')[1].split('id="entry-')[0]
    assert (
        r"\Delta\theta\cdot c" in box
        and ">slip<" in box
        and 'href="../notebooks/missing_term-check.html#su-22"' in box
    )
    assert (
        box.index(r"\overset{\mathsf{S}}{\approx}")
        < box.index("Refuted as printed:")
        < box.index("True instead:")
        < box.index("It holds if:")
    )
    assert f'href="{address("su-22")}"' in box
    assert 'href="missing_term.html#claim-su-22"' in box
    premise = body(site, "slips").split('id="entry-su-7"')[1].split('id="entry-')[0]
    assert "is finite" in premise and "Shown of it:" in premise and "Refuted" not in premise
    in_words = body(site, "slips").split('id="entry-su-t5"')[1].split('id="entry-')[0]
    assert r"D(x) = \frac{Z q^{*}(x)}{q^{o}(x)}" in in_words and "True instead:" in in_words
    experiment = body(site, "slips").split('id="entry-su-t9"')[1].split('id="entry-')[0]
    assert "Measured with 3 seeds" in experiment and "onekl-marks" not in experiment


def test_each_equation_has_words_before_it_to_find_its_place_by():
    assert list(places()) == [id for id in printed() if id.startswith("su-")]
    assert all(re.fullmatch("[\u4e00-\u9fff]{5,}", words) for words in places().values())
    assert address("su-4").startswith("https://kexue.fm/archives/5716#:~:text=%E6%94%B9")


def test_the_tables_and_counts_of_the_audit_are_on_the_page(site):
    html = body(site, "slips")
    assert html.count('class="onekl-audit') == len(TABLES) + 1  # and the overview
    total = sum(sum(symbols(latex).values()) for latex in printed().values())
    assert f"51 equations, {total} symbols" in html
    assert total == sum(a.times for a in accounts())
    for head, table_rows in TABLES.values():
        assert all(len(row) == len(head) for row in table_rows())
    assert [row[0] for row in TABLES["unbound"][1]()] == ["su-7", "su-30", "su-30"]
    assert {"su-23", "su-27"} <= {row[0] for row in TABLES["read-otherwise"][1]()}


def test_the_readers_page_answers_all_and_lists_the_chapters_questions_in_reading_order(site):
    html = body(site, "readers-ask")
    readers = [entry.id for entry in inventory().values() if entry.source == "Readers' questions"]
    assert readers and all(f'#claim-{id}"' in html for id in readers)
    pages = {
        chapter: (ROOT / "book" / f"{chapter}.md").read_text(encoding="utf-8")
        for chapter in CHAPTERS
    }
    asked = [question for text in pages.values() for question, _ in questions(text)]
    assert len(asked) >= 8
    words = [question.split("$")[::2] for question in asked]  # what stands beside formulas
    assert all(parts[0] for parts in words)
    shown = markup.unescape(html).replace("\u2019", "'")  # typographic apostrophes
    assert [part for parts in words for part in parts if part not in shown] == []
    linked = re.findall(r'href="(\w+)\.html#readers-ask"', html)
    assert linked == [chapter for chapter in CHAPTERS for _ in questions(pages[chapter])]


def test_a_question_that_a_box_answers_is_not_listed_twice():
    page = (
        "# T\n\n## Readers ask\n\n**One?**\nYes.\nIt is.\nMore.\n\n"
        "**Two?**\nNo.\n\n```{claim} rq-1\n```\n\n**Three?**\nNo.\n\n```{claim} su-4\n```\n\n"
        "## Exercises\n\n**Four?**\nNo.\n"
    )
    assert questions(page) == [("One?", "Yes. It is."), ("Three?", "No.")]


@pytest.mark.parametrize("page", ["slips", "readers-ask"])
def test_every_link_of_the_pages_leads_somewhere(site, page):
    for link in set(re.findall(r'href="([^"]+)"', body(site, page))):
        name, _, anchor = link.partition("#")
        if name.startswith("http") or "notebooks/" in name:
            continue  # the notebooks' pages are not built here: the site's tests follow those links
        target = (site[0] / "book" / (name or f"{page}.html")).resolve()
        assert target.exists() and (
            not anchor or f'id="{anchor}"' in target.read_text(encoding="utf-8")
        ), link


def test_a_wrong_name_is_one_clear_warning_and_an_empty_group_says_none(site):
    out, warnings = site
    assert "there is no table 'spirals' of the audit" in warnings
    said = [line for line in warnings.splitlines() if "WARNING" in line or "ERROR" in line]
    assert [line for line in said if "book/slips" in line or "book/readers-ask" in line] == []
    assert "<p>None.</p>" in (out / "index.html").read_text(encoding="utf-8")
