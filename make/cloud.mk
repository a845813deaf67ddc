# The cloud: template checks, build, the built functions on this machine, a whole deployment on the emulator.
# Part of the Makefile, which names the tools ($(BIN), $(TOOLS), $(SAM), …).

SAM_CLI    := $(TOOLS)/sam/bin/sam
RIC        := $(TOOLS)/awslambdaric
LINT_RULES := $(TOOLS)/cfn-lint-serverless

# SAM's own Python must not see the project's import roots; the layers' makefiles want uv.
SAM_ENV = env -u PYTHONPATH SAM_CLI_TELEMETRY=0 UV=$(abspath $(UV))

# Layers hold wheels for one Python: Lambda's in `make build` and every deployment, in `make invoke` the one that runs them here.
INVOKE_PYTHON ?= $(BIN)/python
# Names of events for `make invoke`: EVENTS="save_text load_artifact"
EVENTS ?=

CHECKS += lint-template

##@ Cloud
.PHONY: lint-template
lint-template: $(SAM) $(CHECKOV) $(LINT_RULES)/.stamp ## sam validate, cfn-lint with the serverless rules, checkov
	@$(SAM_ENV) $(SAM_CLI) validate --lint --region us-east-1
	PYTHONPATH=$(LINT_RULES) $(TOOLS)/sam/bin/cfn-lint --append-rules cfn_lint_serverless.rules --template template.yaml
	@env -u PYTHONPATH $(TOOLS)/checkov/bin/checkov --framework cloudformation --file template.yaml --skip-download --quiet --compact

.PHONY: build
build: $(SAM) ## sam build: functions and layers, ready for `sam deploy`
	@$(SAM_ENV) $(SAM_CLI) build

# $(call run-built,SCRIPT AND ARGUMENTS): builds for the Python that runs here, then runs a script on what was built.
define run-built
@python="$$(command -v $(INVOKE_PYTHON))"; \
version="$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"; \
echo "Building for Python $$version, which runs here (a deployment is built for Lambda's)…"; \
log="$$(mktemp)"; trap 'rm -f "$$log"' EXIT; \
$(SAM_ENV) LAYER_PYTHON="$$version" LAYER_INTERPRETER="$$(realpath -s "$$python")" \
  $(SAM_CLI) build --build-dir .aws-sam/invoke > "$$log" 2>&1 || { cat "$$log" >&2; exit 1; }; \
$(UV) pip install --quiet --require-hashes --requirements requirements/awslambdaric.txt \
  --python-version "$$version" --only-binary :all: --target "$(RIC)/$$version"; \
$(BIN)/python $(1) --build-dir .aws-sam/invoke --python "$$python" --ric "$(RIC)/$$version" \
  --rie $(TOOLS)/sam/lib/python*/site-packages/samcli/local/rapid/aws-lambda-rie-$(RIE_PROCESSOR)
endef

.PHONY: invoke
invoke: $(SETUP) $(EMULATOR) $(SAM) ## Run the built functions under Lambda's own runtime client (EVENTS="save_text …")
	$(call run-built,scripts/invoke.py $(EVENTS))

.PHONY: cold-start
cold-start: $(SETUP) $(EMULATOR) $(SAM) ## Measure cold starts of the built functions against bare boto3 calls
	$(call run-built,benchmarks/cold_start.py)

.PHONY: e2e
e2e: $(SETUP) $(EMULATOR) $(SAM) $(AWSCLI) ## Build, deploy, use, update and delete the stack on the emulator, over TLS, roles enforced
	@env -u PYTHONPATH $(BIN)/python -m pytest -m e2e tests/e2e $(ARGS)

RIE_PROCESSOR := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x86_64)

$(LINT_RULES)/.stamp: requirements/cfn-lint-serverless.txt | $(UV)
	@$(UV) pip install --quiet --no-deps --require-hashes --requirements $< --target $(LINT_RULES)
	@touch $@
