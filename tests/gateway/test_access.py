"""Who may call, under which rules, what is refused, and what stays secret."""

from __future__ import annotations

import hashlib
import logging

import openai
import pytest
from starlette.responses import JSONResponse

from guardlayer import Guard, Knowledge, Policy
from guardlayer.gateway import Caller
from guardlayer.types import Principal

STALE, CURRENT = "$39", "$49"
SAID = f"The list price of Acme is {STALE}."
CHAT = {"model": "m", "messages": [{"role": "user", "content": "What is the list price of Acme?"}]}
STRICT, LOOSE = "sk-strict", "sk-loose"


def caller(key, **rules):
    """Return a caller with this key."""
    return Caller(name=key.removeprefix("sk-"), digest=hashlib.sha256(key.encode()).hexdigest(), **rules)


@pytest.fixture
def two(stage):
    """A gateway with two callers: one under strict, one under observe."""
    callers = (caller(STRICT, policy=Policy.preset("strict")), caller(LOOSE, policy=Policy.preset("observe")))
    return stage(SAID, callers=callers, default=None, upstream_key="sk-upstream")


async def ask(made, key):
    """Ask with a key."""
    return await made.raw("/v1/chat/completions", CHAT, authorization=f"Bearer {key}")


async def test_each_key_has_its_policy(two):
    """Whose key it is decides what may be shown, and the verdict names the policy."""
    strict, loose = await ask(two, STRICT), await ask(two, LOOSE)
    assert strict.json()["choices"][0]["finish_reason"] == "content_filter"
    assert strict.headers["x-guardlayer-policy"].startswith("strict@")
    assert loose.json()["choices"][0]["message"]["content"] == SAID
    assert loose.headers["x-guardlayer-policy"].startswith("observe@")


@pytest.mark.parametrize("key", ["sk-nobody", "", STRICT + "x", STRICT[:-1], "ü"])
async def test_other_keys_are_refused(two, key):
    """A key that is nobody's gets 401, as the client expects it, and the upstream is not asked."""
    raw = await two.raw("/v1/chat/completions", CHAT, authorization=f"Bearer {key}".encode())
    assert raw.status_code == 401
    assert raw.json()["error"]["code"] == "invalid_api_key"
    assert not two.upstream.paths
    for path in ("/v1/models", "/v1/checks", "/v1/embeddings"):
        assert (await two.http.get(path)).status_code in (401, 405)


async def test_every_api_asks_for_the_key(two):
    """Nothing but health and metrics answers without one."""
    for path in ("/v1/responses", "/v1/checks", "/beta/litellm_basic_guardrail_api", "/v1/embeddings", "/v1/other"):
        assert (await two.raw(path, {})).status_code == 401
    assert (await two.http.get("/v1/models")).status_code == 401
    assert (await two.http.get("/healthz")).json()["status"] == "ok"
    assert (await two.http.get("/metrics")).status_code == 200


async def test_a_caller_may_have_a_guard_of_its_own(stage):
    """Its knowledge answers, and its log keeps the record."""
    own = Guard(knowledge=None, log=None, policy="annotate")
    made = stage(SAID, callers=(caller(STRICT, guard=own),))
    assert "[unsupported: no source found]" in (await ask(made, STRICT)).text
    assert CURRENT in (await ask(made, LOOSE)).text
    assert len(made.log.reports) == 1


async def test_a_key_says_for_whom_the_guard_acts(stage):
    """What its principal may not read is in no answer, stream, verdict or header; who may, gets the correction."""
    kb = Knowledge.open(":memory:")
    kb.add("Ann Bell", "salary", "$104,000", source="payroll")
    kb.permissions.set(
        'permit(principal in Group::"hr", action == Action::"read", resource);', author="dana", reason="private"
    )
    guard = Guard(knowledge=kb, permissions=kb.permissions, log=None)
    hana = caller(STRICT, principal=Principal("hana", attributes={"groups": ["hr"]}))
    made = stage(
        "The salary of Ann Bell is $99,000.",
        guard=guard,
        callers=(hana, caller(LOOSE, principal=Principal("sam", attributes={"groups": ["sales"]}))),
        default=Caller(),
    )
    assert "$104,000" in (await ask(made, STRICT)).json()["choices"][0]["message"]["content"]
    for key in (LOOSE, "sk-nobody"):
        streamed = await made.raw("/v1/chat/completions", {**CHAT, "stream": True}, authorization=f"Bearer {key}")
        checked = await made.raw(
            "/v1/checks", {"text": "The salary of Ann Bell is $99,000."}, authorization=f"Bearer {key}"
        )
        for answered in (await ask(made, key), streamed, checked):
            assert answered.status_code == 200
            assert "104,000" not in answered.text
            assert "104,000" not in str(answered.headers)
            assert "payroll" not in answered.text


