"""The scenes. A new one is a function with `@scene`, and its name in `SCENES`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

from botocore.awsrequest import AWSResponse

from ...support.canned import CannedServer, error, reply
from ...support.samples import MODEL, model_reply
from .servers import Proxy
from .stage import Scene, Stage, body_for, packed, scene

Scenes = AsyncIterator[None]
OK_GET, OK_CREATE = ("ok", "m"), ("ok", MODEL)

# Proxies


def _proxied(stage: Stage, proxy: Proxy, *, user: str = "") -> str:
    stage.proxy = proxy
    return f"http://{user}{proxy.address}"


def _proxy_in(variable: str, **options: Any) -> Scene:
    @scene(f"a proxy in {variable}", **options)
    async def arrange(stage: Stage) -> Scenes:
        async with Proxy() as proxy:
            stage.environment.setenv(variable, _proxied(stage, proxy))
            yield

    return arrange


@scene("a proxy in the config")
async def proxy_in_config(stage: Stage) -> Scenes:
    async with Proxy() as proxy:
        stage.config = {"proxies": {"http": _proxied(stage, proxy)}}
        yield


@scene("a proxy that asks for a name and password")
async def proxy_with_password(stage: Stage) -> Scenes:
    async with Proxy(user="ann:secret") as proxy:
        stage.environment.setenv("HTTP_PROXY", _proxied(stage, proxy, user="ann:secret@"))
        yield


@scene("a proxy that is told a wrong password")
async def proxy_with_wrong_password(stage: Stage) -> Scenes:
    async with Proxy(user="ann:secret") as proxy:
        stage.environment.setenv("HTTP_PROXY", _proxied(stage, proxy, user="ann:wrong@"))
        yield


@scene("a proxy that is not there")
async def proxy_down(stage: Stage) -> Scenes:
    stage.environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    yield


@scene("a proxy that NO_PROXY goes around")
async def proxy_gone_around(stage: Stage) -> Scenes:
    stage.environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    stage.environment.setenv("NO_PROXY", "example.org,127.0.0.1")
    yield


@scene("a proxy for TLS alone, and an endpoint without", full=True)
async def proxy_for_the_other_scheme(stage: Stage) -> Scenes:
    stage.config = {"proxies": {"https": "http://127.0.0.1:9"}}
    yield


def _connect(name: str, *, user: str | None = None, refuses: int = 200, **options: Any) -> Scene:
    @scene(name, **options)
    async def arrange(stage: Stage) -> Scenes:
        async with Proxy(user=user, refuses=refuses) as proxy, _over_tls(stage):
            given = f"{user}@" if user else ""
            stage.environment.setenv("HTTPS_PROXY", _proxied(stage, proxy, user=given))
            stage.environment.setenv("AWS_CA_BUNDLE", stage.certificates.bundle)
            yield

    return arrange


@scene("a proxy that is itself spoken to over TLS", full=True)
async def proxy_over_tls(stage: Stage) -> Scenes:
    async with Proxy(tls=stage.certificates.service) as proxy, _over_tls(stage):
        _proxied(stage, proxy)
        stage.config = {
            "proxies": {"https": f"https://{proxy.address}"},
            "proxies_config": {"proxy_ca_bundle": stage.certificates.bundle},
        }
        stage.environment.setenv("AWS_CA_BUNDLE", stage.certificates.bundle)
        yield


# TLS


class _over_tls:
    """The stage's service, over TLS from now on."""

    def __init__(self, stage: Stage, *, demanding: bool = False) -> None:
        certificates = stage.certificates
        context = certificates.demanding if demanding else certificates.service
        self._stage = stage
        self._service = CannedServer(tls=context)

    async def __aenter__(self) -> None:
        await self._service.__aenter__()
        self._stage.service, self._stage.endpoint = self._service, self._service.url

    async def __aexit__(self, *rest: object) -> None:
        await self._service.__aexit__(*rest)


def _trust_by(variable: str, **options: Any) -> Scene:
    @scene(f"a private CA in {variable}", **options)
    async def arrange(stage: Stage) -> Scenes:
        stage.environment.setenv(variable, stage.certificates.bundle)
        async with _over_tls(stage):
            yield

    return arrange


