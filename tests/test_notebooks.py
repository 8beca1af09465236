"""The committed notebooks as files, and the repository's address everywhere."""

import re
import shutil
import subprocess
import sys
from itertools import chain

import nbformat
import pytest

import execute
import repository
from first_cell import first_cell
from onekl.chapters import CHAPTERS
from paths import ROOT, sections

PATHS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in PATHS}
URL = repository.current(ROOT)
# Folders of one machine, a kernel's temporary files, colours of a terminal, addresses of objects.
OF_ONE_MACHINE = re.compile(
    r"/(home|root|Users|tmp|work|mnt|content|opt|usr)/|ipykernel_|\\u001b|\x1b"
    r"| at 0x[0-9a-f]{6,}|[A-Z]:\\\\"
)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return list(chain.from_iterable(cell.outputs for cell in code_cells(notebook)))


def test_there_are_notebooks():
    """Each chapter's page leads to its check and its training notebook, perhaps to further ones."""
    under = sections()
    for chapter in CHAPTERS:
        assert under[chapter][:2] == [f"notebooks/{chapter}-{kind}" for kind in ("check", "train")]
    listed = [name for notebooks in under.values() for name in notebooks]
    assert sorted(listed) == [f"notebooks/{name}" for name in NOTEBOOKS]


def test_cell_ids_are_unique_across_the_book():
    ids = [cell.get("id") for notebook in NOTEBOOKS.values() for cell in notebook.cells]
    assert None not in ids
    assert sorted(name for name in set(ids) if ids.count(name) > 1) == []


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_executed_in_order(name):
    """Each code cell ran once, from the top, and none failed."""
    cells = code_cells(NOTEBOOKS[name])
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    kinds = {out.output_type for out in outputs(NOTEBOOKS[name])}
    assert kinds and "error" not in kinds


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_outputs_are_of_no_machine(name):
    """No path, colour or widget of the machine that ran it is left, in the text either."""
    text = (ROOT / f"notebooks/{name}.ipynb").read_text(encoding="utf-8")
    # image data are base64 and may hold anything
    text = re.sub(r'"image/[a-z]+": "[^"]*"', '""', text)
    assert OF_ONE_MACHINE.findall(text) == []
    assert [
        out for out in outputs(NOTEBOOKS[name]) if execute.WIDGET_VIEW in out.get("data", {})
    ] == []
    assert set(NOTEBOOKS[name].metadata) == {"kernelspec", "language_info", "onekl"}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_says_what_its_outputs_came_from(name):
    record = NOTEBOOKS[name].metadata.onekl
    assert record.profile and record.device and record.versions
    assert name.endswith("-check") == record.profile.startswith("symbolic")


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_first_cell(name):
    """It is the one of tools/first_cell.ipy; `make first-cell` puts it there."""
    assert code_cells(NOTEBOOKS[name])[0].source == first_cell()


def test_one_address():
    """Every link to a GitHub repository called like ours has the configuration's address."""
    name = URL.rsplit("/", 1)[1]
    found = {
        path.name: set(
            re.findall(
                rf"https://github\.com/[\w-]+/{re.escape(name)}(?![\w-])",
                path.read_text(encoding="utf-8"),
            )
        )
        for path in repository.holders(ROOT)
    }
    assert {path: urls for path, urls in found.items() if urls - {URL}} == {}
    assert found["README.md"] == found["CITATION.cff"] == {URL}


@pytest.fixture
def copy(tmp_path):
    """A copy of the files that may name the address."""
    for path in repository.holders(ROOT):
        there = tmp_path / path.relative_to(ROOT)
        there.parent.mkdir(exist_ok=True)
        shutil.copy(path, there)
    return tmp_path


def test_set_the_address(copy):
    changed = repository.rewrite(copy, "https://github.com/me/one-kl")
    papers = {copy / name for name in ("_config.yml", "README.md", "CITATION.cff")}
    assert papers | {*copy.glob("notebooks/*.ipynb")} <= set(changed)
    assert repository.current(copy) == "https://github.com/me/one-kl"
    assert not any(URL in path.read_text(encoding="utf-8") for path in repository.holders(copy))
    repository.rewrite(copy, URL)
    assert all(
        (copy / path.relative_to(ROOT)).read_bytes() == path.read_bytes()
        for path in repository.holders(ROOT)
    )


