# The documentation site. Part of the Makefile, which names the tools.

CHECKS += site

SITE := .site

##@ Docs
.PHONY: site
site: $(SETUP) ## Build the documentation into .site; a broken link or name fails (open .site/index.html)
	@$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -c docs/site -d $(SITE)/.doctrees . $(SITE)
