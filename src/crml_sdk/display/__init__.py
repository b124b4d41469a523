"""Pictures and tables of what the SDK gives: HTML and SVG for notebooks, Mermaid, plain rows.

Nothing here is loaded until something is shown, and nothing needs more than the standard library.
Whatever comes from the service is escaped.
"""

from .records import Rows, show, to_records

__all__ = ["Rows", "show", "to_records"]
