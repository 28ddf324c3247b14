# Everything a developer does, each in a line or two. `make demo` and `make test` need python3, pip, make and apt.

VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check
APT := $(if $(shell command -v sudo),sudo ,)apt-get

.PHONY: demo test test-lowest lint bench docs pictures stress clean

demo: $(VENV)/demo  ## a demo CAVE server and JupyterLab with the notebook open, in a throwaway home
	$(VENV)/bin/cave-setup demo

test: $(VENV)/dev chromium lint  ## everything that must pass before main moves
	$(PYTHON) -m pytest -n 2 --dist loadfile --cov --cov-report=term

# The oldest of what pyproject.toml names, the newest of the rest; then the newest of all, but for the kernel's sixth major
# version. `make test` is the third corner: the newest of all.
LOWEST := .venv-lowest
OLD := -W default::DeprecationWarning # what newer versions of the same libraries have mended
SCREENS := tests/browser/test_setting_up.py tests/browser/test_signing_in.py
test-lowest: chromium  ## the tests on the oldest versions that pyproject.toml allows, and on ipykernel 6
	python3 -m venv --clear $(LOWEST) && $(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST) --resolution lowest-direct --editable '.[test]'
	$(LOWEST)/bin/python -m pytest $(OLD) -n 2 --dist loadfile tests/unit tests/contract tests/integration tests/notebook $(SCREENS)
	$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST) --upgrade --editable '.[test]' 'ipykernel<7'
	$(LOWEST)/bin/python -m pytest $(OLD) $(SCREENS)

lint: $(VENV)/dev  ## style, types, import directions
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/dev chromium  ## what it costs, in one table, beside peers in the same run; what a class asks a server
	$(PIP) --editable '.[bench]'
	PYTHONPATH=tests $(PYTHON) benchmarks/run.py $(BENCH)
	$(PYTHON) benchmarks/classroom.py 500

docs: $(VENV)/dev  ## the documentation site, in site/; `make test` builds and checks it, too
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

stress: $(VENV)/dev chromium  ## what takes too long for every change: also beside the real cloud-volume
	$(PIP) cloud-volume
	CAVE_SETUP_STRESS=1 CAVE_SETUP_HYPOTHESIS=stress $(PYTHON) -m pytest tests/unit tests/integration tests/notebook/test_closing.py \
		tests/browser/test_leaks.py tests/browser/test_front_ends.py tests/browser/test_signing_in.py --timeout 900
	CAVE_SETUP_BINDER=install $(PYTHON) -m pytest tests/browser/test_binder.py --timeout 900

pictures: $(VENV)/dev chromium  ## the README's pictures, the moving one too, from the real thing
	CAVE_SETUP_PICTURES=docs/pictures $(PYTHON) -m pytest tests/browser/test_pictures.py tests/browser/test_moving_picture.py

clean:
	rm -rf $(VENV) $(LOWEST) build dist .coverage* .mypy_cache .pytest_cache .ruff_cache

# A virtual environment for each purpose's packages; made anew when the list of packages changes.
$(VENV)/bin/python:
	python3 -m venv $(VENV) || { $(APT) update && $(APT) install -y python3-venv && python3 -m venv --clear $(VENV); }

$(VENV)/demo: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable '.[demo]'
	touch $@

$(VENV)/dev: $(VENV)/bin/python pyproject.toml
	$(PIP) --editable '.[dev]'
	touch $@

# An installed Chromium or Chrome serves; else Debian's; else Playwright's own.
.PHONY: chromium
chromium: $(VENV)/dev
	@command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null \
	|| { command -v apt-get >/dev/null && $(APT) update -qq && $(APT) install -y -qq chromium >/dev/null; } \
	|| $(PYTHON) -m playwright install --with-deps chromium
