# The API's OpenAPI file: made from the functions' own routes and types. Part of the Makefile.

CHECKS += check-openapi

##@ HTTP contract
.PHONY: openapi
openapi: $(SETUP) ## Write docs/openapi.json
	@mkdir -p docs
	$(BIN)/python -m artifact_api.openapi

.PHONY: check-openapi
check-openapi: $(SETUP) ## Is docs/openapi.json what the code says?
	$(BIN)/python -m artifact_api.openapi --check