@scene("a private CA in the profile")
async def trust_by_profile(stage: Stage) -> Scenes:
    stage.profile(f"[default]\nca_bundle = {stage.certificates.bundle}\n")
    async with _over_tls(stage):
        yield


@scene("a private CA set on the session", full=True)
async def trust_by_session(stage: Stage) -> Scenes:
    bundle = stage.certificates.bundle
    stage.session = lambda session: session.set_config_variable("ca_bundle", bundle)
    async with _over_tls(stage):
        yield


_NOT_TRUSTED = ("configuration", ""), "a certificate that is not trusted does not pass by itself"


@scene(
    "a private CA that nobody trusts",
    differs={"get": _NOT_TRUSTED, "create": _NOT_TRUSTED, "wait": _NOT_TRUSTED},
)
async def trust_by_nobody(stage: Stage) -> Scenes:
    stage.environment.setenv("AWS_CA_BUNDLE", stage.certificates.other_bundle)
    async with _over_tls(stage):
        yield


@scene("a service that asks for a certificate")
async def client_certificate(stage: Stage) -> Scenes:
    stage.environment.setenv("AWS_CA_BUNDLE", stage.certificates.bundle)
    stage.config = {"client_cert": stage.certificates.client}
    async with _over_tls(stage, demanding=True):
        yield


@scene("a service that asks for a certificate, and gets none", full=True)
async def no_client_certificate(stage: Stage) -> Scenes:
    stage.environment.setenv("AWS_CA_BUNDLE", stage.certificates.bundle)
    async with _over_tls(stage, demanding=True):
        yield


# Credentials


@scene("temporary credentials")
async def session_token(stage: Stage) -> Scenes:
    stage.environment.setenv("AWS_SESSION_TOKEN", "token/+=")
    yield


@scene("credentials of a profile", full=True)
async def profile_credentials(stage: Stage) -> Scenes:
    stage.environment.delenv("AWS_ACCESS_KEY_ID")
    stage.environment.delenv("AWS_SECRET_ACCESS_KEY")
    stage.profile("[default]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n")
    yield


