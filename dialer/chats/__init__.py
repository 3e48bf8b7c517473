"""Conversations with an agent in writing: the agent that calls people, without a call."""
