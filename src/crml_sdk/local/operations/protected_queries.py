"""The protected queries that ML input channels report: each is a view of its channel."""

from __future__ import annotations

from ..service.schema import JsonObject
from ..state.kinds import INPUT_CHANNEL
from ..state.records import Record
from .call import MEMBERSHIP, Call
from .collaborations import arn


def get(call: Call) -> JsonObject:
    _, member = call.membership()
    identifier = call["protectedQueryIdentifier"]
    record = call.state.index(INPUT_CHANNEL, "of", identifier).newest()
    if record is None or record.membership != member.membership_id:
        message = f"Protected query {identifier} does not exist"
        raise call.not_found(message, MEMBERSHIP, identifier)
    return {"protectedQuery": call.shown(record, _query(call, record))}


def list_queries(call: Call) -> JsonObject:
    _, member = call.membership()
    status = call.params.get("status")
    return call.page(
        "protectedQueries",
        INPUT_CHANNEL,
        member.membership_id,
        keep=lambda record: status in (None, _status(record)),
        row=lambda record: _query(call, record),
    )


def _status(record: Record) -> str:
    """The query has run, even if the channel's data was deleted."""
    running = {
        "CREATE_PENDING": "SUBMITTED",
        "CREATE_IN_PROGRESS": "STARTED",
        "CREATE_FAILED": "FAILED",
    }
    return running.get(record.status, "SUCCESS")


def _query(call: Call, record: Record) -> JsonObject:
    data = record.data
    asked: JsonObject = data["inputChannel"]["dataSource"]["protectedQueryInputParameters"]
    query = {
        "id": data["protectedQueryIdentifier"],
        "membershipId": record.membership,
        "membershipArn": arn(call, record.owner, "membership", str(record.membership)),
        "createTime": data["createTime"],
        "status": _status(record),
        "sqlParameters": asked["sqlParameters"],
        "receiverConfigurations": [{"analysisType": "ADDITIONAL_ANALYSIS"}],
        "queryComputePayerAccountId": data.get("payerConfiguration", {}).get(
            "computePayerAccountId"
        ),
    }
    if "computeConfiguration" in asked:
        query["computeConfiguration"] = asked["computeConfiguration"]
    details: JsonObject | None = data.get("statusDetails")
    if details is not None and query["status"] == "FAILED":
        query["error"] = {
            "code": details.get("statusCode", "InternalError"),
            "message": details.get("message", ""),
        }
    return query


HANDLERS = {"GetProtectedQuery": get, "ListProtectedQueries": list_queries}
