# Two commands on a fresh machine with Python 3.11 or newer and make:
#   make demo    a simulated market, three models, a comparison, a report, recommendations
#   make test    formatting, lint, types, tests
#   make serve   the demo over HTTP, with its page;  make test-e2e   the page in a real Chromium
#
# A CPU machine never gets a CUDA build: on Linux the CPU build of torch is asked for by name. Where pip's own sources
# do not carry it, give the address that the selector on pytorch.org prints for "CPU":  make demo TORCH_INDEX=ADDRESS
# On a machine with a GPU:  make demo TORCH=torch==2.13.0

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH ?= torch==2.13.0$(if $(filter Linux,$(shell uname -s)),+cpu)
TORCH_INDEX ?=
RUN := .venv/bin
ifneq ($(wildcard ../shared/data),)
export FORETASTE_DATA ?= $(abspath ../shared/data)
endif

.PHONY: demo serve test test-e2e lint types fuzz clean bench-train bench-eval bench-import bench-serve \
	bench-serve-faults bench-encode bench-int8 bench-cold-start bench-kill bench-lightgcn bench-towers bench-intention reproduce-table \
	reproduce-longtail reproduce-pad reproduce-alpharec

.venv/ready: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Foretaste needs Python 3.11 or newer; none was found"; exit 1; }
	$(PYTHON) -m venv .venv
	@$(RUN)/python -m pip install -q --disable-pip-version-check $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) "$(TORCH)" \
		|| { echo "No CPU build of torch was found. Run: make $(MAKECMDGOALS) TORCH_INDEX=<the address pytorch.org prints for CPU>"; exit 1; }
	$(RUN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: .venv/ready
	bash examples/demo.sh

serve: .venv/ready
	@test -d runs/demo/sasrec/model || { echo "There is nothing to serve yet. Run: make demo"; exit 1; }
	bash examples/serve.sh

test: .venv/ready lint types
	OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 $(RUN)/python -m pytest -rs -n 2 --dist loadfile

test-e2e: .venv/ready
	$(RUN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev,e2e]'
	$(RUN)/python -m pytest -ra tests/e2e -o python_files='e2e_*.py'

lint: .venv/ready
	$(RUN)/ruff format --check .
	$(RUN)/ruff check .

types: .venv/ready
	$(RUN)/mypy

fuzz: .venv/ready
	$(RUN)/python benchmarks/fuzz_serve.py

bench-train: .venv/ready
	$(RUN)/python benchmarks/bench_train.py

bench-eval: .venv/ready
	$(RUN)/python benchmarks/bench_eval.py

bench-import: .venv/ready
	$(RUN)/python benchmarks/bench_import.py

bench-serve: .venv/ready
	$(RUN)/python benchmarks/bench_serve.py

bench-serve-faults: .venv/ready
	$(RUN)/python benchmarks/bench_serve_faults.py

bench-encode: .venv/ready
	$(RUN)/python benchmarks/bench_encode.py

bench-int8: .venv/ready
	$(RUN)/python benchmarks/int8_cost.py

bench-cold-start: .venv/ready
	$(RUN)/python benchmarks/cold_start.py --data amazon_scientific

bench-kill: .venv/ready
	$(RUN)/python benchmarks/kill_stages.py

bench-lightgcn: .venv/ready
	$(RUN)/python benchmarks/bench_lightgcn.py

bench-towers: .venv/ready
	$(RUN)/python benchmarks/bench_towers.py

bench-intention: .venv/ready
	$(RUN)/python benchmarks/intention.py

reproduce-table: .venv/ready
	$(RUN)/python benchmarks/reproduce_table.py

reproduce-longtail: .venv/ready
	$(RUN)/python benchmarks/reproduce_longtail.py

reproduce-pad: .venv/ready
	$(RUN)/python benchmarks/reproduce_pad.py

reproduce-alpharec: .venv/ready
	$(RUN)/python benchmarks/reproduce_alpharec.py

clean:
	rm -rf .venv .venvs runs data dist
