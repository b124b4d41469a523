"""Fixtures for users' own tests. Importing this module must stay cheap: pytest loads it at every run."""
