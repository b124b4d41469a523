"""Fixtures for users' own tests. Cheap to import: pytest loads it at every run."""
