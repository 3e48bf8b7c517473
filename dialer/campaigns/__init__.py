"""Campaigns: states, calendar, rules, pacing, claiming, retrying, balance."""
