"""botocore's errors become ours, at one place."""

from __future__ import annotations

from typing import Any

from botocore import exceptions

from .. import errors
from .transport import TRANSPORT, described, surely_not_sent

_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
)


def translated(error: Exception, operation: str) -> Exception:
    """Our error for one of botocore's; anything else comes back as it is.

    Args:
        error: What the client raised.
        operation: The documented name of the operation.
    """
    if isinstance(error, errors.CleanRoomsMLError):
        return error
    if isinstance(error, exceptions.ClientError):
        return service_error(error.response, operation)  # pyright: ignore
    if isinstance(error, TRANSPORT):
        sent = False if surely_not_sent(error) else None
        return errors.TransportError(operation, described(error), sent)
    return configuration_error(error, operation)


def service_error(response: Any, operation: str) -> errors.ServiceError:
    """Our class for an error reply, by its code."""
    code = str(response.get("Error", {}).get("Code", ""))
    # The header form of a code may carry a namespace in front and a documentation link behind.
    plain = code.rpartition("#")[2].partition(":")[0]
    return errors.SERVICE_ERRORS.get(plain, errors.ServiceError)(response, operation)


def configuration_error(error: Exception, operation: str) -> Exception:
    """Our error for what keeps a request from being built at all."""
    if isinstance(error, _NO_CREDENTIALS):
        return errors.MissingCredentials(
            f"{operation}: {error}. Configure a profile, environment variables or a role; nothing was sent"
        )
    if isinstance(error, exceptions.NoRegionError):
        return errors.MissingRegion(
            f"{operation}: no region. Pass region_name=, or set AWS_REGION or a profile's region"
        )
    if isinstance(error, exceptions.BotoCoreError):
        return errors.ConfigurationError(f"{operation}: {error}")
    if isinstance(error, ValueError) and "Invalid endpoint" in str(error):
        return errors.ConfigurationError(f"{operation}: {error}")
    return error
