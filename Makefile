# `make` lists what can be made. Everything works from a fresh clone on Debian 12 as root; elsewhere see README.md.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.NOTPARALLEL:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLUSTER := $(PYTHON) -m cluster
# Which tests, and more words for pytest: make test TESTS=tests/e2e/test_serving.py ARGS="-k pinned"
TESTS ?= tests
ARGS ?=
# Tests without a cluster: a file in one process, as many at once as there are processors.
UNIT := $(BIN)/pytest tests/unit --numprocesses auto --maxprocesses 4 --dist loadfile
# What manifests/deploy.sh installs: a folder below manifests/.
OVERLAY ?= overlays/local

export PYTHONPATH := operator
export MOORING_STARTED := $(shell date +%s)

# The images' names (operator=…, runtime=… and so on), as the environment variables by which the tests know them.
define export_images
images="$$($(CLUSTER) images)"
export MOORING_OPERATOR_IMAGE="$$(sed -n 's/^operator=//p' <<<"$$images")"
export MOORING_RUNTIME_IMAGE="$$(sed -n 's/^runtime=//p' <<<"$$images")"
export MOORING_SERVING_IMAGE="$$(sed -n 's/^serving=//p' <<<"$$images")"
export MOORING_ENVOY_IMAGE="$$(sed -n 's/^envoy=//p' <<<"$$images")"
export KUBECONFIG="$$($(CLUSTER) kubeconfig)"
endef
# $(call took,what): how long the step took, in the form of the cluster tool's own lines.
took = printf '[%6s.0s] %s: %s s\n' "$$(($$(date +%s) - MOORING_STARTED))" "$(1)" "$$SECONDS" >&2

.PHONY: help
help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: linux curl stage deploy  ## real data, through a real Kubernetes, to answered predictions
	@$(BIN)/python -m demo

.PHONY: stage
stage:
	@printf '\n── The stage: a Kubernetes, two images, the operator (times of single steps count from their own begin) ──────────────\n'

# Tests on the cluster mostly wait for it: those without one have the processors meanwhile.
.PHONY: test
test: venv lint cluster images  ## everything, on the real cluster: lint, then all tests
	@$(export_images)
	$(if $(ARGS)$(filter-out tests,$(TESTS)),exec $(BIN)/pytest $(TESTS) $(ARGS))
	mkdir -p build
	echo 'tests without a cluster run beside the others, into build/unit.log' >&2
	nice $(UNIT) >build/unit.log 2>&1 & unit=$$!
	trap 'kill $$unit 2>/dev/null || true' EXIT
	failed=0
	$(BIN)/pytest --ignore tests/unit || failed=1
	wait $$unit || failed=1
	trap - EXIT
	cat build/unit.log
	exit $$failed

.PHONY: gateway
gateway: venv cluster  ## test routes on a real Gateway API controller (built from Go modules: minutes the first time)
	@$(CLUSTER) gateway
	export KUBECONFIG="$$($(CLUSTER) kubeconfig)"
	$(BIN)/pytest tests/gateway $(ARGS)

.PHONY: unit
unit: venv  ## the tests that need no cluster, in seconds
	@$(UNIT) $(ARGS)

.PHONY: lint
lint: venv  ## style, types, and who may import whom
	@SECONDS=0
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet . || { echo 'run: $(BIN)/ruff format .' >&2; exit 1; }
	$(BIN)/mypy --no-error-summary
	imports="$$($(BIN)/lint-imports 2>&1)" || { echo "$$imports"; exit 1; }
	$(call took,lint)

.PHONY: bench
bench: deploy  ## measure the loop on the running cluster; prints a table (ARGS="--fill README.md")
	@$(export_images)
	$(BIN)/python -m bench.loop $(ARGS)

.PHONY: fuzz
fuzz: venv  ## bad requests to the serving process at length: schemathesis, then a million of all kinds (minutes)
	@$(BIN)/python -m bench.fuzz
	$(BIN)/python -m bench.badrequests $(ARGS)

.PHONY: cluster
cluster: linux  ## bring up the local Kubernetes (20 s; minutes the first time), or check your own
	@$(CLUSTER) up

.PHONY: images
images: cluster  ## build the four images (operator, runtime, serving, envoy), and put them into the cluster
	@$(CLUSTER) images >/dev/null

.PHONY: deploy
deploy: venv images  ## install Mooring: CRDs, rights, policies, the operator
	@SECONDS=0
	$(export_images)
	export KUBECTL="$$($(BIN)/python -c 'from demo.kubectl import program; print(program())')"
	said="$$(manifests/deploy.sh "$$MOORING_OPERATOR_IMAGE" "$$MOORING_RUNTIME_IMAGE" "$$MOORING_SERVING_IMAGE" \
		"$$MOORING_ENVOY_IMAGE" $(OVERLAY) 2>&1)" || {
		echo "$$said"; echo "error: Mooring was not installed; see: kubectl -n mooring-system describe pods"; exit 1; } >&2
	$(call took,installed Mooring ($$(grep -c applied <<<"$$said") objects))

