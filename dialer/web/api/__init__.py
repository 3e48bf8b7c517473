"""The HTTP API, a router per domain."""
