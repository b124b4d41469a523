"""Every error that the SDK raises.

CleanRoomsMLError
├── ConfigurationError            nothing was sent: the client cannot be set up
│   ├── MissingRegion             no region is configured
│   ├── UnknownRegion             no partition has a region of that name
│   └── MissingCredentials        no credentials were found
│       └── CredentialRefreshError    they could not be renewed
├── RequestValidationError        nothing was sent: the service would refuse the arguments
├── ArnError                      nothing was sent: not an ARN, or one of another kind
├── MissingMembership             nothing was sent: no membership is known
├── VersionRequired               nothing was sent: the call names no version
├── NoSuchVersion                 the model has no such version
├── NoSuchName                    nothing has exactly that name
├── AmbiguousName                 several resources have exactly that name
│   └── ResumeAmbiguous           nothing was sent: an earlier try may have made any of them
├── ResumeMismatch                nothing was sent: the name is taken by a resource with other settings
├── PaginationStalled             the list would never end
├── ServiceError                  the service answered with an error (botocore's ClientError too)
│   ├── AccessDeniedException         403
│   ├── ConflictException             409
│   ├── InternalServerException       500, of AWS Clean Rooms
│   ├── InternalServiceException      500
│   ├── ResourceNotFoundException     404
│   ├── ServiceQuotaExceededException 402, with quota_name and quota_value
│   ├── ThrottlingException           429
│   └── ValidationException           400
├── ResponseShapeError            the reply is not as documented
├── TransportError                no reply came
│   └── CallTimeout               the timeout of one call passed
├── ClientClosed                  the client was closed before or during the call
├── OutcomeUnknown                a create or start may or may not have happened
├── WaitsFailed                   some of many waits failed
├── WaitTimeout                   the deadline of a wait passed; the job goes on
└── ResourceFailed                a resource ended in a status that is not success
"""

from __future__ import annotations

from .base import CleanRoomsMLError
from .replies import (
    SERVICE_ERRORS,
    AccessDeniedException,
    CallTimeout,
    ClientClosed,
    ConflictException,
    InternalServerException,
    InternalServiceException,
    OutcomeUnknown,
    PaginationStalled,
    ResourceNotFoundException,
    ResponseShapeError,
    ServiceError,
    ServiceQuotaExceededException,
    ThrottlingException,
    TransportError,
    ValidationException,
)
from .requests import (
    AmbiguousName,
    ArnError,
    ConfigurationError,
    CredentialRefreshError,
    MissingCredentials,
    MissingMembership,
    MissingRegion,
    NoSuchName,
    NoSuchVersion,
    RequestFault,
    RequestValidationError,
    ResumeAmbiguous,
    ResumeMismatch,
    UnknownRegion,
    VersionRequired,
)
from .waits import ResourceFailed, WaitsFailed, WaitTimeout

PERMANENT = (
    AccessDeniedException,
    ArnError,
    RequestValidationError,
    ResourceFailed,
    ResumeAmbiguous,
    ResumeMismatch,
    ValidationException,
)
"""Errors that another try of the same task would meet again, so an orchestrator need not retry."""

__all__ = [
    "CleanRoomsMLError",
    "ConfigurationError",
    "MissingRegion",
    "UnknownRegion",
    "MissingCredentials",
    "RequestFault",
    "CredentialRefreshError",
    "RequestValidationError",
    "ArnError",
    "MissingMembership",
    "VersionRequired",
    "NoSuchVersion",
    "NoSuchName",
    "AmbiguousName",
    "ResumeAmbiguous",
    "ResumeMismatch",
    "ServiceError",
    "AccessDeniedException",
    "ConflictException",
    "InternalServerException",
    "InternalServiceException",
    "ResourceNotFoundException",
    "ServiceQuotaExceededException",
    "ThrottlingException",
    "ValidationException",
    "ResponseShapeError",
    "TransportError",
    "CallTimeout",
    "ClientClosed",
    "OutcomeUnknown",
    "PaginationStalled",
    "SERVICE_ERRORS",
    "WaitTimeout",
    "ResourceFailed",
    "WaitsFailed",
    "PERMANENT",
]

# Tracebacks and pickles name the place that callers import from.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
