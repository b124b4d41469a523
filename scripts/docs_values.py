"""For the reference pages: an enumeration lists its values, which have no docstrings of their own."""

from __future__ import annotations

from typing import Any

from griffe import Class, Docstring, Extension


class Values(Extension):
    """Adds a line with all values to the docstring of every `OpenEnum`."""

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        if not any(str(base).rpartition(".")[2] == "OpenEnum" for base in cls.bases):
            return
        values = [
            str(member.value).strip("'\"")
            for member in cls.members.values()
            if member.is_attribute and not member.name.startswith("_")
        ]
        said = cls.docstring.value if cls.docstring else ""
        listed = ", ".join(f"`{value}`" for value in values)
        cls.docstring = Docstring(f"{said}\n\nValues: {listed}.", parent=cls)
