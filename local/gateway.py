"""The stand-in for API Gateway and Lambda: a request in, the real handler's response out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import importlib
import json
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any, Protocol

from local.events import ACCOUNT_ID, Request, Response, build_event, message_response, read_answer
from local.routes import RouteTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.template import Function, Template

REGION = "us-east-1"
MAX_REQUEST_BYTES = 10 * 1024 * 1024
# AWS's own number: 6 MiB and 100 bytes.
MAX_LAMBDA_BYTES = 6 * 1024 * 1024 + 100
MAX_REQUEST_HEADER_BYTES = 10_240

_log = logging.getLogger(__name__)


class Handler(Protocol):
    """A Lambda handler."""

    def __call__(self, event: dict[str, Any], context: Any, /) -> Any:
        """Answer one event."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class LambdaContext:
    """What Lambda's runtime hands to a handler beside the event. Its names are AWS's."""

    aws_request_id: str
    function_name: str
    memory_limit_in_mb: str
    deadline: float
    function_version: str = "$LATEST"
    client_context: None = None
    identity: None = None

    @property
    def invoked_function_arn(self) -> str:
        """The function's ARN."""
        return f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        """Where Lambda would keep the logs."""
        return f"/aws/lambda/{self.function_name}"

    @property
    def log_stream_name(self) -> str:
        """The log stream of this one instance."""
        return "local"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would end the function."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


class Gateway:
    """Routes requests to handlers with API Gateway's and Lambda's limits."""

    def __init__(
        self,
        template: Template,
        *,
        authorizer: Mapping[str, Any] | None = None,
        load: Callable[[str], Handler] | None = None,
    ) -> None:
        """Serve the template's routes.

        Args:
            template: where routes and functions are read from.
            authorizer: put into every event, as a route's authorizer does.
            load: gets a function's handler by its path, for tests; the default imports it.
        """
        self._routes = RouteTable(template.routes)
        self._functions = template.functions
        self._authorizer = authorizer
        self._load = load or load_handler
        self._handlers: dict[str, Handler] = {}

    def load_handlers(self) -> None:
        """Import every handler now, so that a broken one is seen at the start and not at its first request."""
        for function in self._functions.values():
            self._handler(function)

    def handle(self, request: Request) -> Response:
        """Answer one request. Never raises: a handler that does is a 500, as behind the real gateway."""
        refusal = _refuse(request)
        if refusal:
            return refusal
        match = self._routes.match(method=request.method, path=request.path)
        if match is None:
            return message_response(404, "Not Found")
        request_id = str(uuid.uuid4())
        event = build_event(
            request, match, request_id=request_id, now=dt.datetime.now(dt.UTC), authorizer=self._authorizer
        )
        payload = json.dumps(event)
        if len(payload.encode()) > MAX_LAMBDA_BYTES:
            return message_response(413, "Request Entity Too Large")
        try:
            response = self._invoke(self._functions[match.route.function], payload, method=request.method)
        except Exception:  # noqa: BLE001 - whatever a function raises is a 500
            _log.exception("%s failed", match.route.function)
            response = message_response(500, "Internal Server Error")
        return dataclasses.replace(response, headers=[*response.headers, ("apigw-requestid", request_id)])

    def _invoke(self, function: Function, payload: str, *, method: str) -> Response:
        context = LambdaContext(
            aws_request_id=str(uuid.uuid4()),
            function_name=function.name,
            memory_limit_in_mb=str(function.memory_mb),
            deadline=time.monotonic() + function.timeout_seconds,
        )
        # Through JSON both ways, as Lambda does: an answer that only Python understands must not pass.
        answer = json.dumps(self._handler(function)(json.loads(payload), context))
        if len(answer.encode()) > MAX_LAMBDA_BYTES:
            raise ValueError(f"the answer has {len(answer)} bytes; Lambda takes {MAX_LAMBDA_BYTES}")
        return read_answer(json.loads(answer), method=method)

    def _handler(self, function: Function) -> Handler:
        if function.name not in self._handlers:
            self._handlers[function.name] = self._load(function.handler)
        return self._handlers[function.name]


def load_handler(path: str) -> Handler:
    """Import a handler by the template's `module.attribute`."""
    module, _, attribute = path.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), attribute)
    return handler


def _refuse(request: Request) -> Response | None:
    line = len(request.method) + len(request.raw_path) + len(request.raw_query)
    if line + sum(len(name) + len(value) for name, value in request.headers) > MAX_REQUEST_HEADER_BYTES:
        return message_response(431, "Request Header Fields Too Large")
    if len(request.body) > MAX_REQUEST_BYTES:
        return message_response(413, "Request Entity Too Large")
    return None
