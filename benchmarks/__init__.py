"""Measures crml_sdk beside its peers, on one machine and in one run: see docs/performance.md."""
