# Measurements beside others' services. Included by the Makefile, which names the tools ($(BIN), $(TOOLS), …).

BENCH := $(TOOLS)/bench/.stamp

##@ Measure
.PHONY: bench
bench: $(SETUP) $(EMULATOR) $(BENCH) ## Compare with other artifact services, into docs/benchmarks (ARGS="--quick", …)
	$(BIN)/python -m benchmarks.compare $(ARGS)

$(BENCH): requirements/bench.txt | $(UV)
	$(call tool_venv,bench,the services that are compared with (about 330 MB, once))