async def test_no_header_or_field_of_a_request_changes_the_rules(stage):
    """A client cannot choose the policy, the upstream, or to go unchecked."""
    made = stage(SAID)
    body = {**CHAT, "guardlayer": {"policy": "observe"}, "policy": "observe", "base_url": "http://evil.example"}
    raw = await made.raw(
        "/v1/chat/completions?upstream=http://evil.example&policy=observe", body,
        **{"x-guardlayer-policy": "observe", "host": "evil.example", "x-forwarded-host": "evil.example"},
    )  # fmt: skip
    assert CURRENT in raw.text
    assert made.upstream.headers[0]["host"] == "upstream.example"
    assert not {"x-guardlayer-policy", "x-forwarded-host"} & set(made.upstream.headers[0])


async def test_the_upstreams_key_takes_the_place_of_the_clients(two, stage):
    """With a key of its own the gateway shows that, and never the client's; without one it passes the client's on."""
    await two.raw("/v1/chat/completions", CHAT, **{"authorization": f"Bearer {STRICT}", "api-key": "mine"})
    assert two.upstream.headers[0]["authorization"] == "Bearer sk-upstream"
    assert "api-key" not in two.upstream.headers[0]
    made = stage(SAID)
    await made.chat()
    assert made.upstream.headers[0]["authorization"] == "Bearer sk-client"


async def test_no_key_and_no_text_is_logged(stage, caplog):
    """At any level, in success and failure, the log has the trace and neither keys nor texts."""
    made = stage(SAID, upstream_key="sk-upstream", policy="strict", raises=True)
    error = {"message": "Incorrect API key provided: sk-upstream", "code": "invalid_api_key"}
    with caplog.at_level(logging.DEBUG):
        raw = await ask(made, "sk-client")
        made.upstream.override = lambda _: JSONResponse({"error": error}, 401)
        refused = await ask(made, "sk-client")
        made.upstream.override = lambda _: JSONResponse({"error": error}, 400)
        masked = await ask(made, "sk-client")
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("guardlayer"))
    assert raw.headers["x-guardlayer-trace"] in ours
    for secret in ("sk-upstream", "sk-client", STALE, "list price"):
        assert secret not in ours
    assert refused.status_code == 502
    assert "sk-upstream" not in refused.text + masked.text
    assert "[key]" in masked.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/completions"), ("POST", "/v1/audio/speech"), ("POST", "/v1/audio/transcriptions"),
        ("GET", "/v1/responses/resp_1"), ("GET", "/v1/responses/resp_1/input_items"), ("POST", "/v1/batches"),
        ("GET", "/v1/chat/completions"), ("GET", "/v1/chat/completions/chatcmpl-1"), ("POST", "/v1/threads/runs"),
        ("GET", "/v1/files/file-1/content"), ("POST", "/v1/assistants"), ("GET", "/v1/conversations/c/items"),
        ("POST", "/v1/realtime/sessions"), ("DELETE", "/v1/models/m"), ("POST", "/v1/models"), ("POST", "/v1/messages"),
        ("GET", "/v1/modelsx"),
    ],
)  # fmt: skip
async def test_what_would_lead_around_the_guard_is_501(stage, method, path):
    """Paths on which a model's words could come back unchecked are not served, and the error says what to do."""
    made = stage(SAID)
    raw = await made.http.request(method, path)
    assert raw.status_code == 501
    assert raw.json()["error"]["code"] == "not_guarded"
    assert "/v1/chat/completions" in raw.json()["error"]["message"]
    assert not made.upstream.paths


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../chat/completions", "/v1/models/%2e%2e/chat/completions", "/v1/models/..%2fcompletions",
        "/v1/models/%2e%2e%2fcompletions", "/v1/models//x", "/v1/models/..\\completions", "/v1/models/a%0d%0ab",
        "/v1/models/./x",
    ],
)  # fmt: skip
async def test_a_path_cannot_climb_out_of_what_is_passed_on(stage, path):
    """The upstream never sees a path that it could read otherwise than we did."""
    made = stage(SAID)
    scope = {
        "type": "http", "method": "GET", "path": path.replace("%2e", ".").replace("%2f", "/").replace("%0d%0a", "\r\n"),
        "raw_path": path.encode(), "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http",
        "server": ("g", 80), "client": ("c", 1), "root_path": "",
    }  # fmt: skip
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False} if not sent else {"type": "http.disconnect"}

    async def send(message):
        sent.append(message)

    await made.app(scope, receive, send)
    assert sent[0]["status"] in (400, 404)
    assert not made.upstream.paths


