"""Writes crml_sdk/api/groups.py: the groups of a client and of its views."""

from __future__ import annotations

from .models import HEADER, Files
from .naming import class_name
from .source import Service, group_key

WORDS = {
    "trained_models": "Trained models and their versions.",
    "inference_jobs": "Inference jobs of trained models.",
    "configured_model_algorithms": "Configured model algorithms: container images for training and inference.",
    "configured_model_algorithm_associations": "Algorithm associations: algorithms that are available in a collaboration.",
    "ml_input_channels": "Input channels: query results for training and inference.",
    "ml_configuration": "The ML configuration of a membership: where its results are written.",
    "audience_models": "Audience models: lookalike models trained by AWS.",
    "configured_audience_models": "Configured audience models: audience models with settings for their use.",
    "audience_generation_jobs": "Audience generation jobs, which find a lookalike audience.",
    "audience_export_jobs": "Audience export jobs, which write an audience to S3.",
    "training_datasets": "Training datasets for audience models.",
    "tags": "Tags of any resource.",
    "collaboration_members": "The members of the collaboration, including invited ones.",
    "memberships": "The caller's memberships. `sdk.memberships()` lists them.",
    "collaborations": "The caller's collaborations. `sdk.collaborations()` lists them.",
    "collaboration_trained_models": "Trained models of all members.",
    "collaboration_inference_jobs": "Inference jobs of all members.",
    "collaboration_export_jobs": "Export jobs of all members.",
    "collaboration_configured_model_algorithm_associations": "Algorithm associations of all members.",
    "collaboration_ml_input_channels": "Input channels of all members.",
}
"""What each group is for. A missing entry stops the run."""

CLASSES = (
    ("MembershipGroups", "Groups of a client and of its view of a membership."),
    ("CollaborationGroups", "Groups of the view of a collaboration."),
    (
        "CallerGroups",
        "Groups that only the client has: the caller's memberships and collaborations.",
    ),
)


WRITTEN = ("inference_jobs", "tags", "trained_models")
"""Groups with handwritten methods in crml_sdk/resources. The generated class is their base."""


def placed(key: str) -> tuple[str, str]:
    """The class that holds a group, and the argument that the group takes beside the core."""
    if key.startswith("collaboration_"):
        return "CollaborationGroups", "self.collaboration_identifier"
    if key in ("memberships", "collaborations"):
        return "CallerGroups", ""
    return "MembershipGroups", "self._scope"


def render(services: list[Service]) -> Files:
    keys = list(dict.fromkeys(group_key(op) for s in services for op in s.operations))
    body: list[str] = []
    imports: list[str] = ["    from ..core import Core"]
    for holder, words in CLASSES:
        lines = [f'class {holder}:\n    """{words}"""\n', "    _core: Core"]
        if holder == "MembershipGroups":
            lines.append("    _scope: str | None = None")
        if holder == "CollaborationGroups":
            lines.append("    collaboration_identifier: str")
        for key in keys:
            owner, argument = placed(key)
            name, module = class_name(key), f"..resources.{key}" if key in WRITTEN else f".{key}"
            if owner != holder:
                continue
            if key not in WORDS:
                raise SystemExit(f"codegen: {key} has no words in codegen/groups.py")
            imports.append(f"    from {module} import {name}")
            attribute = (
                key.removeprefix("collaboration_") if owner == "CollaborationGroups" else key
            )
            given = f"self._core, {argument}" if argument else "self._core"
            lines.append(
                f"\n    @cached_property\n    def {attribute}(self) -> {name}:\n"
                f'        """{WORDS[key]}"""\n'
                f"        from {module} import {name}\n\n"
                f"        return {name}({given})"
            )
        body.append("\n".join(lines))
    head = [
        HEADER,
        '"""The resource groups of a client and of its views. Each is loaded on first use."""\n',
        "from __future__ import annotations\n",
        "from functools import cached_property",
        "from typing import TYPE_CHECKING\n",
        "if TYPE_CHECKING:",
        *imports,
    ]
    return {"api/groups.py": "\n".join(head) + "\n\n\n" + "\n\n\n".join(body) + "\n"}
