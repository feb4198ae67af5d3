# Everything a newcomer needs: `make demo` and `make test` on a machine with only Python ≥ 3.11.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.built
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
EXTRA_SECTION := ^\# The [a-z]* extra
SECONDS ?= 600
SOURCES := config parsers registry reports ingest tests

.PHONY: setup demo test test-ocr check lint fuzz torture bench lock debian clean

# With OCR=1 also what reads scanned pages.
setup: $(STAMP) $(if $(OCR),$(VENV)/.with-ocr) $(if $(FUZZ),$(VENV)/.with-fuzz)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; set PYTHON=…"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || tools/debian python3-venv
	$(PYTHON) -m venv --clear $(VENV)
	@sed '/$(EXTRA_SECTION)/,$$d' requirements.lock > $(VENV)/base.lock
	$(PIP) --require-hashes -r $(VENV)/base.lock
	$(PIP) --no-build-isolation --editable .
	@touch $(STAMP)

$(VENV)/.with-%: $(STAMP)
	@awk '/$(EXTRA_SECTION)/ { on = $$3 == "$*" } on' requirements.lock > $(VENV)/$*.lock
	$(PIP) --require-hashes -r $(VENV)/$*.lock
	@touch $@

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

# Scans read for real; in an environment of its own, since all other tests do without. Their file
# alone: where `parsers.pdf` has been imported, pdfium has no fonts left to draw the scans with.
test-ocr: debian
	$(MAKE) setup VENV=.venv-ocr OCR=1
	.venv-ocr/bin/pytest -m ocr tests/acceptance/test_scans.py

# Bytes and requests that nobody thought of; what is found stays in fuzz-findings.
fuzz: debian
	$(MAKE) setup VENV=.venv-fuzz FUZZ=1
	.venv-fuzz/bin/python -m tests.fuzz $(SECONDS)

# 1,000 kills at random moments; it prints its seed, and SEED=… draws the same.
torture: setup debian
	$(BIN)/python -m tests.acceptance.torture $(SEED)

bench: setup
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.measure a 2000 60
	$(BIN)/python -m tests.measure d 2000 60
	CORPUS=all INTAKE_SECOND_READERS=1 $(BIN)/pytest tests/test_corpus_mail.py tests/test_corpus_office.py

# Pin every dependency anew. Needs `uv`.
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-emit-find-links --python-version 3.11 --custom-compile-command 'make lock' pyproject.toml
# What an extra adds to the rest stands in a section of its own.
lock:
	$(COMPILE) --extra postgres --extra s3 --extra demo --extra dev -o requirements.lock
	cp requirements.lock requirements.base
	for extra in ocr fuzz; do \
		$(COMPILE) --extra $$extra --constraint requirements.base --no-annotate --no-header | \
			awk -v extra=$$extra 'NR == FNR { if (/^[a-z]/) pinned[$$1]; next } \
				FNR == 1 { print "# The " extra " extra: what it adds." } \
				/^[a-z]/ { own = !($$1 in pinned) } own' \
				requirements.base - >> requirements.lock || exit 1; \
	done
	rm requirements.base

clean:
	rm -rf $(VENV) .venv-ocr .venv-fuzz build dist *.egg-info
