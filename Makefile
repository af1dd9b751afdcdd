# Everything a developer runs; `make` alone prints the list.
.DEFAULT_GOAL := help
.PHONY: help serve test check bench bench-contract growth scale walk docs constraints clean venv

PYTHON_IN_VENV := .venv/bin/python

##@ Run
serve: venv ## Serve http://127.0.0.1:8000 with demo data (PORT=8001, DATABASE_URL=postgresql://...)
	@exec $(PYTHON_IN_VENV) -m scripts.serve

##@ Prove
test: venv ## Run every test on SQLite and on a PostgreSQL of its own (ARGS="-k booking -x")
	@exec $(PYTHON_IN_VENV) -m scripts.test $(ARGS)

check: venv ## Lint and type-check the code, lint the contract, compile clients, compare the schema
	@exec $(PYTHON_IN_VENV) -m scripts.check

bench: ## Compare with FastAPI + SQLAlchemy and the bare machine on 200,000 units (ARGS="--quick")
	@scripts/venv.sh bench
	@exec $(PYTHON_IN_VENV) -m benchmarks.stacks $(ARGS)

bench-contract: venv ## Measure the cost of the contract's validation per request
	@exec $(PYTHON_IN_VENV) -m benchmarks.contract $(ARGS)

growth: ## Measure the same pages at 1,000, 100,000 and 1,000,000 units
	@scripts/venv.sh bench
	@exec $(PYTHON_IN_VENV) -m benchmarks.growth $(ARGS)

scale: ## Measure one, two and four processes behind nginx, beside a model of them (ARGS="--small")
	@scripts/venv.sh bench
	@exec $(PYTHON_IN_VENV) -m benchmarks.scale_out $(ARGS)

walk: venv ## Walk every screen of both portals on 100,000 bookings (ARGS="--bookings 1000 --rounds 1")
	@exec $(PYTHON_IN_VENV) -m benchmarks.portal_walk $(ARGS)

##@ Keep in order
docs: venv ## Write docs/quick-reference.md anew from the contract and the settings
	@exec $(PYTHON_IN_VENV) -m scripts.quick_reference

constraints: ## Renew constraints.txt with the newest versions that setup.cfg allows
	@exec scripts/constraints.sh

clean: ## Remove the environment, caches and var/ with the development database
	rm -rf .venv node_modules var .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} \
		/^##@ / {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv:
	@scripts/venv.sh
