"""Makes docs/openapi.json from the table of routes and the wire's types. Runs at build time only."""