.PHONY: crds
crds: venv  ## write crds/ anew from the models in operator/mooring/api
	@$(BIN)/python -m mooring.api.crd crds

.PHONY: docs
docs: crds  ## write the tables of fields in docs/ anew
	@for page in $$(grep -l '<!-- fields: ' docs/*.md); do
		$(BIN)/python -m mooring.api.crd --docs "$$page" crds && echo "filled in $$page"
	done

# The key says what the environment was made from, and is written last: one that is broken or outdated is made anew.
.PHONY: venv
venv:  ## make .venv from requirements/dev.txt, where it is missing, broken or outdated
	@SECONDS=0
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
		echo 'error: Mooring needs Python 3.11 or newer, and `$(PYTHON)` is not: make PYTHON=python3.13 …' >&2; exit 1; }
	version="$$($(PYTHON) -c 'import sys; print(*sys.version_info[:2], sep=".")')"
	key="$$(sha256sum <requirements/dev.txt | cut -c1-16) python$$version $(CURDIR)"
	made="$$(cat $(VENV)/made-from 2>/dev/null || true)"
	programs() {
		for program in mooring:main kubectl-mooring:kubectl; do
			printf '#!%s\nimport sys\nfrom mooring.cli.%s import main\nsys.exit(main())\n' \
				"$(CURDIR)/$(BIN)/python" "$${program#*:}" >"$(BIN)/$${program%:*}"
			chmod +x "$(BIN)/$${program%:*}"
		done
	}
	if [ "$$made" = "$$key" ] && [ ! -x $(BIN)/kubectl-mooring ]; then programs; fi
	if [ "$$made" = "$$key" ] && $(BIN)/python -c 'import pytest' 2>/dev/null; then exit 0; fi
	$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || {
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
			echo 'error: Python cannot make environments here: install your system'"'"'s python3-venv' >&2; exit 1; }
		echo 'installing python3-venv with apt' >&2
		apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
			python3-venv >/dev/null; }
	[ "$$(uname -s)" != Linux ] || PATH="$$PATH:/sbin" ldconfig -p | grep -q 'libgomp.so.1 ' || {  # the tests' LightGBM needs it, and its wheel has none
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
			echo "error: the tests need GNU's libgomp: install your system's libgomp1" >&2; exit 1; }
		echo 'installing libgomp1 with apt' >&2
		apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
			libgomp1 >/dev/null; }
	echo 'making $(VENV) from requirements/dev.txt (two minutes, most of it downloads) …' >&2
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	echo "$(CURDIR)/operator" >"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/mooring.pth"
	programs
	echo "$$key" >$(VENV)/made-from
	$(call took,made $(VENV))

# As little as possible is pinned for the images; the tests' set then follows them.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate
.PHONY: lock
lock: venv  ## write requirements/ anew from pyproject.toml (newest versions that it allows: make lock ARGS=--upgrade)
	@SECONDS=0
	$(LOCK) pyproject.toml --extra operator -o requirements/operator.txt $(ARGS)
	$(LOCK) pyproject.toml --extra training --extra serving --extra cli -o requirements/runtime.txt -c requirements/operator.txt $(ARGS)
	$(LOCK) pyproject.toml --extra serving -o requirements/serving.txt -c requirements/runtime.txt $(ARGS)
	$(LOCK) --group envoy -o requirements/envoy.txt $(ARGS)
	$(LOCK) pyproject.toml --all-extras -o requirements/dev.txt -c requirements/operator.txt -c requirements/runtime.txt $(ARGS)
	$(call took,locked)

.PHONY: linux
linux:
	@[ "$${MOORING_CLUSTER:-}" = existing ] || [ "$$(uname -s)" = Linux ] || {
		echo 'error: the local cluster needs Linux (Debian 12 is tried). With a cluster of your own: MOORING_CLUSTER=existing' >&2
		exit 1; }
	[ "$${MOORING_CLUSTER:-}" = existing ] || [ "$$(id -u)" = 0 ] || {
		echo 'error: the local cluster needs root (network links, mounts, cgroups): sudo make …, or MOORING_CLUSTER=existing' >&2
		exit 1; }

.PHONY: curl
curl:
	@command -v curl >/dev/null || {
		[ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null || {
			echo 'error: the demonstration asks by curl, which is not installed' >&2; exit 1; }
		echo 'installing curl with apt' >&2
		apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
			curl >/dev/null; }

.PHONY: clean
clean:  ## stop the cluster and everything that was started in it; caches stay
	@$(CLUSTER) down
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: distclean
distclean: clean  ## clean, and delete .venv; says where the caches are
	@rm -rf $(VENV)
	echo "what was downloaded and built is kept in $${MOORING_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/mooring} and in Go's and pip's caches;"
	echo 'delete them too if you want the disk space back: the next start then takes minutes'
