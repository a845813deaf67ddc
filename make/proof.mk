# Second opinions: the storage contracts on servers that other people wrote. Part of the Makefile.

SEAWEEDFS := $(TOOLS)/seaweedfs/.stamp
DYNAMODB_LOCAL := $(TOOLS)/dynamodb-local/.stamp

# AWS's own jar comes to package registries inside this one; the digest is of its tarball.
DYNAMODB_LOCAL_PACKAGE := amplify-dynamodb-simulator@2.9.30
DYNAMODB_LOCAL_SHA512  := c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c5280439836665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1

##@ Prove
.PHONY: second-opinion
second-opinion: $(SETUP) $(SEAWEEDFS) $(DYNAMODB_LOCAL) ## The storage contracts and races on SeaweedFS and DynamoDB Local
	@$(BIN)/python -m tests.second_opinion

$(SEAWEEDFS): requirements/seaweedfs.txt | $(UV)
	$(call tool_venv,seaweedfs,SeaweedFS (about 150 MB, once))

# Never part of this repository or of anything that is built from it: it has a licence of its own.
$(DYNAMODB_LOCAL): make/proof.mk
	@for program in npm java unshare; do command -v $$program > /dev/null \
	  || { echo "The second opinion needs $$program (from node, Java 17 and util-linux)." >&2; exit 1; }; done
	@echo "Installing DynamoDB Local (about 65 MB, once)…"
	@echo "It is AWS's, for who has an AWS account in good standing: $(@D)/emulator/LICENSE.txt"
	@rm -rf $(@D) && mkdir -p $(@D)
	@npm pack --silent --pack-destination $(@D) $(DYNAMODB_LOCAL_PACKAGE) > /dev/null
	@echo "$(DYNAMODB_LOCAL_SHA512)  $(@D)/$(subst @,-,$(DYNAMODB_LOCAL_PACKAGE)).tgz" | sha512sum --check --quiet
	@tar --extract --gzip --file $(@D)/*.tgz --directory $(@D) --strip-components 1 package/emulator
	@rm $(@D)/*.tgz
	@touch $@
