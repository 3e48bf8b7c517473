"""The web process: carrier webhooks, API, console."""
