# Backbones. `make help` lists the commands; they work on Linux and macOS, in folders with spaces in
# their path, and with GNU make 3.81 or newer. On Windows use WSL, or see README.md.

PYTHON ?= python3
PORT ?= 8000

# Always relative, and always `python -m`: the absolute path of this folder may contain a space.
PY := .venv/bin/python
INSTALLED := .venv/installed
HTML := build/_build/html
DOCTREES := build/_build/.doctrees
BUILT := build/_build/built
# What shapes every page: when one of these changes, all pages are read anew.
SHAPING := book/ext book/templates book/references.bib _config.yml _toc.yml Makefile $(INSTALLED)
NOTEBOOKS := $(PY) tools/notebooks.py
# In a container one is root, and JupyterLab must be told that this is meant.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install book gallery serve lab test test-unit test-parity test-nbval test-site test-slow \
        test-processors test-gpu execute refresh normalise stamp lint format clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile

# ---------------------------------------------------------------------------------------- install

$(INSTALLED): requirements.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; (3, 10) <= v[:2] <= (3, 13) or sys.exit("Backbones runs on Python 3.10 to 3.13; $(PYTHON) is %d.%d. Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" % v[:2])'
	@"$(PYTHON)" -m venv .venv || { echo "Python could not make a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(PY) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $(INSTALLED)

install: $(INSTALLED) ## Make .venv and install everything into it (the others do it by themselves)

# ----------------------------------------------------------------------------------- read and run

# Pages that did not change are not read again. A build that failed or was interrupted leaves no
# mark, and the next one begins afresh: warnings come up only where a page is read.
book: $(INSTALLED) ## Build the site
	@test -e $(BUILT) && test -z "$$(find $(SHAPING) -newer $(BUILT))" || rm -rf $(DOCTREES)
	@rm -rf $(HTML) $(BUILT) && mkdir -p $(dir $(BUILT)) && touch $(BUILT).new
	$(PY) .venv/bin/jupyter-book build . --path-output build --warningiserror --keep-going
	@mv $(BUILT).new $(BUILT)
	@echo
	@echo "The book is in $(HTML)/index.html"
	@echo "Read it at http://127.0.0.1:$(PORT) after: make serve"

gallery: $(INSTALLED) ## Build a page with everything that pages can show, and take pictures of it
	$(PY) tools/build_gallery.py --pictures

serve: $(INSTALLED) ## Serve the site on this machine (PORT=8000)
	@test -f $(HTML)/index.html || $(MAKE) book
	@echo "The book is at http://127.0.0.1:$(PORT) (stop with Ctrl+C; another port: make serve PORT=8001)"
	@$(PY) -m http.server "$(PORT)" --bind 127.0.0.1 --directory $(HTML)

lab: $(INSTALLED) ## Open the chapters in JupyterLab
	@$(PY) -m nbformat.sign chapters/*.ipynb >/dev/null # or JupyterLab hides the stored drawings
	$(PY) -m jupyterlab --LabApp.default_url=/lab/tree/chapters $(AS_ROOT)

# ------------------------------------------------------------------------------------------- test

test: test-unit test-parity test-nbval test-site ## Run every test but the slow ones

# What reads the built site, and so runs after it is built.
SITE_TESTS := tests/test_book.py tests/book/test_search.py tests/browser

# The workers of pytest take a core each, so each of them gets one thread.
test-unit: $(INSTALLED)
	OMP_NUM_THREADS=1 $(PY) -m pytest tests -m "not slow" $(SITE_TESTS:%=--ignore=%) --ignore=tests/test_parity.py -n 2

test-parity: $(INSTALLED)
	OMP_NUM_THREADS=1 $(PY) -m pytest tests/test_parity.py -n 2

test-nbval: $(INSTALLED)
	$(PY) -m pytest --nbval chapters/ -n 2

test-site: book
	$(PY) tools/build_gallery.py
	$(PY) -m pytest $(SITE_TESTS) -n 2 --durations=20

# Two stand-ins for other machines: what a processor of 2010 does, and one without AVX-512.
test-processors: $(INSTALLED) ## Run unit tests, parity and chapters with other processors' arithmetic
	ATEN_CPU_CAPABILITY=default ONEDNN_MAX_CPU_ISA=SSE41 $(MAKE) test-unit test-parity test-nbval
	ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2 $(MAKE) test-unit test-parity test-nbval

# With the GPU in sight, where numbers are other ones: cells must run, and nothing is compared.
test-gpu: $(INSTALLED) ## Run every chapter on this machine's GPU; only errors fail
	$(PY) -m pytest --nbval-lax chapters/

test-slow: $(INSTALLED) ## Run the slow tests: the chapters with Colab's versions, and more
	$(PY) -m pytest tests -m slow

# ------------------------------------------------------------------------------------------ write

execute: $(INSTALLED) ## Run a chapter and store its outputs (CHAPTER=vgg, or all)
	@test -n "$(CHAPTER)" || { echo "Which chapter? For example: make execute CHAPTER=vgg (or all)"; exit 2; }
	$(NOTEBOOKS) execute "$(CHAPTER)"

refresh: $(INSTALLED) ## Draw explorers, quizzes, listings and pictures anew, nothing else (CHAPTER=vgg, or all)
	@test -n "$(CHAPTER)" || { echo "Which chapter? For example: make refresh CHAPTER=vgg (or all)"; exit 2; }
	$(NOTEBOOKS) refresh "$(CHAPTER)"

normalise: $(INSTALLED) ## Rewrite the notebooks in their normal form, outputs kept
	$(NOTEBOOKS) normalise

stamp: $(INSTALLED) ## Write the repository's address and the set-up cell into the notebooks
	$(NOTEBOOKS) stamp

lint: $(INSTALLED) ## Check style, code and notebooks
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(NOTEBOOKS) check

format: $(INSTALLED) ## Repair what lint can repair
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	$(NOTEBOOKS) normalise

clean: ## Remove .venv, the built site and caches
	rm -rf .venv build .pytest_cache .hypothesis src/*.egg-info
	find . \( -name __pycache__ -o -name .ruff_cache \) -prune -exec rm -rf {} +
