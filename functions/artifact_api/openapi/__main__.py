"""`python -m artifact_api.openapi`."""

from artifact_api.openapi.document import main

if __name__ == "__main__":
    raise SystemExit(main())
