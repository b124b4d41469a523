"""The web pages of the local service."""
