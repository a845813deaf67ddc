"""From the event to the operation and back: what every route has in common."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from aws_lambda_powertools.event_handler.api_gateway import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2

from artifact_api import IN_LAMBDA, wiring
from artifact_api.authorization import authorize
from artifact_api.caller import caller_of
from artifact_api.errors import MethodNotAllowed, RouteNotFound
from artifact_api.problems import problem_response
from artifact_api.refusals import note_refusals
from artifact_api.request import Request
from artifact_api.routes import FunctionName, Operation, Route, match, methods_of, routes_of
from artifact_api.telemetry import Measurements, logger
from artifact_store import Scope
from artifact_traces import Handler, traced

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.exceptions import NotFoundError

__all__ = ["OperationFunction", "entrypoint"]

OperationFunction: TypeAlias = Callable[[Request, Measurements], Response[str]]


def entrypoint(function: FunctionName, operations: Mapping[Operation, OperationFunction]) -> Handler:
    """Makes the handler of one Lambda function.

    Args:
        function: Which routes of the table it answers.
        operations: The code of those routes' operations.
    """
    threads = threading.local()
    if IN_LAMBDA:
        # Lambda starts a container with more processor than it serves requests with, so clients are made now.
        wiring.store()
        gc.freeze()
        gc.enable()

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        # Lambda has one thread; the local server has many.
        edge: _Edge | None = getattr(threads, "edge", None)
        if edge is None:
            edge = threads.edge = _Edge(function, operations)
        return edge.answer(event, context)

    decorated: Handler = logger.inject_lambda_context(handler, log_event=False)
    return traced(decorated)


class _Resolver(APIGatewayHttpResolver):
    """Powertools' resolver, with the event on the instance: it keeps it on a class that all threads share."""

    @property
    def current_event(self) -> APIGatewayProxyEventV2:  # type: ignore[override]
        return self._event

    def resolve(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        self._event = APIGatewayProxyEventV2(dict(event))
        return super().resolve(event, context)


class _Edge:
    """The routes of one function, in one thread."""

    def __init__(self, function: FunctionName, operations: Mapping[Operation, OperationFunction]) -> None:
        self._operations = operations
        self._routes = routes_of(function)
        self._measurements = Measurements(namespace=wiring.settings().metrics_namespace)
        self._resolver = _Resolver(debug=False)
        for route in self._routes:
            rule = route.path.replace("{", "<").replace("}", ">")
            self._resolver.route(rule, list(route.methods))(self._endpoint(route))
        self._resolver.not_found(self._find)
        self._resolver.exception_handler(Exception)(self._refuse)

    def answer(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers one event."""
        self._event, self._context = event, context
        logger.thread_safe_append_keys(correlation_id=self._request_id)
        try:
            answer = self._resolver.resolve(event, context)
        finally:
            self._measurements.flush()
            logger.thread_safe_clear_keys()
            self._event, self._context = {}, None
        if event["requestContext"]["http"]["method"] == "HEAD":
            answer["body"], answer["isBase64Encoded"] = "", False
        return answer

    @property
    def _request_id(self) -> str:
        return str(self._event["requestContext"].get("requestId") or "")

    def _endpoint(self, route: Route) -> Callable[..., Response[str]]:
        def endpoint(**segments: str) -> Response[str]:
            return self._run(route, segments)

        return endpoint

    def _run(self, route: Route, segments: Mapping[str, str]) -> Response[str]:
        settings = wiring.settings()
        self._measurements.operation = route.operation
        request = Request(
            event=self._event,
            context=self._context,
            route=route,
            segments=segments,
            caller=caller_of(self._event, auth_mode=settings.auth_mode),
        )
        whose = _whose(request)
        self._measurements.app = settings.metric_app(whose.app) if whose is not None else None
        authorize(route.operation, request.caller, whose, settings=settings)
        request.refuse_unknown_parameters()
        return self._operations[route.operation](request, self._measurements)

    def _find(self, _error: NotFoundError) -> Response[str]:
        """Answers a path that Powertools matched to no route."""
        event = self._resolver.current_event
        for route in self._routes:
            # Powertools' patterns leave out some characters; the parser of names tells what is wrong with them.
            segments = match(route.path, event.path)
            if segments is not None and event.http_method in route.methods:
                return self._run(route, segments)
        allowed = methods_of(event.path)
        if not allowed or event.http_method in allowed:
            raise RouteNotFound("there is no such path; a slash inside an id or filename is written !2F")
        raise MethodNotAllowed("this path knows other methods only", allowed=tuple(sorted(allowed)))

    def _refuse(self, error: Exception) -> Response[str]:
        note_refusals([error], self._measurements)
        return problem_response(error, request_id=self._request_id)


def _whose(request: Request) -> Scope | None:
    """Whose artifacts a request is about: `user:NAME` under a session is the user's."""
    if "filename" in request.segments:
        return request.artifact.scope
    return request.scope if request.segments else None
