"""Links beside a task in Airflow's user interface."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from airflow.providers.amazon.aws.links.base_aws import BASE_AWS_CONSOLE_LINK, BaseAwsLink


class CleanRoomsMLConsoleLink(BaseAwsLink):
    """The membership in the AWS console.

    The addresses of single models and jobs are not documented, so it leads to the page of the
    membership, from which they can be reached; its form is not documented either, assumed.
    """

    name = "AWS Clean Rooms"
    key = "cleanroomsml_console"
    format_str: str = (
        BASE_AWS_CONSOLE_LINK + "/cleanrooms/home?region={region_name}#/memberships/{membership}"
    )


class CleanRoomsMLLogsLink(BaseAwsLink):
    """The log group of trainings or of inference jobs in CloudWatch."""

    name = "CloudWatch logs"
    key = "cleanroomsml_logs"
    format_str: str = (
        BASE_AWS_CONSOLE_LINK
        + "/cloudwatch/home?region={region_name}#logsV2:log-groups/log-group/{log_group}"
    )

    def format_link(self, **kwargs: Any) -> str:
        """The address, the slashes of the group's name written as the console does."""
        group = kwargs.get("log_group")
        if not group:
            return ""
        kwargs["log_group"] = quote_plus(quote_plus(group)).replace("%25", "$25")
        return super().format_link(**kwargs)


LOG_GROUPS = {
    "trained-model": "/aws/cleanroomsml/TrainedModels",
    "trained-model-inference-job": "/aws/cleanroomsml/TrainedModelInferenceJobs",
}
"""By the kind of a handle; see the User Guide, "Custom model logs"."""
