"""Requests: what an operation takes, and the check that comes before anything is sent."""
