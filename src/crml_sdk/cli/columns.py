"""The columns of tables, by their names in the table of commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .writing import Column


def version_of(row: Any) -> str:
    """The version of a row, for people."""
    return row.version_identifier or "base"


def _parent(row: Any) -> str | None:
    channels = row.incremental_training_data_channels
    if not channels:
        return None
    return f"{channels[0].model_name}@{channels[0].version_identifier or 'base'}"


def _ml_abilities(row: Any) -> str:
    given = row.ml_abilities
    return ", ".join(map(str, given.custom_ml_member_abilities)) if given else ""


def _pays(row: Any) -> str:
    """What a member pays for."""
    given = row.payment_configuration
    ml = given.machine_learning
    costs = {
        "queries": given.query_compute,
        "jobs": given.job_compute,
        "training": ml and ml.model_training,
        "inference": ml and ml.model_inference,
        "synthetic data": ml and ml.synthetic_data_generation,
    }
    return ", ".join(name for name, cost in costs.items() if cost and cost.is_responsible)


def _model(row: Any) -> str:
    return f"{row.trained_model_arn}@{row.trained_model_version_identifier or 'base'}"


def model_column(names: Mapping[str, str]) -> Column:
    """The model of a job, by its name if that is known."""

    def text(row: Any) -> str:
        name = names.get(row.trained_model_arn, row.trained_model_arn)
        return f"{name}@{row.trained_model_version_identifier or 'base'}"

    return Column("model", text)


NEEDS_MODELS: Final = "model"

COLUMNS: Final = {
    "name": Column("name", "name"),
    "id": Column("id", "id"),
    "version": Column("version", version_of),
    "version-of-job": Column(
        "model version", lambda row: row.trained_model_version_identifier or "base"
    ),
    "status": Column("status", "status"),
    "member-status": Column("member status", "member_status"),
    "created": Column("created", "create_time"),
    "updated": Column("updated", "update_time"),
    "maker": Column("made by", "creator_account_id"),
    "creator": Column("made by", "creator_display_name"),
    "collaboration": Column("collaboration", "collaboration_name"),
    "parent": Column("trained from", _parent),
    "model": Column("model", _model),
    "description": Column("description", "description"),
    "display-name": Column("name", "display_name"),
    "account": Column("account", "account_id"),
    "state-status": Column("status", "status"),
    "abilities": Column("abilities", lambda row: ", ".join(map(str, row.abilities))),
    "ml-abilities": Column("ML abilities", _ml_abilities),
    "pays": Column("pays for", _pays),
}
