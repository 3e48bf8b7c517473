"""What each tool does, one module each. `dialer.calls.using` commits its row first."""
