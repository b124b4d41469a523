"""Names on the Python side: members, classes, files."""

from __future__ import annotations

import keyword

from botocore import xform_name

from crml_sdk.naming import IRREGULAR, to_wire

_BACK = {wire: python for python, wire in IRREGULAR.items()}

NOUNS = {
    "trained_models": "trained_model",
    "inference_jobs": "inference_job",
    "export_jobs": "export_job",
    "configured_model_algorithms": "configured_model_algorithm",
    "configured_model_algorithm_associations": "configured_model_algorithm_association",
    "ml_input_channels": "ml_input_channel",
    "ml_configuration": "ml_configuration",
    "audience_models": "audience_model",
    "configured_audience_models": "configured_audience_model",
    "audience_generation_jobs": "audience_generation_job",
    "audience_export_jobs": "audience_export_job",
    "training_datasets": "training_dataset",
    "tags": "tag",
    "memberships": "membership",
    "collaborations": "collaboration",
    "members": "member",
}
"""The file of a group's models: a noun in the singular."""


def python_name(wire: str) -> str:
    """The attribute or parameter for a member; fails when the way back would not lead home."""
    name = _BACK.get(wire) or xform_name(wire)
    if keyword.iskeyword(name):
        raise SystemExit(
            f"codegen: {wire!r} is a Python keyword; give it a name in crml_sdk/naming.py"
        )
    if to_wire(name) != wire:
        raise SystemExit(
            f"codegen: {wire!r} becomes {name!r}, which leads back to {to_wire(name)!r};"
            " add it to IRREGULAR in crml_sdk/naming.py"
        )
    return name


def enum_member(value: str) -> str:
    name = "".join(c if c.isalnum() else "_" for c in value).upper()
    return f"V_{name}" if name[0].isdigit() else name


def constant(name: str) -> str:
    """CreateTrainedModel becomes CREATE_TRAINED_MODEL."""
    return xform_name(name).upper()


def class_name(group: str) -> str:
    return "".join("ML" if part == "ml" else part.capitalize() for part in group.split("_"))


def noun(group: str) -> str:
    """The word for one resource of a group, in sentences."""
    return NOUNS[group].replace("_", " ").replace("ml ", "ML ")


def plural(group: str) -> str:
    """The word for the resources of a group, in sentences."""
    return group.replace("_", " ").replace("ml ", "ML ")
