"""Typed async SDK for AWS Clean Rooms ML."""

__version__ = "0.1.0"
