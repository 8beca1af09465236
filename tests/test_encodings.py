"""Text files are read and written as UTF-8, whatever the machine's own encoding is."""

import ast

import pytest

from paths import ROOT

FOLDERS = "src", "tools", "book/extensions", "tests"
PROGRAMS = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
# What opens a text file, and the place of its encoding among the arguments; a method has no path.
PLACES = {"read_text": 0, "write_text": 1, "open": 2, "fdopen": 3}
BYTES = {"archive", "Image"}  # what has an `open` that gives bytes, or a picture


def without_encoding(tree):
    """The calls that open a text file and do not say its encoding."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        is_method = isinstance(call.func, ast.Attribute)
        name = call.func.attr if is_method else getattr(call.func, "id", "")
        owner = getattr(call.func.value, "id", "") if is_method else ""
        if name not in PLACES or owner in BYTES:
            continue
        place = PLACES[name] + (name == "open" and not is_method)
        said = len(call.args) > place or any(k.arg == "encoding" for k in call.keywords)
        modes = [*call.args, *(k.value for k in call.keywords if k.arg == "mode")]
        is_binary = any(
            isinstance(m, ast.Constant) and m.value in ("rb", "wb", "ab") for m in modes
        )
        if not said and not is_binary:
            yield call


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_text_files_are_utf_8(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert [call.lineno for call in without_encoding(tree)] == [], 'say encoding="utf-8" there'


@pytest.mark.parametrize("source", [
    "open(path)", "open(path, 'w')", "path.open()", "path.open(mode='w')", "path.read_text()",
    "path.write_text(text)", "files('onekl').joinpath('a').read_text()", "os.fdopen(number, 'w')",
])  # fmt: skip
def test_a_file_without_encoding_is_found(source):
    assert list(without_encoding(ast.parse(source)))


@pytest.mark.parametrize("source", [
    "open(path, 'rb')", "open(path, 'w', encoding='utf-8')", "path.open(mode='rb')",
    "path.read_text('utf-8')", "path.read_text(encoding='utf-8')", "path.read_bytes()",
    "path.write_text(text, encoding='utf-8')", "archive.open(name)",
])  # fmt: skip
def test_a_file_with_encoding_or_of_bytes_is_let_go(source):
    assert not list(without_encoding(ast.parse(source)))
