"""`doctor`: whether a store can be reached and used, and is set as it should be."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Annotated, Final, Literal, TypeAlias

import httpx
import typer

from artifact_store.names import Scope
from google_adk_aws import _errors as errors
from google_adk_aws._auth import resolve_auth
from google_adk_aws._http.connection import base_url_of
from google_adk_aws.cli._places import SCOPE_HELP, plain, scope_of
from google_adk_aws.cli._stores import Options
from google_adk_aws.cli._terminal import Exit, print_json, run

__all__ = ["doctor"]

State: TypeAlias = Literal["ok", "warning", "failed", "could not check"]

_SKEW_SECONDS: Final = 60
"""AWS refuses signatures that are five minutes off; one minute is worth a word."""

_NOBODY: Final = Scope("adk-artifacts-doctor", "nobody", "none")


@dataclass(frozen=True, slots=True)
class _Finding:
    """One row: what was looked at, how it is, and what to do."""

    check: str
    state: State
    found: str
    remedy: str | None = None


def doctor(
    context: typer.Context,
    *,
    scope: Annotated[
        str | None,
        typer.Option(metavar="SCOPE", help=f"Whose artifacts the caller may list. {SCOPE_HELP}"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Look whether the store answers, knows the caller, and is set as it should be. Writes nothing."""
    options: Options = context.obj

    async def work() -> None:
        whose = scope_of(scope) if scope else None
        examine = _api(options, whose) if options.address().kind == "api" else _bucket(options, whose)
        findings: list[_Finding] = []
        async for finding in examine:
            findings.append(finding)
            if not json:
                _show(finding)
        ok = all(finding.state != "failed" for finding in findings)
        if json:
            print_json({"ok": ok, "checks": [asdict(finding) for finding in findings]})
        if not ok:
            raise typer.Exit(Exit.FAILED)

    run(work(), verbose=options.verbose)


def _show(finding: _Finding) -> None:
    typer.echo(f"{finding.state:15}  {finding.check:22}  {plain(finding.found)}")
    if finding.remedy is not None:
        typer.echo(f"    {plain(finding.remedy)}")


async def _api(options: Options, scope: Scope | None) -> AsyncIterator[_Finding]:
    url = base_url_of(str(options.api_url()))
    credentials = options.credentials()
    yield _Finding("credentials", "ok", _described(resolve_auth(credentials, url)))
    try:
        async with httpx.AsyncClient(
            auth=resolve_auth(credentials, url), timeout=httpx.Timeout(10, connect=5)
        ) as client:
            answer = await client.get(f"{str(url).rstrip('/')}/v1/health")
    except httpx.TransportError as error:
        remedy = "check the address, the network and whether the stack is deployed"
        yield _Finding("reachable", "failed", f"{url.host} does not answer: {type(error).__name__}", remedy)
        return
    except errors.ArtifactError as error:
        yield _Finding("reachable", "could not check", str(error))
        return
    yield _reachable(answer, url)
    yield _clock(answer)
    async with options.open() as client:
        try:
            found = client.filenames(scope or _NOBODY)
            await anext(found, None)
        except errors.ArtifactUnauthenticatedError as error:
            yield _Finding("caller", "failed", str(error), "see docs/authentication.md")
        except errors.ArtifactPermissionError as error:
            yield _refused(error, scope)
        except errors.ArtifactError as error:
            yield _Finding("caller", "could not check", str(error))
        else:
            yield _Finding("caller", "ok", f"may list {scope.key_prefix if scope else 'artifacts'}")


def _reachable(answer: httpx.Response, url: httpx.URL) -> _Finding:
    if answer.status_code == HTTPStatus.OK and b'"ok"' in answer.content:
        return _Finding("reachable", "ok", f"the artifact API at {url.host}")
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return _Finding("reachable", "ok", f"{url.host} answers, and wants to know who asks")
    remedy = "is the stage or a path missing at the address's end? The stack's output ApiUrl has the whole"
    return _Finding("reachable", "failed", f"{url.host} answers {answer.status_code} where the API says ok", remedy)


def _clock(answer: httpx.Response) -> _Finding:
    try:
        skew = time.time() - parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError):
        return _Finding("clock", "could not check", "the answer has no date")
    if abs(skew) <= _SKEW_SECONDS:
        return _Finding("clock", "ok", "as the server's, within a minute")
    remedy = "set this machine's clock: signatures are refused that are five minutes off"
    return _Finding("clock", "warning", f"{skew:+.0f} seconds from the server's", remedy)


def _refused(error: errors.ArtifactError, scope: Scope | None) -> _Finding:
    if scope is None:
        return _Finding("caller", "warning", "known, but not for every app", "--scope says whose artifacts to look for")
    return _Finding("caller", "failed", f"{scope.key_prefix}: {error}", "see docs/authorization.md")


def _described(auth: httpx.Auth | None) -> str:
    return "none are sent" if auth is None else type(auth).__name__


async def _bucket(options: Options, scope: Scope | None) -> AsyncIterator[_Finding]:
    async with options.open() as client:
        yield _Finding("reachable", "ok", f"the bucket {options.address().place}")
        try:
            await anext(client.filenames(scope or _NOBODY), None)
        except errors.ArtifactError as error:
            yield _Finding("caller", "failed", str(error), "see docs/direct-s3.md for the permissions")
        else:
            yield _Finding("caller", "ok", f"may list {scope.key_prefix if scope else 'artifacts'}")
    for finding in await asyncio.to_thread(_settings, options):
        yield finding


def _settings(options: Options) -> list[_Finding]:
    from artifact_store.checkup import NotCheckable, check_bucket  # noqa: PLC0415 - needs boto3
    from artifact_store.checkup.report import Severity  # noqa: PLC0415

    address = options.address()
    s3, dynamodb = options.aws_clients()
    try:
        table = address.options.get("table")
        report = check_bucket(address.place, index_table_name=table, s3=s3, dynamodb=dynamodb)
    except NotCheckable as error:
        return [_Finding("settings", "could not check", str(error))]
    states: dict[str, State] = {"ok": "ok", "could not check": "could not check"}
    return [
        _Finding(
            check.name,
            states.get(str(check.state), "failed" if check.severity is Severity.REQUIRED else "warning"),
            check.found,
            check.remedy,
        )
        for check in report.checks
    ]
