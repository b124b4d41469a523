"""The one place where wire names (camelCase) and Python names (snake_case) meet.

Most names survive the way there and back by rule. Those that do not, and those that would shadow
something of Pydantic's, stand in the tables below; the generator refuses a member that neither the
rule nor a table covers.
"""

from __future__ import annotations

from typing import Final

IRREGULAR: Final = {
    "max_payload_in_mb": "maxPayloadInMB",
    "volume_size_in_gb": "volumeSizeInGB",
    "collaboration_ml_input_channels_list": "collaborationMLInputChannelsList",
    "custom_ml_member_abilities": "customMLMemberAbilities",
    # `schema` is a method of every Pydantic model.
    "schema_": "schema",
}
"""Python name to wire name, where the rule does not hold."""


def to_wire(name: str) -> str:
    """The wire name of a Python name: `name` in snake_case, the result in camelCase."""
    irregular = IRREGULAR.get(name)
    if irregular is not None:
        return irregular
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
