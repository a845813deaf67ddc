# Runs that take minutes: the API killed again and again, and soaked. Part of the Makefile.

KILLS   ?= 200
SECONDS ?= 600

##@ Endurance
.PHONY: kill
kill: $(SETUP) $(EMULATOR) ## kill -9 the API under load (KILLS=200), then count (about 15 minutes)
	@$(BIN)/python -m tests.endurance kill --kills $(KILLS)

.PHONY: kill-direct
kill-direct: $(SETUP) $(EMULATOR) ## kill -9 processes that save straight on S3 (KILLS=200, in each mode), then count
	@$(BIN)/python -m tests.endurance kill-direct --kills $(KILLS)

.PHONY: soak
soak: $(SETUP) $(EMULATOR) ## A hundred callers for ten minutes (SECONDS=600), with one restart
	@$(BIN)/python -m tests.endurance soak --seconds $(SECONDS)
