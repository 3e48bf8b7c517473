"""Dialer: an open-source, distributed AI calling system."""

__version__ = "0.1.0"
