"""Links of a task in Airflow's user interface."""

# Airflow comes without complete types.
# pyright: basic, reportMissingImports=false, reportUntypedBaseClass=false

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

from airflow.providers.amazon.aws.links.base_aws import BASE_AWS_CONSOLE_LINK, BaseAwsLink


class CleanRoomsMLConsoleLink(BaseAwsLink):
    """The membership in the AWS console.

    The URLs of models and jobs are not documented, so the link leads to the membership's page, which
    links to them. Its form is not documented; assumed.
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
        """The URL, with the slashes of the log group encoded as the console does.

        Args:
            kwargs: The values for `format_str`.

        Returns:
            The URL, or an empty string without a log group.
        """
        group = kwargs.get("log_group")
        if not group:
            return ""
        kwargs["log_group"] = quote_plus(quote_plus(group)).replace("%25", "$25")
        return super().format_link(**kwargs)


LOG_GROUPS = {
    "trained-model": "/aws/cleanroomsml/TrainedModels",
    "trained-model-inference-job": "/aws/cleanroomsml/TrainedModelInferenceJobs",
}
"""Log groups by the kind of a handle. See the User Guide, "Custom model logs"."""
