"""An operation of the service as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    """What the library knows of one documented operation.

    Attributes:
        name: The documented name, `CreateTrainedModel`.
        service: `cleanroomsml`, or `cleanrooms` for AWS Clean Rooms, which knows memberships.
        scope: `account`, `membership` or `collaboration`.
        group: The resource group on the client (or on its view of the collaboration).
        method: The group's method.
        input: The key of the request's shape in `api.constraints`.
        output: The model of the reply, or None when the operation answers nothing.
        creates: Whether it creates or starts something, so that sending it twice may cost twice.
        items: On a list operation, the attribute of the reply that holds the rows.
        row: On a list operation, the model of a row.
        version: The parameter that names a version of a trained model, if the operation has one.
        version_required: Whether that version has to be named.
        membership_from: Parameters whose ARN tells the membership, best first.
    """

    name: str
    service: str
    scope: str
    group: str
    method: str
    input: str
    output: str | None = None
    creates: bool = False
    items: str | None = None
    row: str | None = None
    version: str | None = None
    version_required: bool = False
    membership_from: tuple[str, ...] = ()
