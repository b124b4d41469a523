"""The operators: an input channel, a training, an inference job, an export."""

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


class CleanRoomsMLCreateInputChannelOperator(CleanRoomsMLOperator):
    """Creates an ML input channel and waits until its data is ready. XCom gets its ARN.

    Args:
        configured_model_algorithm_associations, input_channel, retention_in_days, description,
        kms_key_arn, tags, payer_configuration: As for `sdk.ml_input_channels.create`, with plain
            dicts and lists, which may contain templates.
        kwargs: As for `CleanRoomsMLOperator`.
    """

    FIELDS: tuple[str, ...] = (
        "configured_model_algorithm_associations",
        "input_channel",
        "retention_in_days",
        "description",
        "kms_key_arn",
        "tags",
        "payer_configuration",
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS, *FIELDS)
    template_fields_renderers: dict[str, str] = dict.fromkeys(
        ("input_channel", "payer_configuration", "tags"), "json"
    )

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
        """Start it, or find what an earlier attempt has started.

        Args:
            sdk: An open client.

        Returns:
            The handle to wait for.
        """
        given = self.members()
        given["retention_in_days"] = int(given["retention_in_days"])  # a template gives text
        return Handle.of(await sdk.ml_input_channels.create(**given, **self.settings()))


class CleanRoomsMLTrainModelOperator(CleanRoomsMLOperator):
    """Trains a model, or a further version of one, and waits for it. XCom gets `ARN@version`.

    Args:
        configured_model_algorithm_association_arn, resource_config, data_channels,
        hyperparameters, environment, stopping_condition, incremental_training_data_channels,
        training_input_mode, description, kms_key_arn, tags, ml_model_training_payer_account_id:
            As for `sdk.trained_models.create`, with plain dicts and lists, which may contain
            templates. An incremental channel must give the version: `ARN@version`, as in XCom.
        kwargs: As for `CleanRoomsMLOperator`.
    """

    FIELDS: tuple[str, ...] = (
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
    template_fields_renderers: dict[str, str] = dict.fromkeys(
        (
            "resource_config",
            "data_channels",
            "hyperparameters",
            "environment",
            "stopping_condition",
            "incremental_training_data_channels",
            "tags",
        ),
        "json",
    )

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
        """Start it, or find what an earlier attempt has started.

        Args:
            sdk: An open client.

        Returns:
            The handle to wait for.
        """
        reply = await sdk.trained_models.create(**self.members(), **self.settings())
        return Handle.of(reply)


class CleanRoomsMLStartInferenceJobOperator(CleanRoomsMLOperator):
    """Runs an inference job and waits for it. XCom gets its ARN.

    Args:
        trained_model_arn: The model. `ARN@version`, as in the training's XCom, gives its version.
        resource_config, output_configuration, data_source, version,
        configured_model_algorithm_association_arn, description, container_execution_parameters,
        environment, kms_key_arn, tags, ml_model_inference_payer_account_id:
            As for `sdk.inference_jobs.start`, with plain dicts, which may contain templates.
        kwargs: As for `CleanRoomsMLOperator`.
    """

    FIELDS: tuple[str, ...] = (
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
    template_fields_renderers: dict[str, str] = dict.fromkeys(
        (
            "resource_config",
            "output_configuration",
            "data_source",
            "container_execution_parameters",
            "environment",
            "tags",
        ),
        "json",
    )

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
        """Start it, or find what an earlier attempt has started.

        Args:
            sdk: An open client.

        Returns:
            The handle to wait for.
        """
        reply = await sdk.inference_jobs.start(**self.members(), **self.settings())
        return Handle.of(reply)


class CleanRoomsMLExportModelOperator(CleanRoomsMLOperator):
    """Exports a trained model to a member's bucket and waits for it.

    The service gives an export no identifier, so XCom gets the text of its handle, which
    `CleanRoomsMLSensor` and `sdk.wait` accept.

    Args:
        trained_model_arn: The model. `ARN@version`, as in the training's XCom, gives its version.
        output_configuration, version, description: As for `sdk.trained_models.export`.
        kwargs: As for `CleanRoomsMLOperator`.
    """

    FIELDS: tuple[str, ...] = (
        "trained_model_arn",
        "output_configuration",
        "version",
        "description",
    )
    template_fields: Sequence[str] = aws_template_fields(*COMMON_FIELDS, *FIELDS)
    template_fields_renderers: dict[str, str] = {"output_configuration": "json"}

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
        """Start it, or find what an earlier attempt has started.

        Args:
            sdk: An open client.

        Returns:
            The handle to wait for.
        """
        return await sdk.trained_models.start_export(**self.members(), **self.settings())
