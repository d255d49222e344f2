# Everything from a fresh clone: `make run` and `make test` install what is missing into .venv first.
# Needs Python 3.11 and make; g++ as well for more than one training rank. Java comes from a wheel where it is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install install-test run test test-cluster test-release check lint dist dist-env dags airflow bench bench-peer bench-replay bench-implicit \
  clean

PYTHON ?= $(shell command -v python3.11 || echo python3)
RANKS ?= 2#     training processes of `make run`; 1 needs no Horovod
USERS ?= 2000#  the generated shop of `make run`
ITEMS ?= 800
DAYS ?= 30
SEED ?= 7
FIRST_DAY ?= 2026-01-01
DAY ?= $(shell $(PYTHON) -c 'import datetime as d; print(d.date.fromisoformat("$(FIRST_DAY)") + d.timedelta($(DAYS) - 1))')
CONFIG ?= conf/shop.yaml
SHOW_USER ?=#   whose recommendations `make run` prints
NODE_PYTHON ?=# where cluster nodes keep Python 3.11, for `make dist-env`
# The longest first, so that both workers end together.
LONG_TESTS := $(wildcard tests/faults tests/e2e tests/integration tests/unit/models)
TESTS ?= $(LONG_TESTS) $(filter-out $(LONG_TESTS),$(patsubst %/,%,$(wildcard tests/unit/[a-z]*/) $(wildcard tests/unit/test_*.py)))
LONG_CLUSTER_TESTS := $(wildcard $(patsubst %,tests/cluster/test_%.py,airflow yarn backfilled_month airflow_on_yarn))
CLUSTER_TESTS ?= $(LONG_CLUSTER_TESTS) $(filter-out $(LONG_CLUSTER_TESTS),$(wildcard tests/cluster/test_*.py))
MARKED ?= not release
TEST_WORKERS ?= 2
PYTEST = $(BIN)/python -m pytest -c conf/pytest.ini --rootdir . -n $(TEST_WORKERS) --dist loadfile --no-loadscope-reorder -m '$(MARKED)'
PYTEST_ARGS ?=
SEEDS ?= 3#     trainings of each data set in `make bench`

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
LOCK := conf/requirements$(if $(GPU),-gpu).lock
SHOP := run/shop
# A user of the default shop; in another shop, or without that user, the first rows are shown.
SHOW = $(BIN)/interest show recommendations --config $(CONFIG) --day $(DAY)

# Spark keeps its scratch files below an ignored folder, not in the system's.
export SPARK_LOCAL_DIRS ?= $(CURDIR)/build/spark
export TF_CPP_MIN_LOG_LEVEL ?= 3

# A stamp carries a checksum of all that its installation depends on, and is written last: a changed lock, another
# Python, a moved folder or a killed installation has no stamp and is installed anew.
checksum = $(firstword $(shell { $(1); } 2>&1 | cksum))
BASE_STAMP := $(VENV)/.base-$(call checksum,cat $(LOCK); $(PYTHON) --version; pwd)
CLASSES_STAMP := $(VENV)/.classes-$(call checksum,cat $(LOCK); java -version || :)
PACKAGE_STAMP := $(VENV)/.package-$(call checksum,cat setup.py interest_spark/__init__.py)
HOROVOD_STAMP := $(VENV)/.horovod-$(call checksum,cat conf/requirements-horovod.lock; echo $(GPU))
TEST_STAMP := $(VENV)/.test-$(call checksum,cat conf/requirements-test.lock)
# Environments of their own, for what cannot live beside the jobs' libraries: lock file, what it is, and an import to try.
SIDES := airflow peer replay implicit
SIDE_LOCK = conf/requirements$(if $(filter-out airflow,$(1)),-bench)-$(1).lock
SIDE_STAMP = .venv-$(1)/.$(1)-$(call checksum,cat $(SIDE_LOCK); $(PYTHON) --version; pwd)
airflow_IS := Airflow and its Spark provider (about a minute)
airflow_IMPORT := airflow.providers.apache.spark.operators.spark_submit
peer_IS := RecTools and PyTorch to compare with
peer_IMPORT := rectools.models.nn.transformers.sasrec
replay_IS := RePlay and PyTorch to compare with
replay_IMPORT := replay.data.nn
implicit_IS := implicit to compare with
implicit_IMPORT := implicit.als
BENCH = $(BIN)/python -m tests.bench.bench
SHOP_STAMP := run/.shop-$(USERS)-$(ITEMS)-$(DAYS)-$(SEED)-$(FIRST_DAY)

# Horovod is built from source, which takes a C++ compiler; one rank trains without it.
CAN_HOROVOD := $(or $(wildcard $(HOROVOD_STAMP)),$(shell command -v g++))
WITH_HOROVOD := $(if $(filter-out 1,$(RANKS)),$(CAN_HOROVOD))
TRAIN_RANKS := $(if $(WITH_HOROVOD),$(RANKS),1)
HOROVOD_FLAGS := HOROVOD_WITH_TENSORFLOW=1 HOROVOD_WITHOUT_PYTORCH=1 HOROVOD_WITHOUT_MXNET=1 \
	HOROVOD_WITH_GLOO=1 HOROVOD_WITHOUT_MPI=1 $(if $(GPU),HOROVOD_GPU_OPERATIONS=NCCL)