@pytest.mark.parametrize("name", ["MAINTAINING.md", "book/index.md"])
def test_an_address_in_a_paper_or_on_a_page_is_set(copy, name):
    path = copy / name
    path.write_text(f"{path.read_text(encoding='utf-8')}\nIt is at {URL}.\n", encoding="utf-8")
    assert path in repository.rewrite(copy, "https://github.com/me/one-kl")
    assert path.read_text(encoding="utf-8").endswith("\nIt is at https://github.com/me/one-kl.\n")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "me/one-kl",
        "http://github.com/me/one-kl",
        "https://github.com/me/one-kl.git",
        "https://github.com/me/one-kl/",
        "https://gitlab.com/me/one-kl",
    ],
)
def test_a_wrong_address_changes_nothing(copy, url):
    with pytest.raises(ValueError, match="not an address of the form"):
        repository.rewrite(copy, url)
    assert repository.current(copy) == URL


def test_the_command_says_what_is_wrong():
    asked = subprocess.run(
        [sys.executable, ROOT / "tools/repository.py", "nonsense"], capture_output=True, text=True
    )
    assert asked.returncode == 1 and asked.stderr.count("\n") == 1 and "nonsense" in asked.stderr


def test_execute_strips_what_differs_from_run_to_run(tmp_path, monkeypatch):
    """A progress bar, coloured text and a kernel's metadata are stripped, twice the same."""
    monkeypatch.setenv("ONEKL_PROFILE", "quick")
    source = "from tqdm.auto import tqdm\nfor i in tqdm(range(2)):\n    print(f'\\x1b[31m{i}')"
    cell = nbformat.v4.new_code_cell(source, id="bar")
    path = tmp_path / "made-train.ipynb"
    nbformat.write(
        nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}, "author": "me"}), path
    )
    execute.main([path])
    once = path.read_text(encoding="utf-8")
    execute.main([path])
    assert path.read_text(encoding="utf-8") == once
    made = nbformat.reads(once, as_version=4)
    assert made.cells[0].outputs == [{"output_type": "stream", "name": "stdout", "text": "0\n1\n"}]
    assert made.cells[0].id == "bar" and set(made.metadata) == {
        "kernelspec",
        "language_info",
        "onekl",
    }
    assert made.metadata.onekl.profile == "quick"


def contents(root):
    return {path: path.read_bytes() for path in repository.holders(root)}


def test_a_file_that_cannot_be_written_leaves_all_as_they_were(copy, monkeypatch):
    before, written = contents(copy), []
    write = repository.Path.write_bytes

    def failing(path, data):
        written.append(path)
        if len(written) == 4:
            write(path, data[:10])  # half of it, as on a full disk
            raise OSError("No space left on device")
        return write(path, data)

    monkeypatch.setattr(repository.Path, "write_bytes", failing)
    with pytest.raises(OSError, match="No space left"):
        repository.rewrite(copy, "https://github.com/me/one-kl")
    assert len(written) > 4 and contents(copy) == before


def test_a_file_of_another_encoding_changes_nothing(copy):
    (copy / "book" / "vae.md").write_bytes("é".encode("latin-1"))
    before = contents(copy)
    with pytest.raises(ValueError, match="vae.md is no UTF-8"):
        repository.rewrite(copy, "https://github.com/me/one-kl")
    assert contents(copy) == before


def test_an_address_can_be_set_again_after_a_run_that_left_files_out(copy):
    """The configuration has the new address, the rest has the placeholder still."""
    config = copy / "_config.yml"
    config.write_bytes(config.read_bytes().replace(URL.encode(), b"https://github.com/me/one-kl"))
    for url in ("https://github.com/me/one-kl", "https://github.com/you/one-kl-2"):
        repository.rewrite(copy, url)
        assert not any(repository.PLACEHOLDER.encode() in data for data in contents(copy).values())
        assert repository.current(copy) == url
        assert url.encode() in (copy / "CITATION.cff").read_bytes()


def test_the_address_is_set_under_another_code_page(copy):
    """The tool itself, in an environment that would read and write ASCII."""
    shutil.copy(ROOT / "tools" / "repository.py", copy / "tools")
    for url in ("https://github.com/me/one-kl", "https://github.com/you/one-kl", URL):
        done = subprocess.run(
            [sys.executable, str(copy / "tools" / "repository.py"), url],
            env={"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
    assert contents(copy) == {copy / p.relative_to(ROOT): d for p, d in contents(ROOT).items()}