def _container(name: str, minutes: float, status: int = 200, **options: Any) -> Scene:
    @scene(name, **options)
    async def arrange(stage: Stage) -> Scenes:
        until = datetime.now(timezone.utc) + timedelta(minutes=minutes)
        given = {
            "AccessKeyId": "AKIDCONTAINER",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        async with CannedServer(answers=[reply(status, given)]) as source:
            stage.environment.delenv("AWS_ACCESS_KEY_ID")
            stage.environment.delenv("AWS_SECRET_ACCESS_KEY")
            stage.environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{source.url}/c")
            yield

    return arrange


@scene("no credentials at all")
async def no_credentials(stage: Stage) -> Scenes:
    stage.environment.delenv("AWS_ACCESS_KEY_ID")
    stage.environment.delenv("AWS_SECRET_ACCESS_KEY")
    yield


# Where the service is


def _endpoint_in(variable: str, region: str = "us-east-1", **options: Any) -> Scene:
    @scene(f"an endpoint in {variable}, region {region}", **options)
    async def arrange(stage: Stage) -> Scenes:
        stage.environment.setenv(variable, str(stage.endpoint))
        stage.endpoint, stage.region = None, region
        yield

    return arrange


@scene("an endpoint in the services section of the profile")
async def endpoint_in_services(stage: Stage) -> Scenes:
    stage.profile(
        "[default]\nservices = mine\n"
        f"[services mine]\ncleanroomsml =\n  endpoint_url = {stage.endpoint}\n"
    )
    stage.endpoint = None
    yield


@scene("an endpoint in the profile", full=True)
async def endpoint_in_profile(stage: Stage) -> Scenes:
    stage.profile(f"[default]\nendpoint_url = {stage.endpoint}\n")
    stage.endpoint = None
    yield


@scene("configured endpoints that are to be ignored")
async def endpoint_ignored(stage: Stage) -> Scenes:
    stage.environment.setenv("AWS_ENDPOINT_URL", str(stage.endpoint))
    stage.environment.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    stage.environment.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # so that nothing leaves
    stage.endpoint = None
    yield


@scene("an endpoint with a path", full=True)
async def endpoint_with_path(stage: Stage) -> Scenes:
    stage.endpoint = f"{stage.endpoint}/base:path"
    yield


@scene("a pseudo region")
async def pseudo_region(stage: Stage) -> Scenes:
    stage.region = "us-east-1-fips"
    yield


# Retries

NO = error("InternalServiceException", 500)
BUSY = error("ThrottlingException", 429)


def _retries(
    name: str,
    config: dict[str, Any],
    variable: tuple[str, str] | None = None,
    again: bool = True,
    full: bool = False,
) -> Scene:
    end = ("service", "InternalServiceException")
    # The first answer is a fault, the second one is good.
    differs = {"wait": (OK_GET, "a wait asks again itself")}
    if again:
        differs["create"] = end, "a create that may have happened is not sent again"

    @scene(name, loose=True, differs=differs, full=full)
    async def arrange(stage: Stage) -> Scenes:
        stage.config = {"retries": config} if config else {}
        if variable is not None:
            stage.environment.setenv(*variable)
        stage.answers = lambda _: [NO, None]
        yield

    return arrange


@scene("throttled twice")
async def throttled(stage: Stage) -> Scenes:
    stage.answers = lambda _: [BUSY, BUSY, None]
    yield


@scene("throttled for ever", full=True)
async def throttled_for_ever(stage: Stage) -> Scenes:
    stage.answers = lambda _: [BUSY]
    yield


# Hooks


@scene("a handler of before-send that looks on")
async def looks_on(stage: Stage) -> Scenes:
    stage.client = lambda client: client.meta.events.register(
        "before-send.cleanroomsml", lambda **_: None
    )
    yield


@scene("a handler of before-call that answers")
async def answers_before_call(stage: Stage) -> Scenes:
    def answer(model: Any, **_: Any) -> Any:
        created = {"trainedModelArn": MODEL}
        given = created if model.name == "CreateTrainedModel" else _as_botocore(model_reply())
        return AWSResponse("http://x", 200, {}, None), {**given, "ResponseMetadata": {}}

    stage.client = lambda client: client.meta.events.register("before-call.cleanroomsml", answer)
    yield


def _as_botocore(members: dict[str, Any]) -> dict[str, Any]:
    times = {name: datetime(2026, 1, 1, tzinfo=timezone.utc) for name in members if "Time" in name}
    return {**members, **times}


@scene("a handler that adds a header")
async def adds_header(stage: Stage) -> Scenes:
    def add(request: Any, **_: Any) -> None:
        request.headers["X-Mine"] = "1"

    stage.client = lambda client: client.meta.events.register("before-sign.cleanroomsml", add)
    yield


# Replies


def _raw(head: str, body: bytes) -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode() + body


def _reply(name: str, make: Any, **options: Any) -> Scene:
    @scene(name, **options)
    async def arrange(stage: Stage) -> Scenes:
        stage.answers = lambda request: [make(request)]
        yield

    return arrange


def _chunked(request: Any) -> bytes:
    body = body_for(request)
    pieces = [body[:7], body[7:]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return _raw("Transfer-Encoding: chunked\r\nConnection: close", chunks + b"0\r\n\r\n")


def _with_bom(request: Any) -> Any:
    return reply(200, b"\xef\xbb\xbf" + body_for(request))


def _odd(**members: Any) -> Any:
    def make(request: Any) -> Any:
        if request.method == "POST":
            return reply(200, {"trainedModelArn": MODEL})
        return reply(200, json.dumps(model_reply(**members)).encode())

    return make


@scene("a reply that points elsewhere")
async def redirected(stage: Stage) -> Scenes:
    elsewhere = f"{stage.endpoint}/elsewhere"
    stage.answers = lambda _: [(307, {"Location": elsewhere}, b""), None]
    yield


@scene("a reply that does not come in time", loose=True)
async def slow(stage: Stage) -> Scenes:
    stage.config = {"read_timeout": 0.2, "retries": {"mode": "standard", "total_max_attempts": 1}}
    stage.answers = lambda _: ["hang"]
    yield


LENIENT = "a reply that can be understood is not given up"


def _understood(*what: str) -> dict[str, Any]:
    every = {"get": OK_GET, "create": OK_CREATE, "wait": OK_GET}
    return {name: (every[name], LENIENT) for name in what}


SCENES: list[Scene] = [
    _proxy_in("HTTP_PROXY"),
    _proxy_in("http_proxy", full=True),
    proxy_in_config,
    proxy_with_password,
    proxy_with_wrong_password,
    proxy_down,
    proxy_gone_around,
    proxy_for_the_other_scheme,
    _connect("CONNECT through a proxy"),
    _connect("CONNECT through a proxy that asks for a password", user="ann:secret"),
    _connect("CONNECT through a proxy that refuses", refuses=403, full=True),
    proxy_over_tls,
    _trust_by("AWS_CA_BUNDLE"),
    _trust_by("REQUESTS_CA_BUNDLE"),
    trust_by_profile,
    trust_by_session,
    trust_by_nobody,
    client_certificate,
    no_client_certificate,
    session_token,
    profile_credentials,
    _container("credentials that are good for an hour", 60),
    _container("credentials that are refreshed for every call", 5),
    _container("credentials that cannot be had", 60, status=403, full=True),
    no_credentials,
    _endpoint_in("AWS_ENDPOINT_URL", full=True),
    _endpoint_in("AWS_ENDPOINT_URL_CLEANROOMSML"),
    _endpoint_in("AWS_ENDPOINT_URL", "local"),
    _endpoint_in("AWS_ENDPOINT_URL_CLEANROOMSML", "us-east-9", full=True),
    endpoint_in_services,
    endpoint_in_profile,
    endpoint_ignored,
    endpoint_with_path,
    pseudo_region,
    _retries("the retries of the standard mode", {}),
    _retries("one attempt by the config", {"total_max_attempts": 1}, again=False),
    _retries("the retries of the legacy mode", {"mode": "legacy"}),
    _retries("the retries of the adaptive mode", {"mode": "adaptive"}, full=True),
    _retries("AWS_MAX_ATTEMPTS", {}, ("AWS_MAX_ATTEMPTS", "1"), again=False),
    _retries("AWS_RETRY_MODE", {}, ("AWS_RETRY_MODE", "legacy"), full=True),
    throttled,
    throttled_for_ever,
    looks_on,
    answers_before_call,
    adds_header,
    _reply("a reply in chunks", _chunked),
    _reply(
        "a reply that is cut short",
        lambda request: _raw("Content-Length: 9999", body_for(request)),
        loose=True,
    ),
    _reply(
        "a reply that is packed, which nobody asked for",
        lambda request: (200, {"Content-Encoding": "gzip"}, packed(request)),
        differs=_understood("get", "create", "wait"),
    ),
    _reply("an empty reply", lambda _: (200, {}, b""), loose=True),
    _reply("a reply that is a web page", lambda _: (200, {}, b"<html>"), loose=True),
    _reply("an error that is a web page", lambda _: (502, {}, b"<html>"), loose=True),
    _reply(
        "an error with its code in the body",
        lambda _: (400, {}, b'{"__type": "x#ValidationException"}'),
    ),
    _reply(
        "an error with its code in a header",
        lambda _: error("AccessDeniedException:http://x/", 403),
    ),
    _reply("a conflict", lambda _: error("ConflictException", 409), full=True),
    redirected,
    slow,
    _reply("a byte order mark", _with_bom, differs=_understood("get", "create", "wait")),
    _reply("half of a surrogate pair", _odd(description="\ud800")),
    _reply("seconds since the epoch", _odd(createTime=1767225600)),
    _reply("a fraction for a whole number", _odd(maxRuntimeInSeconds=3.0)),
    _reply("a member that nobody knows", _odd(surprise={"a": [1]}), full=True),
]
