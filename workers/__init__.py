"""Celery: the app, its wiring, and thin tasks."""
