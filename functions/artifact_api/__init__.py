"""The HTTP edge of the artifact store: Lambda functions behind an API Gateway HTTP API.

`read`, `write` and `delete` are the entry points, cut along IAM lines. One file per operation parses
the request, makes one call of the store and returns the wire's answer.
"""