# $(call quietly,what,commands): a dot every five seconds, the time taken, and the end of the output on failure.
define quietly
@printf "%s " "$(1)"; log=$$(mktemp); ticks=0; set +e; ( set -e; $(2) ) >"$$log" 2>&1 & pid=$$!; \
trap 'kill $$pid 2>/dev/null; rm -f "$$log"; exit 130' INT TERM; \
while kill -0 $$pid 2>/dev/null; do sleep 0.25; (( ++ticks % 20 )) || printf '.'; done; \
wait $$pid; status=$$?; \
if [ $$status = 0 ]; then echo " $${SECONDS} s"; else echo " failed:"; tail -n 40 "$$log" >&2; fi; \
rm -f "$$log"; exit $$status
endef

help: ## this list
	@echo "make TARGET [VARIABLE=value]…"
	@sed -n 's/^\([a-z-]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo "Variables: RANKS=$(RANKS) USERS=$(USERS) ITEMS=$(ITEMS) DAYS=$(DAYS) SEED=$(SEED) DAY=$(DAY) CONFIG=$(CONFIG) GPU= PYTHON=$(PYTHON)"

install: $(PACKAGE_STAMP) $(CLASSES_STAMP) $(if $(WITH_HOROVOD),$(HOROVOD_STAMP)) ## set up .venv: everything that the jobs need
ifeq ($(RANKS),1)
	@echo "RANKS=1: training runs in one process, without Horovod."
else ifneq ($(CAN_HOROVOD),)
	@echo "$(VENV) is ready."
else
	@echo "g++ is missing, so Horovod cannot be built: everything works but training on more than one rank." >&2
	@echo "For RANKS=$(RANKS) install g++ (Debian, Ubuntu: apt-get install g++) and run make again. Going on with one rank." >&2
endif

install-test: install $(TEST_STAMP)

$(BASE_STAMP):
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "$(PYTHON) is not a Python 3.11 that has venv; install it (Debian, Ubuntu: python3.11 python3.11-venv)" \
	       "or name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	$(call quietly,[1/5] $(VENV) with $(PYTHON),\
	  $(PYTHON) -m venv --clear $(VENV); $(PIP) install -c $(LOCK) setuptools wheel)
	$(call quietly,[2/5] libraries of $(LOCK) (about 700 MB to fetch),\
	  $(PIP) install --no-deps --no-build-isolation -r $(LOCK))
	@touch $@

$(PACKAGE_STAMP): $(BASE_STAMP)
	$(call quietly,[3/5] interest_spark itself,\
	  $(PIP) install --no-deps --no-build-isolation -e .; $(PIP) check)
	@touch $@

