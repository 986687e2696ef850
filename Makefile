PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
VENV := .venv/bin/python
PINS := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help run demo stop test chromium torture bench documents screenshots schema client check fix pins \
	runtime development

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: runtime ## Set everything up and serve the product (PORT=8000); Ctrl-C stops it
	@$(VENV) -m citizenapp.local up

demo: runtime ## Queue real documents with the running product, and show what came of them
	@$(VENV) manage.py demo

stop: runtime ## End what `make run` runs, or what a killed one left behind
	@$(VENV) -m citizenapp.local stop

# The product is started dozens of times: each reads what the first has compiled, whatever is set.
test: export PYTHONDONTWRITEBYTECODE =
test: check chromium ## Check, then run all tests against the real parts (ARGS="-k name")
	@# All of it in two processes; a part of it in one, where -s and --pdb work as well.
	@$(VENV) -m pytest $(or $(ARGS),-n 2)

chromium:
	@scripts/chromium

torture: development ## Crash it N=1000 times, MINUTES=60 at most, and write docs/reliability.md
	@$(VENV) -m tests.faults --report docs/reliability.md \
		--deaths $(or $(N),1000) --minutes $(or $(MINUTES),60) $(ARGS)
	@TORTURE=1 $(VENV) -m pytest tests/faults tests/processes tests/benchmarks \
		tests/tenants/test_wall.py

bench: development ## Measure, and write docs/benchmarks.md (N=10000 documents)
	@$(VENV) -m tests.benchmarks $(or $(N),10000) --write docs/benchmarks.md

documents: development ## Read the corpus of files, and write docs/documents.md
	@$(VENV) -m tests.documents --write docs/documents.md

screenshots: development chromium ## Write pictures of every page into docs/pictures/ (ARGS="jobs usage")
	@$(VENV) -m tests.pictures $(ARGS)

schema: development ## Write docs/openapi.yaml, and what the Python client has from it
	@$(VENV) manage.py spectacular --file docs/openapi.yaml
	@$(VENV) clients/python/generate.py

client: development ## Build the Python client and its command line: clients/python/dist/*.whl
	@cd clients/python && $(CURDIR)/$(VENV) -m flit_core.wheel --outdir dist

check: development ## Lint, types, layers, settings, migrations: what "clean" means
	@$(VENV) -m ruff check
	@$(VENV) -m ruff format --check
	@$(VENV) -m mypy
	@.venv/bin/lint-imports
	@$(VENV) manage.py check --fail-level WARNING
	@# It needs no database, and would warn that it did not find one.
	@$(VENV) -W ignore::RuntimeWarning:django.core.management.commands.makemigrations \
		manage.py makemigrations --check --dry-run

fix: development ## Repair what ruff can repair
	@$(VENV) -m ruff check --fix
	@$(VENV) -m ruff format

pins: ## Pin the newest versions of everything, with hashes (needs uv)
	@$(PINS) --upgrade requirements.in -o requirements.txt
	@$(PINS) --upgrade requirements-dev.in -c requirements.txt -o requirements-dev.txt

runtime development:
	@test -n "$(PYTHON)" || { echo "CitizenApp needs Python 3.11 or newer, and found none." \
		"Install one, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) scripts/venv.py requirements$(if $(filter development,$@),-dev).txt
