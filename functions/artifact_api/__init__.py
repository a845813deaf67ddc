"""The HTTP edge of the artifact store: Lambda functions behind an API Gateway HTTP API.

`read`, `write` and `delete` are the entry points, cut along IAM lines. One file per operation parses
the request, makes one call of the store and returns the wire's answer.
"""

import gc
import os

IN_LAMBDA = "AWS_LAMBDA_RUNTIME_API" in os.environ
"""Whether Lambda's runtime client runs this process, on AWS or under its emulator."""

if IN_LAMBDA:
    # Imports make no garbage, and collecting it takes a sixth of a cold start. `edge.entrypoint` turns it on again.
    gc.disable()
