# Everything a person needs, by one word each. The work is done by scripts/, so that it can be read and run alone.

# Where `run` and `cluster` listen and keep their data: set them, and two can run side by side.
HTTP ?= 127.0.0.1:7080
SSH  ?= 127.0.0.1:7022
DATA ?= $(HOME)/.local/share/dormer
# Only the tests whose names contain this.
TEST ?=

export HTTP SSH DATA

.DEFAULT_GOAL := help
.PHONY: help run test test-local test-cluster cluster build bench check

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-14s %s\n' "$$name" "$$what"; done
	@printf '\nHTTP=%s SSH=%s DATA=%s may be set on every one; TEST=name picks tests.\n' '$(HTTP)' '$(SSH)' '$(DATA)'

run: ## install what is missing, build, and open the sample workspace; Ctrl-C stops everything
	@exec scripts/run.sh

test: ## every test: the code's own, then whole programs on this machine
	@scripts/test.sh all "$(TEST)"

test-local: ## whole programs on this machine: browser, SSH, git, editor
	@scripts/test.sh local "$(TEST)"

test-cluster: ## the same on a real Kubernetes: chart, pods, claims
	@scripts/test.sh cluster "$(TEST)"

cluster: ## the product on a real Kubernetes on this machine; Ctrl-C stops everything
	@exec scripts/cluster/run.sh

build: ## the binaries, in target/release/: dormer and a static dormer-agent
	@scripts/setup.sh build
	@scripts/build.sh release

bench: ## measurements beside nginx and sshd, as ratios of one run
	@bench/run

check: ## formatting, lints, documentation, licences and advisories
	@scripts/check.sh
