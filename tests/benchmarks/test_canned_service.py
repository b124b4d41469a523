"""The canned service answers what the cases are about, or the figures would mean nothing."""

import json

from benchmarks import payload
from benchmarks.server import Connection, Replies
from benchmarks.worker import repeat


def body(reply: bytes) -> dict[str, object]:
    head, _, rest = reply.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(rest) in head
    return json.loads(rest)


def stream_target(token: object = "") -> bytes:
    target = f"/memberships/{payload.STREAM_MEMBERSHIP}/trained-models/x/versions?maxResults=100"
    return f"{target}&nextToken={token}".encode() if token else target.encode()


def test_a_page_has_a_hundred_versions_and_no_token():
    page = body(Replies(10).answer(b"GET", b"/memberships/m/trained-models/x/versions"))
    assert page == payload.page()
    assert len(json.dumps(page, separators=(",", ":"))) in range(85_000, 95_000)


def test_the_stream_ends_after_its_pages():
    replies = Replies(3)
    tokens, token = [], ""
    while True:
        page = body(replies.answer(b"GET", stream_target(token)))
        assert len(page["trainedModels"]) == 100  # type: ignore[arg-type]
        if "nextToken" not in page:
            break
        token = page["nextToken"]  # type: ignore[assignment]
        tokens.append(token)
    assert tokens == ["000000000001", "000000000002"]


def test_a_create_has_a_body_of_four_kilobytes():
    arguments = payload.create_arguments()
    del arguments["membershipIdentifier"]
    assert len(json.dumps(arguments)) == payload.CREATE_BODY_BYTES


def test_a_request_in_two_pieces_gets_one_answer():
    written: list[bytes] = []

    class Transport:
        def write(self, data: bytes) -> None:
            written.append(data)

    connection = Connection(Replies(1))
    connection._transport = Transport()  # type: ignore[assignment]
    request = b"POST /memberships/m/trained-models HTTP/1.1\r\ncontent-length: 4\r\n\r\nbody"
    connection.data_received(request[:-2])
    assert not written
    connection.data_received(request[-2:] + request)
    assert [body(reply) for reply in written] == [payload.created()] * 2


def test_jobs_are_done_in_the_third_round():
    replies = Replies(1)
    target = b"/memberships/m/trained-model-inference-jobs?maxResults=100"
    one = body(replies.answer(b"GET", target[:43] + b"/" + payload.job_arn(258).encode()))
    assert one["trainedModelInferenceJobArn"] == payload.job_arn(258)
    replies.requests.clear()
    statuses = []
    for _ in range(3):
        page = body(replies.answer(b"GET", target))
        statuses.append(page["trainedModelInferenceJobs"][0]["status"])  # type: ignore[index]
    assert statuses == ["CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "ACTIVE"]
    assert body(replies.answer(b"GET", b"/requests")) == {"rounds": 3, "lists": 3}


async def test_calls_at_once_are_made_in_batches():
    calls = []

    async def call() -> None:
        calls.append(None)

    await repeat(call, 32, 16)
    await repeat(call, 3, 1)
    assert len(calls) == 35
