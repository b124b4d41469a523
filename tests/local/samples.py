"""Valid values for every input shape, and every way to break one constraint of them.

Both are made from botocore's shapes, not from the stand-in's.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

import botocore.model

UUID = "12345678-1234-4234-8234-123456789012"
_ARN = "arn:aws:cleanrooms-ml:us-east-1:111122223333"
_IN_MEMBERSHIP = f"{_ARN}:membership/{UUID}"

# One valid string for every shape that has a pattern.
STRINGS = {
    "AccountId": "111122223333",
    "AlgorithmImage": "image:1",
    "AnalysisTemplateArn": (
        "arn:aws:cleanrooms:us-east-1:111122223333:membership/abc/analysistemplate/def"
    ),
    "AudienceGenerationJobArn": f"{_ARN}:audience-generation-job/a",
    "AudienceModelArn": f"{_ARN}:audience-model/a",
    "ColumnName": "column",
    "ConfiguredAudienceModelArn": f"{_ARN}:configured-audience-model/a",
    "ConfiguredModelAlgorithmArn": f"{_ARN}:configured-model-algorithm/a",
    "ConfiguredModelAlgorithmAssociationArn": (
        f"{_IN_MEMBERSHIP}/configured-model-algorithm-association/a"
    ),
    "CustomDataIdentifier": "identifier",
    "EnvironmentKeyString": "KEY",
    "GlueDatabaseName": "database",
    "GlueTableName": "table",
    "Hash": "0" * 64,
    "IamRoleArn": "arn:aws:iam::111122223333:role/r",
    "InferenceEnvironmentMapKeyString": "KEY",
    "KmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/k",
    "MLInputChannelArn": f"{_IN_MEMBERSHIP}/ml-input-channel/a",
    "ModelTrainingDataChannelName": "train",
    "ParameterName": "parameter",
    "S3Path": "s3://bucket/prefix",
    "TaggableArn": f"{_ARN}:training-dataset/a",
    "TrainedModelArn": f"{_IN_MEMBERSHIP}/trained-model/a",
    "TrainedModelInferenceJobArn": f"{_IN_MEMBERSHIP}/trained-model-inference-job/a",
    "TrainingDatasetArn": f"{_ARN}:training-dataset/a",
    "UUID": UUID,
    # AWS Clean Rooms
    "AdditionalAnalysesResourceArn": (f"{_IN_MEMBERSHIP}/configured-model-algorithm-association/a"),
    "AnalysisRuleColumnName": "column",
    "CleanroomsArn": f"arn:aws:cleanrooms:us-east-1:111122223333:collaboration/{UUID}",
    "CollaborationIdentifier": UUID,
    "ConfiguredTableAssociationIdentifier": UUID,
    "ConfiguredTableIdentifier": UUID,
    "MembershipIdentifier": UUID,
    "ProtectedQueryIdentifier": UUID,
    "RoleArn": "arn:aws:iam::111122223333:role/r",
}


def valid(shape: Any, pool: dict[str, list[Any]] | None = None, name: str = "") -> Any:
    """A valid value with every member set (the first one, of a union).

    `pool` gives values for shapes and members by name, such as the ARN of something that exists.
    """
    kind, rules = shape.type_name, shape.metadata
    known = (pool or {}).get(shape.name) or (pool or {}).get(name)
    if known:
        return known[0]
    if kind == "structure":
        members = list(shape.members.items())
        if getattr(shape, "is_tagged_union", False):
            members = members[:1]
        return {key: valid(member, pool, key) for key, member in members}
    if kind == "list":
        return [valid(shape.member, pool, name) for _ in range(max(1, rules.get("min", 1)))]
    if kind == "map":
        return {valid(shape.key): valid(shape.value)}
    if kind == "string":
        if getattr(shape, "enum", None):
            return shape.enum[0]
        if shape.name in STRINGS:
            return STRINGS[shape.name]
        return "a" * max(1, rules.get("min", 1))
    if kind in ("integer", "long"):
        return int(rules.get("min", 1))
    if kind in ("double", "float"):
        return float(rules.get("min", 1.0))
    if kind == "boolean":
        return True
    assert kind == "timestamp", kind
    return "2026-01-02T03:04:05Z"


class Violation(NamedTuple):
    operation: str
    path: tuple[Any, ...]
    constraint: str
    params: dict[str, Any]
    member: str

    def __str__(self) -> str:
        return f"{self.operation}:{'.'.join(map(str, self.path))}:{self.constraint}"


def violations(operation: botocore.model.OperationModel) -> Iterator[Violation]:
    """Every request that differs from a valid one in one broken constraint."""
    shape = operation.input_shape
    sound = valid(shape)
    for path, constraint, change in _breaks(shape, sound, ()):
        top = path[0] if path else ""
        if constraint == "required" and len(path) == 1 and _is_label(shape, top):
            continue  # without it there is no path to send
        params = copy.deepcopy(sound)
        _apply(params, path, change)
        named = [part for part in path if isinstance(part, str) and part != "*key*"]
        yield Violation(_called(operation), path, constraint, params, named[0])


def _called(operation: botocore.model.OperationModel) -> str:
    """Two services have operations of one name."""
    return f"{operation.service_model.service_name}:{operation.name}"


def _is_label(shape: botocore.model.StructureShape, name: str) -> bool:
    return shape.members[name].serialization.get("location") == "uri"


def _breaks(shape: Any, value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, str, Any]]:
    kind, rules = shape.type_name, shape.metadata
    if kind == "structure":
        for name in shape.required_members:
            yield (*path, name), "required", _REMOVE
        if getattr(shape, "is_tagged_union", False):
            yield path, "union: none set", {}
        for name, member in shape.members.items():
            if name in value:
                yield from _breaks(member, value[name], (*path, name))
    elif kind == "list":
        if rules.get("min", 0) > 0:
            yield path, "list too short", value[: rules["min"] - 1]
        if "max" in rules:
            yield path, "list too long", [value[0]] * (rules["max"] + 1)
        yield from _breaks(shape.member, value[0], (*path, 0))
    elif kind == "map":
        key, item = next(iter(value.items()))
        if rules.get("min", 0) > 0:
            yield path, "map too small", {}
        if "max" in rules:
            yield path, "map too large", {f"{key}{n}": item for n in range(rules["max"] + 1)}
        for _, constraint, wrong in _breaks(shape.key, key, ()):
            yield path, f"key {constraint}", {wrong: item}
        yield from _breaks(shape.value, item, (*path, key))
    elif kind == "string":
        yield from _broken_strings(shape, path)
    elif kind in ("integer", "long", "double", "float"):
        if "min" in rules:
            yield path, "below minimum", rules["min"] - 1
        if "max" in rules:
            yield path, "above maximum", rules["max"] + 1


def _broken_strings(shape: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, str, Any]]:
    rules = shape.metadata
    if getattr(shape, "enum", None):
        yield path, "enum", "NOT_A_VALUE"
        return
    sound = valid(shape)
    is_label = shape.serialization.get("location") == "uri"
    if rules.get("min", 0) > 0 and not (is_label and rules["min"] == 1):
        short = sound[: rules["min"] - 1]
        if short or not is_label:
            yield path, "too short", short
    # The maximum of this shape contradicts its pattern, which asks for two UUIDs.
    if "max" in rules and shape.name != "CleanroomsArn":
        filler = "0" if shape.name in ("AccountId", "Hash") else "a"
        yield path, "too long", sound + filler * (rules["max"] + 1 - len(sound))
    if "pattern" in rules:
        wrong = _off_pattern(shape, sound)
        if wrong is not None:
            yield path, "pattern", wrong


def _off_pattern(shape: Any, sound: str) -> str | None:
    """A string of allowed length that the pattern does not match as a whole."""
    pattern = shape.metadata["pattern"]
    if pattern in (r"[\S\s]*",):
        return None
    if pattern in (".*", ".+"):
        return "a\nb"
    if "\\u0020" in pattern:
        return "a\x01b"
    if len(sound) == shape.metadata.get("max"):
        return sound[:-1] + "!"
    return sound + "\n"  # also catches a match that stops at the line's end


def wrong_types(operation: botocore.model.OperationModel) -> Iterator[Violation]:
    """Every body that differs from a valid one in one value of another JSON type, or a null."""
    shape = operation.input_shape
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        for path, constraint, change in _mistypes(member, valid(member), (name,)):
            params = {
                key: valid(item)
                for key, item in shape.members.items()
                if not item.serialization.get("location")
            }
            _apply(params, path, change)
            yield Violation(_called(operation), path, constraint, params, name)


_WRONG: dict[str, tuple[Any, ...]] = {
    "structure": ("x", []),
    "list": ("x", {}),
    "map": ("x", []),
    "string": (1, []),
    "boolean": ("true", 1),
    "integer": ("1", 1.5, True),
    "double": ("1", True),
    "timestamp": ("yesterday", []),
}


def _mistypes(shape: Any, value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, str, Any]]:
    kind = shape.type_name
    for wrong in _WRONG[kind]:
        yield path, f"wrong type: {wrong!r}", wrong
    if kind == "structure":
        for name, member in shape.members.items():
            if name in value:
                yield from _mistypes(member, value[name], (*path, name))
    elif kind == "list":
        yield (*path, 0), "null", None
        yield from _mistypes(shape.member, value[0], (*path, 0))
    elif kind == "map":
        key, item = next(iter(value.items()))
        yield (*path, key), "null", None
        yield from _mistypes(shape.value, item, (*path, key))


_REMOVE = object()


def _apply(params: Any, path: tuple[Any, ...], change: Any) -> None:
    for part in path[:-1]:
        params = params[part]
    if change is _REMOVE:
        del params[path[-1]]
    else:
        params[path[-1]] = change
