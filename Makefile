# `make book` and `make test` start from nothing: Python 3.11 to 3.14, make and git are enough.
PYTHON ?= python3
BIN := .venv/bin
SOURCES := $(shell find book notebooks src -type f -not -path '*/__pycache__/*' -not -path '*/.ipynb_checkpoints/*' 2>/dev/null)
# Two test processes, one thread each; a notebook is one file, so its cells stay in order in one process.
PYTEST := OMP_NUM_THREADS=1 ONEKL_PROFILE=quick $(BIN)/python -m pytest -q -n 2 --dist loadfile --nbval --nbval-current-env

.PHONY: help book test lint mutants test-colab notebooks first-cell record stills repository vendor clean

help:
	@echo "make book         build the site into _build/html"
	@echo "make test         lint, build the site, and run every test"
	@echo "make lint         format and check, stop where a file was rewritten; then a mirror: the longest files, functions, lines and chapters"
	@echo "make mutants      change the provers and the losses at random places: how much do the tests notice? (an hour)"
	@echo "make test-colab   run the notebooks with Colab's versions"
	@echo "make notebooks    execute the notebooks in place (ONEKL_PROFILE=quick or full)"
	@echo "make record NOTEBOOK=notebooks/NAME-trial.ipynb   run its long profile and keep the record (minutes to hours)"
	@echo "make first-cell   put tools/first_cell.ipy into every notebook"
	@echo "make stills       draw the still pictures of the moving figures again (needs Chromium)"
	@echo "make repository URL=https://github.com/NAME/REPOSITORY   set the repository's address everywhere"
	@echo "make vendor       fetch MathJax again at its pinned version (needs node)"
	@echo "make clean        remove the environments, the built site and what the tests reach"

.venv/.installed: requirements.txt pyproject.toml
	@$(PYTHON) tools/supported.py
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@touch $@

# Always from an empty folder: Sphinx's own bookkeeping does not see that a claim or a template has changed.
_build/.built: .venv/.installed _config.yml _toc.yml $(SOURCES)
	rm -rf _build
	$(BIN)/jupyter-book build . -W --keep-going -n
	@touch $@

book: _build/.built
	@echo "The book is at _build/html/index.html"

lint: .venv/.installed
	$(BIN)/pre-commit run --all-files --show-diff-on-failure
	@$(BIN)/python tools/sizes.py

test: lint _build/.built
	folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; ONEKL_CHECKPOINTS=$$folder $(PYTEST) tests notebooks

# One core, and no part of `make test`: it says how sharp the tests are, not whether the code is right.
mutants: .venv/.installed
	nice -n 10 $(BIN)/python tools/mutants.py

test-colab:
	PYTHON="$(PYTHON)" tools/colab.sh

notebooks: .venv/.installed
	$(BIN)/python tools/execute.py notebooks/*.ipynb

record: .venv/.installed
	@$(BIN)/python tools/record.py "$(NOTEBOOK)"

first-cell: .venv/.installed
	$(BIN)/python tools/first_cell.py notebooks/*.ipynb

stills: .venv/.installed
	$(BIN)/python tools/stills.py

repository:
	@$(PYTHON) tools/repository.py "$(URL)"

vendor:
	tools/vendor.sh

clean:
	rm -rf .venv .venv-colab .mutants _build node_modules
