"""For the reference pages: models as one table of members, enumerations with their values, links.

Without it each member would be a heading with a code block of its own, and the values of an
enumeration, which have no docstrings, would not show at all.
"""

from __future__ import annotations

from typing import Any

from griffe import Alias, Class, Docstring, Extension, Module

from crml_sdk import errors

MODELS = "crml_sdk.models."
ERRORS = "crml_sdk.errors"


class Shapes(Extension):
    """Rewrites the docstrings of generated models before they are rendered."""

    def on_module_members(self, *, mod: Module, **_: Any) -> None:
        if mod.path.startswith(MODELS):
            mod.docstring = None  # the page has a title
        elif mod.path == ERRORS and mod.docstring is not None:
            _, _, tree = mod.docstring.value.partition("\n")
            mod.docstring = Docstring(f"```text\n{tree.strip()}\n```", parent=mod)
        elif mod.path.startswith("crml_sdk"):
            # "Raises" sections name errors that their modules do not all import; they shall be links.
            for name, value in vars(errors).items():
                if isinstance(value, type) and value.__module__ == ERRORS:
                    mod.members.setdefault(name, Alias(name, f"{ERRORS}.{name}", parent=mod))

    def on_class_members(self, *, cls: Class, **_: Any) -> None:
        if not cls.path.startswith(MODELS) or cls.parent.name.startswith("_"):
            return
        # What annotations name is `crml_sdk.models.X`; links to that shall lead here.
        cls.aliases[MODELS + cls.name] = None
        said = cls.docstring.value if cls.docstring else ""
        bases = {str(base).rpartition(".")[2] for base in cls.bases}
        added = _values(cls) if "OpenEnum" in bases else _members(cls)
        text = said.replace("[API reference](", "[API reference of the service](")
        cls.docstring = Docstring(f"{text}\n\n{added}", parent=cls, parser="google")


def _values(cls: Class) -> str:
    values = [
        str(member.value).strip("'\"")
        for member in cls.members.values()
        if member.is_attribute and not member.name.startswith("_")
    ]
    return "Values: " + ", ".join(f"`{value}`" for value in values) + "."


def _members(cls: Class) -> str:
    lines: list[str] = []
    for member in cls.members.values():
        if member.is_attribute and member.docstring is not None:
            text = " ".join(member.docstring.value.split())
            lines.append(f"    {member.name}: {text}")
            member.docstring = None  # so that it gets no heading of its own
    return "\n".join(["Attributes:", *lines]) if lines else ""
