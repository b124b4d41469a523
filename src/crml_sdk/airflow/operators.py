"""The operators: an input channel, a training, a prediction, an export."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from ..waiting import Handle
from .base import COMMON_FIELDS, CleanRoomsMLOperator

if TYPE_CHECKING:
    from ..client import CleanRoomsML

JSON = "json"


class CleanRoomsMLCreateInputChannelOperator(CleanRoomsMLOperator):
    """Creates an ML input channel and waits until its data are there. XCom gets its ARN.

    Args:
        configured_model_algorithm_associations, input_channel, retention_in_days, description,
        kms_key_arn, tags, payer_configuration: As for `sdk.ml_input_channels.create`; plain
            dictionaries and lists, so that they may hold templates.
        kwargs: As for every operator here, see `CleanRoomsMLOperator`.
    """

    FIELDS = (
        "configured_model_algorithm_associations",
        "input_channel",
        "retention_in_days",
        "description",
        "kms_key_arn",
        "tags",
        "payer_configuration",
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS, *FIELDS)
    template_fields_renderers: dict[str, str] = {
        "input_channel": JSON,
        "payer_configuration": JSON,
        "tags": JSON,
    }

    def __init__(
        self,
        *,
        configured_model_algorithm_associations: Sequence[str],
        input_channel: Mapping[str, Any],
        retention_in_days: int,
        description: str | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        payer_configuration: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configured_model_algorithm_associations = configured_model_algorithm_associations
        self.input_channel = input_channel
        self.retention_in_days = retention_in_days
        self.description = description
        self.kms_key_arn = kms_key_arn
        self.tags = tags
        self.payer_configuration = payer_configuration

    async def start(self, sdk: CleanRoomsML) -> Handle:
        """Create it, or find what an earlier try has created."""
        given: Any = {name: getattr(self, name) for name in self.FIELDS}
        given["retention_in_days"] = int(given["retention_in_days"])  # a template gives text
        return Handle.of(await sdk.ml_input_channels.create(**given, **self.settings()))


class CleanRoomsMLTrainModelOperator(CleanRoomsMLOperator):
    """Trains a model, or a further version of one, and waits for it. XCom gets `ARN@version`.

    Args:
        configured_model_algorithm_association_arn, resource_config, data_channels,
        hyperparameters, environment, stopping_condition, incremental_training_data_channels,
        training_input_mode, description, kms_key_arn, tags, ml_model_training_payer_account_id:
            As for `sdk.trained_models.create`; plain dictionaries and lists, so that they may
            hold templates. The parent in an incremental channel has to be pinned: `ARN@version`,
            as XCom has it.
        kwargs: As for every operator here, see `CleanRoomsMLOperator`.
    """

    FIELDS = (
        "configured_model_algorithm_association_arn",
        "resource_config",
        "data_channels",
        "hyperparameters",
        "environment",
        "stopping_condition",
        "incremental_training_data_channels",
        "training_input_mode",
        "description",
        "kms_key_arn",
        "tags",
        "ml_model_training_payer_account_id",
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS, *FIELDS)
    template_fields_renderers: dict[str, str] = {
        "resource_config": JSON,
        "data_channels": JSON,
        "hyperparameters": JSON,
        "environment": JSON,
        "stopping_condition": JSON,
        "incremental_training_data_channels": JSON,
        "tags": JSON,
    }

    def __init__(
        self,
        *,
        configured_model_algorithm_association_arn: str,
        resource_config: Mapping[str, Any],
        data_channels: Sequence[Mapping[str, Any]],
        hyperparameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        stopping_condition: Mapping[str, Any] | None = None,
        incremental_training_data_channels: Sequence[Mapping[str, Any]] | None = None,
        training_input_mode: str | None = None,
        description: str | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        ml_model_training_payer_account_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.configured_model_algorithm_association_arn = configured_model_algorithm_association_arn
        self.resource_config = resource_config
        self.data_channels = data_channels
        self.hyperparameters = hyperparameters
        self.environment = environment
        self.stopping_condition = stopping_condition
        self.incremental_training_data_channels = incremental_training_data_channels
        self.training_input_mode = training_input_mode
        self.description = description
        self.kms_key_arn = kms_key_arn
        self.tags = tags
        self.ml_model_training_payer_account_id = ml_model_training_payer_account_id

    async def start(self, sdk: CleanRoomsML) -> Handle:
        """Start it, or find what an earlier try has started."""
        given: Any = {name: getattr(self, name) for name in self.FIELDS}
        return Handle.of(await sdk.trained_models.create(**given, **self.settings()))


class CleanRoomsMLStartInferenceJobOperator(CleanRoomsMLOperator):
    """Runs an inference job and waits for it. XCom gets its ARN.

    Args:
        trained_model_arn: The model; `ARN@version`, as the training's XCom has it, pins the version.
        resource_config, output_configuration, data_source, version,
        configured_model_algorithm_association_arn, description, container_execution_parameters,
        environment, kms_key_arn, tags, ml_model_inference_payer_account_id:
            As for `sdk.inference_jobs.start`; plain dictionaries, so that they may hold templates.
        kwargs: As for every operator here, see `CleanRoomsMLOperator`.
    """

    FIELDS = (
        "trained_model_arn",
        "resource_config",
        "output_configuration",
        "data_source",
        "version",
        "configured_model_algorithm_association_arn",
        "description",
        "container_execution_parameters",
        "environment",
        "kms_key_arn",
        "tags",
        "ml_model_inference_payer_account_id",
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS, *FIELDS)
    template_fields_renderers: dict[str, str] = {
        "resource_config": JSON,
        "output_configuration": JSON,
        "data_source": JSON,
        "container_execution_parameters": JSON,
        "environment": JSON,
        "tags": JSON,
    }

    def __init__(
        self,
        *,
        trained_model_arn: str,
        resource_config: Mapping[str, Any],
        output_configuration: Mapping[str, Any],
        data_source: Mapping[str, Any],
        version: str | None = None,
        configured_model_algorithm_association_arn: str | None = None,
        description: str | None = None,
        container_execution_parameters: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        kms_key_arn: str | None = None,
        tags: Mapping[str, str] | None = None,
        ml_model_inference_payer_account_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.trained_model_arn = trained_model_arn
        self.resource_config = resource_config
        self.output_configuration = output_configuration
        self.data_source = data_source
        self.version = version
        self.configured_model_algorithm_association_arn = configured_model_algorithm_association_arn
        self.description = description
        self.container_execution_parameters = container_execution_parameters
        self.environment = environment
        self.kms_key_arn = kms_key_arn
        self.tags = tags
        self.ml_model_inference_payer_account_id = ml_model_inference_payer_account_id

    async def start(self, sdk: CleanRoomsML) -> Handle:
        """Start it, or find what an earlier try has started."""
        given: Any = {name: getattr(self, name) for name in self.FIELDS}
        return Handle.of(await sdk.inference_jobs.start(**given, **self.settings()))


class CleanRoomsMLExportModelOperator(CleanRoomsMLOperator):
    """Exports a trained model to a member's bucket and waits for it.

    The service gives an export no identifier, so XCom gets the text of its handle, which
    `CleanRoomsMLSensor` and `sdk.wait` take.

    Args:
        trained_model_arn: The model; `ARN@version`, as the training's XCom has it, pins the version.
        output_configuration, version, description: As for `sdk.trained_models.export`.
        kwargs: As for every operator here, see `CleanRoomsMLOperator`.
    """

    template_fields: Sequence[str] = aws_template_fields(
        *COMMON_FIELDS, "trained_model_arn", "output_configuration", "version", "description"
    )
    template_fields_renderers: dict[str, str] = {"output_configuration": JSON}

    def __init__(
        self,
        *,
        trained_model_arn: str,
        output_configuration: Mapping[str, Any],
        version: str | None = None,
        description: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.trained_model_arn = trained_model_arn
        self.output_configuration = output_configuration
        self.version = version
        self.description = description

    async def start(self, sdk: CleanRoomsML) -> Handle:
        """Start it, or find what an earlier try has started."""
        given: Any = {
            "output_configuration": self.output_configuration,
            "version": self.version,
            "description": self.description,
        }
        return await sdk.trained_models.start_export(
            self.trained_model_arn, **given, **self.settings()
        )
