"""Trying an agent on scripted, simulated and recorded people before it calls anyone."""
