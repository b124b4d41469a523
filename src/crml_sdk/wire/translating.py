"""botocore's errors become the SDK's, in one place."""

from __future__ import annotations

from typing import Any

from botocore import exceptions

from .. import errors
from .transport import TRANSPORT, described, surely_not_sent, unusable_tls

_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    *([exceptions.LoginError] if hasattr(exceptions, "LoginError") else []),
)
"""Somebody has to do something before there are credentials: log in, or write a profile."""

_NOT_RENEWED = (exceptions.CredentialRetrievalError, exceptions.MetadataRetrievalError)
"""The source of credentials failed, and may work again."""

_STALE = "refreshed credentials are still expired"
"""What botocore says, in a RuntimeError, when the source gave nothing newer."""

_THROTTLING = ("TooManyRequestsException", "RequestLimitExceeded", "SlowDown")
"""Other names for a ThrottlingException, some of which come with status 400; and every name with
"Throttl" in it. botocore's standard retries take them for throttling, and they say nothing else."""


def translated(error: Exception, operation: str) -> Exception:
    """The SDK's error for one of botocore's; anything else comes back as it is.

    Args:
        error: What the client raised.
        operation: The documented name of the operation.
    """
    if isinstance(error, errors.CleanRoomsMLError):
        return error
    if isinstance(error, exceptions.ClientError):
        return service_error(error.response, operation)  # pyright: ignore
    if isinstance(error, TRANSPORT) and unusable_tls(error) is None:
        sent = False if surely_not_sent(error) else None
        return errors.TransportError(operation, described(error), sent)
    return configuration_error(error, operation)


def service_error(response: Any, operation: str) -> errors.ServiceError:
    """The SDK's error for an error reply, by its code."""
    code = str(response.get("Error", {}).get("Code", ""))
    # The header form of a code may carry a namespace in front and a documentation link behind.
    plain = code.rpartition("#")[2].partition(":")[0]
    if "Throttl" in plain or plain in _THROTTLING:
        return errors.ThrottlingException(response, operation)
    return errors.SERVICE_ERRORS.get(plain, errors.ServiceError)(response, operation)


def configuration_error(error: Exception, operation: str) -> Exception:
    """The SDK's error for what keeps a request from being built at all."""
    if isinstance(error, _NOT_RENEWED) or (
        isinstance(error, RuntimeError) and _STALE in str(error)
    ):
        return errors.CredentialRefreshError(
            f"{operation}: the credentials could not be renewed: {error}; nothing was sent"
        )
    if isinstance(error, _NO_CREDENTIALS):
        return errors.MissingCredentials(
            f"{operation}: {error}. Configure a profile, environment variables or a role; nothing was sent"
        )
    if isinstance(error, (OSError, *TRANSPORT)) and (why := unusable_tls(error)) is not None:
        return errors.ConfigurationError(f"{operation}: {why}; nothing was sent")
    if isinstance(error, exceptions.NoRegionError):
        return errors.MissingRegion(
            f"{operation}: no region. Pass region_name=, or set AWS_REGION or a profile's region"
        )
    is_endpoint = isinstance(error, ValueError) and "Invalid endpoint" in str(error)
    if is_endpoint or isinstance(error, exceptions.BotoCoreError):
        return errors.ConfigurationError(f"{operation}: {error}")
    return error


def seconds_left(client: Any) -> float | None:
    """For how long the credentials that a client has are valid; None for none, or no known end.

    Args:
        client: An aiobotocore client.
    """
    credentials: Any = getattr(client._request_signer, "_credentials", None)
    # Those that come when they are first needed have no end before.
    if getattr(credentials, "_expiry_time", None) is None:
        return None
    return float(credentials._seconds_remaining())
