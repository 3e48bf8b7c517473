"""The `dialer` command."""
