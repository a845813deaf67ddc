# Measurements beside others' services. Part of the Makefile, which names the tools ($(BIN), $(TOOLS), …).

BENCH := $(TOOLS)/bench/.stamp
# COLD_START=1 measures cold starts first, which builds the functions.
COLD_START ?=

##@ Measure
.PHONY: cost
cost: $(SETUP) ## What a month costs (ARGS="--artifacts 1e6 --size 200KB --saves 1e5 --loads 1e6"; ARGS=--help)
	@$(BIN)/python scripts/cost.py $(ARGS)

.PHONY: bench
bench: $(SETUP) $(EMULATOR) $(BENCH) $(if $(COLD_START),cold-start) ## Compare with other artifact services, into docs/benchmarks (ARGS="--quick")
	@$(BIN)/python -m benchmarks.compare $(ARGS)

$(BENCH): requirements/bench.txt | $(UV)
	$(call tool_venv,bench,the services that are compared with (about 250 MB, once))