$(CLASSES_STAMP): | $(PACKAGE_STAMP)
	$(call quietly,[4/5] Spark's classes parsed once for all its starts,$(BIN)/python -m interest_spark.platform.class_archive)
	@touch $@

# The wheel cache is passed over: a Horovod built against another TensorFlow would be taken from it.
$(HOROVOD_STAMP): $(BASE_STAMP)
	$(call quietly,[5/5] Horovod from source (about three minutes),\
	  $(PIP) install --force-reinstall --no-deps $$(grep -v -e '^#' -e '^horovod=' conf/requirements-horovod.lock);\
	  env -u MAKEFLAGS -u MAKELEVEL PATH="$(CURDIR)/$(BIN):$$PATH" $(HOROVOD_FLAGS) $(PIP) install --no-cache-dir\
	    --force-reinstall --no-deps --no-build-isolation $$(grep '^horovod=' conf/requirements-horovod.lock);\
	  $(BIN)/python -c 'import horovod.tensorflow as hvd; assert hvd.gloo_built()'; $(PIP) check)
	@touch $@

$(TEST_STAMP): $(BASE_STAMP)
	$(call quietly,test tools of conf/requirements-test.lock,\
	  $(PIP) install --force-reinstall --no-deps -r conf/requirements-test.lock; $(PIP) check)
	@touch $@

# With dependencies, unlike the others: where PyTorch comes with CUDA, its libraries, which are not pinned, come along.
define side_environment
$(SIDE_STAMP):
	$$(call quietly,.venv-$(1): $($(1)_IS),\
	  $(PYTHON) -m venv --clear .venv-$(1);\
	  .venv-$(1)/bin/python -m pip --disable-pip-version-check --no-input install -r $(SIDE_LOCK);\
	  .venv-$(1)/bin/python -c 'import $($(1)_IMPORT)')
	@touch $$@
endef
$(foreach side,$(SIDES),$(eval $(call side_environment,$(side))))

$(SHOP_STAMP): | install
	rm -rf $(SHOP) run/.shop-*
	$(BIN)/interest synth --users $(USERS) --items $(ITEMS) --days $(DAYS) --seed $(SEED) \
	  --first-day $(FIRST_DAY) --out $(SHOP)
	@touch $@

run: install $(SHOP_STAMP) ## the whole daily run on a generated shop, one user's recommendations, and the day's report
	$(BIN)/interest daily --config $(CONFIG) --day $(DAY) --set train.ranks=$(TRAIN_RANKS)
	$(if $(SHOW_USER),$(SHOW) --user '$(SHOW_USER)',$(SHOW) --user u0000009 2>/dev/null || $(SHOW))
	$(BIN)/interest report --config $(CONFIG) --day $(DAY)

test: lint ## all linters, and all tests but those for a release
	$(PYTEST) $(TESTS) $(PYTEST_ARGS)

# Real HDFS, YARN and S3 on loopback: fetches Hadoop's jars and builds the S3 server once, into build/. Where Airflow
# cannot be installed, its tests are skipped.
test-cluster: install-test ## tests on real clusters and stores; what cannot be had here is skipped, with the reason
	-@$(MAKE) --no-print-directory airflow
	$(PYTEST) $(CLUSTER_TESTS) $(PYTEST_ARGS)

# Marked `release` is what takes minutes where a shorter test of the same code runs every time: whole nights by Airflow, a
# month backfilled, dozens of kills.
test-release: ## every test there is, on this machine and on clusters: hours
	@$(MAKE) --no-print-directory test test-cluster MARKED='release or not release'

# Linters and tests side by side; the tests share what is left of the 90 seconds. Slow ones are for `make test`.
check: install-test ## linters, and the unit tests of what differs from main, within 90 seconds
	@$(BIN)/ruff check --config conf/ruff.toml . && $(BIN)/ruff format --check --quiet --config conf/ruff.toml .
	@{ $(BIN)/mypy --config-file conf/mypy.ini && $(BIN)/lint-imports --config conf/importlinter.ini; } & lint=$$!; \
	tests=$$($(BIN)/python -m tests.changed_tests); status=0; \
	[ -z "$$tests" ] || $(BIN)/python -m pytest -c conf/pytest.ini --rootdir . -q -m 'not slow and not release' --session-timeout 80 \
	  $$tests || [ $$? = 5 ] || status=1; \
	wait $$lint || status=1; exit $$status

lint: install-test ## ruff, mypy and the layer rules
	$(BIN)/ruff check --config conf/ruff.toml .
	$(BIN)/ruff format --check --config conf/ruff.toml .
	$(BIN)/mypy --config-file conf/mypy.ini
	$(BIN)/lint-imports --config conf/importlinter.ini

dist: $(PACKAGE_STAMP) ## what spark-submit needs on nodes without the source tree, into dist/
	$(BIN)/python -m interest_spark.platform.distribution code dist

dist-env: install ## also the packed environment dist/env.tar.gz, for --archives dist/env.tar.gz#env
	$(BIN)/python -m interest_spark.platform.distribution environment dist $(if $(NODE_PYTHON),--node-python $(NODE_PYTHON))

dags: install ## what the Airflow DAGs know of the jobs, anew from the declared steps
	$(BIN)/python -m interest_spark.steps.declared > jobs/dags/interest_airflow/declared.json

airflow: $(call SIDE_STAMP,airflow) ## set up .venv-airflow: Airflow with its Spark provider, to try the DAGs with

bench-peer: $(call SIDE_STAMP,peer) ## set up .venv-peer: RecTools on PyTorch, for `make bench` alone

bench-replay: $(call SIDE_STAMP,replay) ## set up .venv-replay: RePlay, for tests.bench.bench_sequences alone

bench-implicit: $(call SIDE_STAMP,implicit) ## set up .venv-implicit: implicit, for tests.bench.bench_collaborative alone

bench: install bench-peer ## accuracy, speed, scaling and memory of training into build/bench.md; takes hours
	mkdir -p build/bench
	for data in ml-1m beauty; do \
	  $(BENCH)_throughput --data $$data --rows build/bench/rows.jsonl > build/bench/throughput-$$data.json; \
	  $(BENCH)_scaling --data $$data > build/bench/scaling-$$data.json; \
	done
	$(BENCH)_memory > build/bench/memory.json
	$(BENCH)_commits > build/bench/commits.json
	$(BENCH)_sequences > build/bench/sequences.json
	for log in json csv small next days; do $(BENCH)_ingest --log $$log > build/bench/ingest-$$log.json; done
	$(BENCH)_warm_start --rows build/bench/rows.jsonl > build/bench/warm_start.json
	for data in ml-1m beauty; do \
	  $(BENCH)_accuracy --data $$data --seeds $(SEEDS) --rows build/bench/rows.jsonl > build/bench/accuracy-$$data.json; \
	done
	$(BIN)/python -m tests.bench.table build/bench/*.json | tee build/bench.md

clean: ## remove the environment, the generated shop, its warehouse and everything built
	rm -rf $(VENV) $(SIDES:%=.venv-%) run build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
