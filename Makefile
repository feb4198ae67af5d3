# Everything a newcomer needs: `make demo` and `make test` on a machine with only Python ≥ 3.11.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.built
SECONDS ?= 600
SOURCES := config parsers registry reports ingest tests

.PHONY: setup demo test check lint bench lock debian clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/debian python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

demo: setup
	$(BIN)/intake demo $(if $(ONCE),--once)

# Debian packages that the tests need; fails when they cannot be installed.
debian:
	tools/debian dovecot-imapd chromium fonts-noto-cjk openssl libarchive13 unar

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: setup debian lint
	$(BIN)/pytest -n auto --dist loadgroup

bench: setup
	$(BIN)/python -m tests.bench

# Pin every dependency anew. Needs `uv`.
lock:
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --extra postgres --extra s3 --extra demo --extra dev \
		--custom-compile-command 'make lock' pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
