"""Google ID tokens: agents on Google Cloud prove who they are with the identity that they have there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from google_adk_aws._auth.tokens import FetchedToken, TokenAuth, TokenKeeper, expiry_in
from google_adk_aws._errors import ArtifactUnauthenticatedError

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

__all__ = ["GoogleIdToken"]


class GoogleIdToken(TokenAuth):
    """Sends Google ID tokens for an audience, and keeps them fresh.

    The identity is that of the application's default credentials: the service account of Cloud Run, GKE, Compute
    Engine, Cloud Functions and Agent Engine, or the key file that GOOGLE_APPLICATION_CREDENTIALS names. A person's own
    (`gcloud auth application-default login`) has none for an audience.

    Args:
        audience: What the stack's parameter `JwtAudience` says.
        credentials: Credentials of `google.auth` that yield ID tokens, in place of the default ones, such as
            `google.auth.impersonated_credentials.IDTokenCredentials`.
    """

    def __init__(self, audience: str, *, credentials: Credentials | None = None) -> None:
        if not audience:
            raise ValueError("audience must not be empty; it is what the stack's parameter JwtAudience says")
        self._audience = audience
        self._credentials = credentials
        super().__init__(TokenKeeper(self._fetch))

    def _fetch(self) -> FetchedToken:
        # Imported here: it is slow, and only those who are on Google Cloud need it. It runs in a thread.
        import google.auth.exceptions  # noqa: PLC0415
        import google.auth.transport.requests  # noqa: PLC0415
        import google.oauth2.id_token  # noqa: PLC0415

        try:
            request = google.auth.transport.requests.Request()
            if self._credentials is None:
                self._credentials = _default(google.oauth2.id_token, request, self._audience)
            credentials: Any = self._credentials
            credentials.refresh(request)
            # Credentials that yield access tokens too keep their ID token elsewhere.
            token: Any = getattr(credentials, "id_token", None) or credentials.token
        except google.auth.exceptions.GoogleAuthError as error:
            raise ArtifactUnauthenticatedError(
                f"no Google ID token ({type(error).__name__}): run on Google Cloud, or name a service account's key "
                "file in GOOGLE_APPLICATION_CREDENTIALS",
                code="no_credentials",
            ) from None
        expiry = expiry_in(token) if isinstance(token, str) else None
        return FetchedToken(text=token, seconds=None if expiry is None else expiry - time.time())


def _default(id_token: Any, request: Any, audience: str) -> Credentials:
    credentials: Credentials = id_token.fetch_id_token_credentials(audience, request=request)
    return credentials
