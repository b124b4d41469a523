"""Resolves what a user typed (an ARN, `NAME`, `NAME@latest`) to a resource of any kind.

A name is searched in the caller's membership first. If members share that kind of resource, the
collaboration is searched next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from .service import arn_kind, inner_shape, members

if TYPE_CHECKING:
    from ..operation import Operation
    from ..versions import TrainedModelRef
    from .session import Session


@dataclass(frozen=True)
class Kind:
    """A kind of resource that has names.

    Attributes:
        kind: Its name in ARNs.
        word: Its name on the command line.
        noun: Its name in sentences.
        group: Its group of the client.
        arn: The attribute of its rows that has the ARN.
        shared: Whether the view of the collaboration lists it, too.
    """

    kind: str
    word: str
    noun: str
    group: str
    arn: str
    shared: bool = False

    @property
    def help(self) -> str:
        """The help text of an argument of this kind."""
        text = f"The {self.noun}: ARN or exact name"
        if self.kind == "trained-model":
            return f"{text}, optionally with @VERSION, @latest, @latest-active or @base."
        return f"{text}."


KINDS: Final = {
    each.kind: each
    for each in (
        Kind(
            "trained-model", "model", "trained model", "trained_models", "trained_model_arn", True
        ),
        Kind(
            "trained-model-inference-job",
            "job",
            "inference job",
            "inference_jobs",
            "trained_model_inference_job_arn",
            True,
        ),
        Kind(
            "ml-input-channel",
            "channel",
            "ML input channel",
            "ml_input_channels",
            "ml_input_channel_arn",
            True,
        ),
        Kind(
            "configured-model-algorithm-association",
            "association",
            "algorithm association",
            "configured_model_algorithm_associations",
            "configured_model_algorithm_association_arn",
            True,
        ),
        Kind(
            "configured-model-algorithm",
            "algorithm",
            "configured model algorithm",
            "configured_model_algorithms",
            "configured_model_algorithm_arn",
        ),
        Kind(
            "training-dataset",
            "dataset",
            "training dataset",
            "training_datasets",
            "training_dataset_arn",
        ),
        Kind(
            "audience-model",
            "audience-model",
            "audience model",
            "audience_models",
            "audience_model_arn",
        ),
        Kind(
            "configured-audience-model",
            "configured-model",
            "configured audience model",
            "configured_audience_models",
            "configured_audience_model_arn",
        ),
        Kind(
            "audience-generation-job",
            "generation-job",
            "audience generation job",
            "audience_generation_jobs",
            "audience_generation_job_arn",
        ),
    )
}

IDENTIFIERS: Final = {
    "membership_identifier": "membership",
    "collaboration_identifier": "collaboration",
    "collaboration_id": "collaboration",
}
"""Members with the identifier of a resource that has a name."""


async def find(session: Session, kind: str, text: str) -> str:
    """The ARN of a resource, with the version after `@` if one was given.

    Raises:
        NoSuchName: No resource has this name.
        AmbiguousName: Several resources have this name.
    """
    if text.startswith("arn:"):
        return text
    name, at, version = text.rpartition("@") if kind == "trained-model" else (text, "", "")
    if not at:
        name = text
    row = await _row(session, KINDS[kind], name)
    arn: str = getattr(row, KINDS[kind].arn)
    return f"{arn}@{version}" if at else arn


async def _row(session: Session, kind: Kind, name: str) -> Any:
    from ..errors import NoSuchName

    group = getattr(session.sdk, kind.group)
    if not kind.shared:
        return await group.by_name(name)
    membership = await session.membership()
    try:
        return await group.by_name(name, membership_identifier=membership)
    except NoSuchName as error:
        view = session.sdk.collaboration(await session.collaboration())
        try:
            return await getattr(view, kind.group).by_name(name)
        except NoSuchName:
            raise error from None


async def find_model(session: Session, text: str) -> TrainedModelRef:
    """The trained model, with its version if one was given."""
    from ..versions import TrainedModelRef

    return TrainedModelRef.parse(await find(session, "trained-model", text))


async def find_collaboration(session: Session, text: str) -> str:
    """The identifier of a collaboration that is given by identifier, ARN or exact name."""
    from ..arns import is_identifier

    if is_identifier(text):
        return text
    if text.startswith("arn:"):
        return text.rpartition("/")[2]
    return (await session.sdk.collaborations.by_name(text)).id


async def resolve(
    session: Session, operation: Operation, values: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments of an operation, with every name replaced by its ARN or identifier."""
    found: dict[str, Any] = {}
    shapes = {member.name: member.shape for member in members(operation.input).values()}
    for name, value in values.items():
        if name in IDENTIFIERS and isinstance(value, str):
            found[name] = await _identifier(session, IDENTIFIERS[name], value)
        elif name == "resource_arn" and isinstance(value, str):
            found[name] = await find_any(session, value)
        else:
            found[name] = await _resolved(session, shapes.get(name), value)
    return found


async def _identifier(session: Session, what: str, value: str) -> str:
    if what == "membership":
        return await session.membership_of(value)
    return await find_collaboration(session, value)


async def _resolved(session: Session, shape: str | None, value: Any) -> Any:
    if shape is None:
        return value
    kind = arn_kind(shape)
    if kind in KINDS and isinstance(value, str):
        return await find(session, str(kind), value)
    if isinstance(value, dict) and shape_is_structure(shape):
        given = cast("dict[str, Any]", value)
        inner = members(shape)
        return {
            key: await _resolved(session, inner[key].shape if key in inner else None, each)
            for key, each in given.items()
        }
    if isinstance(value, list):
        item = inner_shape(shape)
        entries = cast("list[Any]", value)
        return [await _resolved(session, item, each) for each in entries]
    return cast("object", value)


def shape_is_structure(shape: str) -> bool:
    """Whether a shape has members."""
    from .service import kind_of_shape

    return kind_of_shape(shape) == "structure"


async def find_any(session: Session, text: str) -> str:
    """The ARN of any resource, which is given as an ARN or as KIND/NAME such as `model/churn`.

    Raises:
        Refused: The text is neither.
    """
    from .failures import Refused

    if text.startswith("arn:"):
        return text.partition("@")[0]
    word, slash, name = text.partition("/")
    for kind in KINDS.values():
        if slash and word in (kind.word, kind.kind):
            return (await find(session, kind.kind, name)).partition("@")[0]
    words = ", ".join(kind.word for kind in KINDS.values())
    raise Refused(f"{text!r} is neither an ARN nor KIND/NAME", f"KIND is one of {words}")