async def test_models_and_embeddings_pass(stage):
    """What holds no statements passes as it is, ids with slashes included."""
    made = stage(SAID)
    assert [model.id async for model in made.client.models.list()] == ["fake"]
    assert (await made.client.models.retrieve("org/model-7b")).id == "org/model-7b"
    assert (await made.client.embeddings.create(model="m", input="x", encoding_format="float")).data[0].embedding == [
        0.5,
        0.25,
    ]
    assert made.upstream.paths == ["/v1/models", "/v1/models/org/model-7b", "/v1/embeddings"]


async def test_an_operator_may_pass_more_on_by_name(stage):
    """A path that is listed as unguarded passes, with what is below it and nothing beside it."""
    made = stage("unchecked", unguarded=("/v1/batches",))
    assert (await made.http.get("/v1/batches/b1")).json() == {"said": "unchecked"}
    assert (await made.http.get("/v1/batchesx")).status_code == 501


async def test_a_request_is_bounded(stage):
    """A body over the limit is refused, whether its length is declared or not, and the upstream is not asked."""
    made = stage(SAID, max_request=1000)

    async def pieces():
        for _ in range(100):
            yield b"x" * 100

    assert (await made.http.post("/v1/chat/completions", content=b"x" * 1001)).status_code == 413
    assert (await made.http.post("/v1/chat/completions", content=pieces())).status_code == 413
    assert not made.upstream.paths


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"), (b"[]", "bad_json"), (b"{", "bad_json"), (b"\xff", "bad_json"), (b'"x"', "bad_json"),
        (b"{}", "bad_messages"), (b'{"messages": []}', "bad_messages"), (b'{"messages": ["x"]}', "bad_messages"),
        (b'{"messages": [{"role": "user"}], "n": 0}', "bad_n"), (b'{"messages": [{"role": "user"}], "n": true}', "bad_n"),
        (b'{"messages": [{"role": "user"}], "n": 1000}', "bad_n"),
        (b'{"messages": [{"role": "user"}], "stream": "yes"}', "bad_stream"),
        (b'{"messages": [{"role": "user"}], "modalities": ["text", "audio"]}', "not_guarded"),
        (b'{"messages": [{"role": "user"}], "audio": {"voice": "x"}}', "not_guarded"),
        (b'{"messages": [' + b",".join([b'{"role": "tool", "content": "x"}'] * 1001) + b"]}", "bad_input"),
    ],
)  # fmt: skip
async def test_a_bad_request_is_the_clients_error(stage, body, code):
    """What cannot be read is refused with a code, before the upstream is asked."""
    made = stage(SAID)
    raw = await made.http.post("/v1/chat/completions", content=body)
    assert raw.status_code in (400, 501)
    assert raw.json()["error"]["code"] == code
    assert not made.upstream.paths


async def test_the_wrong_method_and_other_paths_are_errors(stage):
    """Outside the API there is nothing."""
    made = stage(SAID)
    assert (await made.http.get("/")).status_code == 404
    assert (await made.http.get("/docs")).status_code == 404
    assert (await made.http.put("/v1/responses")).status_code == 501
    with pytest.raises(openai.NotFoundError):
        await made.client.with_options(base_url="http://gateway.example/v2").models.list()
