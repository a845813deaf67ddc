# A release: what is built, what is checked before, where it goes. Part of the Makefile, which names the tools.
# How a release is made: docs/releasing.md.

CHECKS += workflows

ZIZMOR := $(TOOLS)/workflows/.stamp
DIST   := dist
# What changes are compared with: the latest release.
SINCE  ?= $(shell git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null)
# The bucket that `sam package` puts the functions and layers into.
PACKAGE_BUCKET ?=

##@ Release
.PHONY: workflows
workflows: $(ZIZMOR) ## zizmor: the GitHub workflows are pinned, ask for few permissions and take no text for code
	@$(TOOLS)/workflows/bin/zizmor --offline --quiet --no-progress --persona pedantic .github/workflows

.PHONY: api-changes
api-changes: $(SETUP) ## No breaking change of the Python or the HTTP API without a version that says so (SINCE=v1.2.3)
	@$(BIN)/python -m scripts.release changes --since "$(SINCE)"

.PHONY: package
package: $(SETUP) ## Wheel and sdist of the client into dist/
	@rm -rf $(DIST)
	@cd client && ../$(BIN)/python -m hatchling build -t wheel -t sdist -d ../$(DIST)
	@ls -l $(DIST)

.PHONY: release-check
release-check: $(SETUP) ## The version is the tag's (TAG=v1.2.3), everywhere, and the changelog has it
	@$(BIN)/python -m scripts.release check $(if $(TAG),--tag "$(TAG)")

.PHONY: release-notes
release-notes: $(SETUP) ## The version's part of the changelog
	@$(BIN)/python -m scripts.release notes

.PHONY: publish
publish: $(SETUP) ## What `make package` made, to PyPI by trusted publishing (inside a workflow)
	@$(UV) publish --trusted-publishing always $(DIST)/*

.PHONY: release-page
release-page: $(SETUP) ## The release on GitHub, with notes and packages (TAG=v1.2.3, gh signed in)
	@gh release create "$(TAG)" --verify-tag --title "$(TAG)" --notes "$$($(MAKE) --silent release-notes)" $(DIST)/*

.PHONY: package-stack
package-stack: $(SAM) build ## The built stack into PACKAGE_BUCKET and .aws-sam/packaged.yaml (AWS credentials)
	@test -n "$(PACKAGE_BUCKET)" || { echo "Which bucket? make $@ PACKAGE_BUCKET=my-packages" >&2; exit 1; }
	@$(SAM_ENV) $(SAM_CLI) package --s3-bucket "$(PACKAGE_BUCKET)" --output-template-file .aws-sam/packaged.yaml

.PHONY: publish-stack
publish-stack: package-stack ## The packaged stack to the Serverless Application Repository (AWS credentials)
	@$(SAM_ENV) $(SAM_CLI) publish --template .aws-sam/packaged.yaml

$(ZIZMOR): requirements/workflows.txt | $(UV)
	$(call tool_venv,workflows,the linter of workflows (about 20 MB, once))
