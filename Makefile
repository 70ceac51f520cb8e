# make chat    set everything up on a fresh machine and open the chat
# make test    set everything up and run all tests
# `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
INDEX ?= .newsdesk/index
SIZES ?= 10000 100000
WORKERS ?= 2

.PHONY: help chat ask test check audit install eval bench-ingest bench-search torture lock screenshots clean

help: ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

chat: .venv/installed ## Set up, ingest the starter articles, serve the chat on 127.0.0.1
	@$(BIN)/rag ingest --starter --index $(INDEX)
	@$(BIN)/rag chat --index $(INDEX)

ask: .venv/installed ## make ask Q="Who supports Rapidus?"
	@$(BIN)/rag ingest --starter --index $(INDEX) >/dev/null
	@$(BIN)/rag ask --index $(INDEX) "$(Q)"

test: .venv/installed ## Set up and run all tests
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile

check: .venv/installed ## Style, types and architecture, as CI runs them
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml rag evals

audit: .venv/installed ## Known vulnerabilities of what is pinned (needs the network)
	$(BIN)/pip-audit --disable-pip --require-hashes --requirement requirements.lock

eval: .venv/installed ## Run the starter eval set and print its table
	@$(BIN)/rag ingest --starter --index $(INDEX)
	$(BIN)/rag eval run starter --index $(INDEX) --thresholds evals/thresholds.toml

bench-ingest: .venv/installed ## make bench-ingest DATA=DIR, with scifact and multihop-rag in DIR
	@test -n "$(DATA)" || { echo "Say where the data sets are: make bench-ingest DATA=DIR"; exit 1; }
	$(BIN)/python evals/bench_ingest.py "$(DATA)"

bench-search: .venv/installed ## make bench-search DATA=DIR [SIZES="10000 100000"] [PACKAGES=DIR]
	@test -n "$(DATA)" || { echo "Say where the data sets are: make bench-search DATA=DIR"; exit 1; }
	$(BIN)/python evals/bench_search.py "$(DATA)" --sizes $(SIZES) $(if $(PACKAGES),--packages "$(PACKAGES)")

torture: .venv/installed ## Everything at length, within an hour: make torture [DATA=DIR] [ONLY="one part"]
	$(BIN)/python evals/torture.py $(DATA) $(if $(ONLY),--only "$(ONLY)")

screenshots: .venv/installed ## Make the pictures in docs/images
	$(BIN)/python tests/screenshots.py

install: .venv/installed ## Make .venv with everything pinned, checked by hash

.venv/installed: requirements.lock requirements-uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12), (3, 13)))' \
	  || { echo "Newsdesk needs Python 3.11, 3.12 or 3.13; set PYTHON=python3.12, say"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@echo "Installing: some 7 GB, most of it PyTorch with its CUDA libraries"
	$(BIN)/uv pip install --python $(BIN)/python --quiet --require-hashes --no-deps --link-mode copy \
	  --compile-bytecode -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

lock: ## Pin everything anew (needs the package registry)
	$(BIN)/uv pip compile requirements-uv.in --universal --generate-hashes --no-annotate --no-header \
	  --no-emit-index-url --upgrade --quiet --output-file requirements-uv.lock
	$(BIN)/uv pip compile pyproject.toml --extra traces --group models --group dev --universal \
	  --generate-hashes --no-annotate --no-header --no-emit-index-url --upgrade --quiet --output-file requirements.lock

clean: ## Remove the environment and the caches, not the collection
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
