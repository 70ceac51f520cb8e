"""Which addresses answer, what is asked before they do, and that none leads out of its folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from whole_server import HOST, STORY, Found, Reply, asked, routes_of, whole_server

from rag.passwords import user_line

TOKEN = "routes-token-0123456789"
BEARER = f"Bearer {TOKEN}"
CANARY = "canary-that-no-route-may-tell"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

OURS = """
    /api/ask /api/retrieve /api/verify /api/articles /api/articles/{article_id:path}
    /api/openapi.json /v1/models /v1/chat/completions /mcp /healthz /readyz /metrics
    /source /filters /newsdesk.css /newsdesk.js /cards.js /ask.js /history.js /filters.js /pages.js
    /conversations /conversations/{name} /conversations/{key}/rename /conversations/{key}/delete
    /collection /article /remove /dismiss /collections /collections-choose /collections-create
    /collections-delete /collections-describe /add /add-progress /add-batch /add-file /add-start
    /add-discard /add-urls /add-text /add-stop /add-forget
    /settings /settings-look /settings-save /settings-reset
    /evals /evals-progress /evals-run /evals-stop /evals-again /evals-forget /evals-report
    /evals-compare
""".split()
"""A new one is added here once somebody has looked at whom it asks, what it takes and where it
writes."""

OF_GRADIO = """
    / /config /theme.css /favicon.ico /manifest.json /robots.txt /assets/{path:path}
    /static/{path:path} /gradio_api/run/{api_name} /gradio_api/queue/join /gradio_api/queue/data
    /gradio_api/cancel /gradio_api/reset /gradio_api/heartbeat/{session_hash}
""".split()
"""What the page of the conversation asks for."""

CLOSED = """
    /config/ /login /login/ /logout /monitoring /monitoring/summary /monitoring/{key}
    /openapi.json /pwa_icon /pwa_icon/{size} /svelte/{path:path} /gradio_api/api/{api_name}
    /gradio_api/api/{api_name}/ /gradio_api/app_id /gradio_api/app_id/
    /gradio_api/call/v2/{api_name} /gradio_api/call/v2/{api_name}/
    /gradio_api/call/v2/{api_name}/{event_id} /gradio_api/call/{api_name}
    /gradio_api/call/{api_name}/ /gradio_api/call/{api_name}/{event_id}
    /gradio_api/component_server /gradio_api/component_server/
    /gradio_api/custom_component/{id}/{environment}/{type}/{file_name} /gradio_api/deep_link
    /gradio_api/dev/reload /gradio_api/file/{path:path} /gradio_api/file={path_or_url:path}
    /gradio_api/info /gradio_api/info/ /gradio_api/login_check /gradio_api/login_check/
    /gradio_api/openapi.json /gradio_api/process_recording /gradio_api/proxy={url_path:path}
    /gradio_api/queue/status /gradio_api/reset/ /gradio_api/run/{api_name}/ /gradio_api/runs
    /gradio_api/runs/ /gradio_api/startup-events /gradio_api/stream/{event_id}
    /gradio_api/stream/{event_id}/close
    /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file
    /gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8
    /gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}
    /gradio_api/theme.css /gradio_api/token /gradio_api/token/ /gradio_api/undo-vibe-edit
    /gradio_api/undo-vibe-edit/ /gradio_api/upload /gradio_api/upload_progress /gradio_api/user
    /gradio_api/user/ /gradio_api/vibe-code /gradio_api/vibe-code/ /gradio_api/vibe-edit
    /gradio_api/vibe-edit/ /gradio_api/vibe-starter-queries /gradio_api/vibe-starter-queries/
""".split()
"""What Gradio brings and nobody here needs."""

NOWHERE = """
    /docs /redoc /token /user /upload /file /file=/etc/passwd /file/etc/passwd
    /proxy=http://evil.example/ /custom_component/x/y/z/a.js /component_server /queue/status
    /deep_link /mcp/ /mcp/sse /mcp/messages /gradio_api/mcp /gradio_api/mcp/sse /v1 /v1/
    /v1/embeddings /v1/completions /v1/files /v1/models/newsdesk /api /api/ /api/ask/ /api/ask/x
    /api/docs /metrics/ /healthz/x /readyz/.. /.git/config /.env /rag.toml /favicon.ico/..
    /__debug__ /index.html /source/x /add/../healthz /static /assets
""".split()
"""Of no route at all."""


@pytest.fixture(scope="module")
def around(tmp_path_factory) -> Path:
    """A folder with secrets, and with the server's own folder in it."""
    around = tmp_path_factory.mktemp("around")
    for name in ("secret.md", "secret.txt", "secret.json", "state.json"):
        (around / name).write_text(f'"The secret is {CANARY}."')
    return around


@pytest.fixture(scope="module")
def served(around):
    """The whole server, the home that it may write to, and what it is made of."""
    users = [user_line("mia", "routes-password")]
    with whole_server(around / "home", server={"users": users, "token": TOKEN}) as made:
        yield made


@pytest.fixture(scope="module")
def app(served):
    return served[0]


@pytest.fixture(scope="module")
def routes(app) -> list[Found]:
    return sorted(routes_of(app.routes))


def filled(path: str) -> str:
    """An address of a route."""
    known = {"api_name": "predict", "article_id:path": "port", "path:path": "img/x.svg",
             "name": "x1.md"}  # fmt: skip
    return re.sub(r"\{([^}]+)\}", lambda part: known.get(part[1], "x1"), path)


# ---------------------------------------------------------------- which there are


def test_every_route_of_the_application_was_looked_at(routes):
    """A new one, of ours or of a new Gradio, fails here until it stands in one of the lists."""
    assert {route.path for route in routes} == {*OURS, *OF_GRADIO, *CLOSED}


async def test_what_is_not_needed_is_closed_even_with_a_password(app, routes):
    closed = [route for route in routes if route.path in CLOSED]
    assert len(closed) > 50
    for path in sorted({filled(route.path) for route in closed} | set(NOWHERE)):
        for method in METHODS:
            reply = await asked(app, method, path, authorization=BEARER)
            assert reply.status in (404, 405), (method, path, reply.status)


async def test_each_route_takes_its_own_methods_only(app, routes):
    taken: dict[str, set[str]] = {}
    for route in routes:
        if route.path in OURS:
            taken.setdefault(route.path, set()).update(route.methods or ("GET", "POST", "DELETE"))
    for path, own in taken.items():
        for method in set(METHODS) - own - {"HEAD"}:
            reply = await asked(app, method, filled(path), authorization=BEARER)
            assert reply.status in (404, 405), (method, path, reply.status)


async def test_every_route_asks_who_is_there(app, routes):
    """Made from the list of routes: one that does not ask fails here."""
    asking = set()
    for route in routes:
        for method in route.methods or ("GET", "POST", "DELETE"):
            reply = await asked(app, method, filled(route.path))
            if route.path == "/healthz":
                assert reply.status == 200
            else:
                assert reply.status in (401, 404, 405), (method, route.path, reply.status)
                asking |= {route.path} if reply.status == 401 else set()
    assert asking == {*OURS, *OF_GRADIO} - {"/healthz"}


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"http://{HOST}.evil.example"])
async def test_no_route_grants_anything_to_another_site(app, routes, origin):
    asks = {"access_control_request_method": "POST", "origin": origin, "authorization": BEARER}
    for route in routes:
        for method in (*(route.methods or ("GET", "POST")), "OPTIONS"):
            reply = await asked(app, method, filled(route.path), **asks)
            assert reply.status in (403, 404), (method, route.path, reply.status)
            assert not [name for name in reply.headers if name.startswith("access-control-")]


# ---------------------------------------------------------------- where none leads

UP = ("..", "%2e%2e", "%2E.", ".%2e", "..%00", "%252e%252e", "..%5c", "%c0%ae%c0%ae", "....", "..;",
      "%ef%bc%8e%ef%bc%8e", "..%c0%af", "%uff0e%uff0e", "..%09", "..%0d%0a")  # fmt: skip
TARGETS = ("etc/passwd", "secret.md", "state.json")


def value_forms(around: Path) -> list[str]:
    """What a field may be given to lead elsewhere."""
    place = around / "secret.md"
    ups = ["../" * depth for depth in (1, 2, 3, 8)]
    forms = [f"{up}{name}" for up in ups for name in ("secret.md", "secret", "secret.json")]
    forms += [f"{up}etc/passwd" for up in ups]
    forms += [
        str(place), str(place.with_suffix("")), str(around), f"file://{place}", f"//{place}",
        f"{place}\0", "../secret.md\0.md", "..\\..\\secret.md", "..%2f..%2fsecret.md",
        "..%252f..%252fsecret.md", "....//....//secret.md", "..;/..;/secret.md",
        "．．/．．/secret.md", "..∕..∕secret.md", "./.././../secret.md", "x/../../../secret.md",
        "port/../../../../secret.md", "~/secret.md", "~root", "$HOME/secret.md", "C:\\secret.md",
        "\\\\server\\share\\secret.md", "/proc/self/environ", "/proc/self/cwd/secret.md",
        "/dev/fd/0", "/dev/stdin", ".", "..", "../", "/", "\\", "\0", "a/./../..", "CON", "*",
        "index.conversations.sqlite", "../index/catalog.sqlite", "index/../../secret.md",
        f"{STORY.article_id}/../../../secret", "x" * 300, "../" * 60 + "secret.md",
        "%00../secret.md", "\u202e../secret.md", "..\u2028/secret.md", ".batch.json",
    ]  # fmt: skip
    return forms


def tree(folder: Path) -> dict[str, bytes]:
    """The files of a folder, apart from the server's own."""
    home = folder / "home"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and home not in path.parents
    }


def paths_of(route: Found) -> list[str]:
    """Forms of its address that lead elsewhere, as they are sent."""
    start, _, end = route.path.partition("{")
    rest = filled(end.partition("}")[2])
    return [
        f"{start}{'/'.join([up] * depth)}/{name}{rest}"
        for up in UP
        for depth, name in zip((1, 5, 9), TARGETS, strict=True)
    ]


async def test_no_address_leads_out_of_its_folder(app, routes, around):
    before = tree(around)
    taking = {route.path: route for route in routes if "{" in route.path}
    assert len(taking) > 25
    for route in taking.values():
        method = "POST" if "POST" in route.methods else "GET"
        forms = paths_of(route)
        assert len(set(forms)) >= 40
        for path in forms if route.path not in CLOSED else forms[::7]:
            reply = await asked(app, method, path, authorization=BEARER)
            assert reply.status in (404, 405, 409, 422), (path, reply.status)
            assert not told(reply)
    assert tree(around) == before


def told(reply: Reply) -> bool:
    """Whether it holds what lies outside."""
    return CANARY in reply.text or "root:x" in reply.text


NAMING = """
    batch path id article also copy folder name run key after c label deep_link page urls url
""".split()
"""What names something that is stored, or will be."""
FILLERS = {"path": "a.md", "id": "port", "article": "port", "text": "words", "folder": "index"}


def naming(routes: list[Found]) -> Iterator[tuple[Found, str, str]]:
    """Each field of a route that answers, with its kind, that names something."""
    for route in routes:
        if route.path not in CLOSED:
            for kind, name in route.fields:
                if kind in ("query", "form") and name in NAMING:
                    yield route, kind, name


async def test_no_field_leads_out_of_its_folder(app, routes, around):
    """Every field that names something, of every route that answers, with every form."""
    before, forms = tree(around), value_forms(around)
    assert len(set(forms)) >= 40
    batch = (await asked(app, "POST", "/add-batch", authorization=BEARER)).text
    tried = set()
    for route, kind, name in naming(routes):
        tried.add((route.path, name))
        own = {field: FILLERS.get(field, "1") for of, field in route.fields if of == kind}
        own |= {"batch": batch} if "batch" in own else {}
        for form in forms:
            values = urlencode({**own, name: form}, errors="replace")
            sent = (
                {"query": values}
                if kind == "query"
                else {"body": values.encode(), "content_type": "application/x-www-form-urlencoded"}
            )
            if route.path == "/add-file":
                sent["body"] = b"Uploaded."
            reply = await asked(
                app, route.methods[0], filled(route.path), authorization=BEARER, **sent
            )
            assert reply.status < 500 or reply.status == 507, (route.path, name, form, reply)
            assert not told(reply), (route.path, name, form)
    assert tried >= {
        ("/add-file", "path"), ("/add-file", "batch"), ("/add-start", "batch"), ("/article", "id"),
        ("/add-discard", "batch"), ("/source", "article"), ("/collections-choose", "folder"),
        ("/collections-create", "name"), ("/collections-delete", "folder"),
        ("/evals-report", "run"), ("/evals-run", "name"),
        ("/", "deep_link"), ("/config", "deep_link"), ("/dismiss", "path"), ("/remove", "id"),
    }  # fmt: skip
    assert tree(around) == before, "nothing was written outside"


@pytest.mark.parametrize(
    "path", ["/api/ask", "/api/retrieve", "/api/verify", "/v1/chat/completions"]
)
async def test_no_field_of_json_leads_out_of_its_folder(app, around, path):
    before = tree(around)
    for form in value_forms(around):
        question = {"question": form, "filters": {"article_ids": [form]}, "without": [form]}
        body = {
            "/api/verify": {"text": form, "article_ids": [form]},
            "/v1/chat/completions": {
                "model": "newsdesk", "messages": [{"role": "user", "content": form}],
                "newsdesk": {"filters": {"article_ids": [form]}},
            },
        }.get(path, question)  # fmt: skip
        reply = await asked(
            app, "POST", path, body=json.dumps(body).encode(), authorization=BEARER,
            content_type="application/json",
        )  # fmt: skip
        assert reply.status < 500, (form, reply)
        assert not told(reply), form
    assert tree(around) == before


async def test_events_of_the_page_read_no_file(app, around):
    """A file given as the value of a component is how Gradio's routes once read anything."""
    config = json.loads((await asked(app, "GET", "/config", authorization=BEARER)).text)
    place = str(around / "secret.md")
    file = {"path": place, "url": f"file={place}", "meta": {"_type": "gradio.FileData"}}
    for event in config["dependencies"]:
        for value in (file, [{"role": "user", "content": [{"file": file}]}], place):
            data = [value for _ in event["inputs"]]
            body = {"fn_index": event["id"], "data": data, "session_hash": "x1"}
            reply = await asked(
                app, "POST", "/gradio_api/run/predict", body=json.dumps(body).encode(),
                authorization=BEARER, content_type="application/json",
            )  # fmt: skip
            assert not told(reply), event


async def test_the_page_still_has_what_it_needs(app):
    config = await asked(app, "GET", "/config", authorization=BEARER)
    assert json.loads(config.text)["components"]
    for path in ("/", "/theme.css", "/newsdesk.js", "/newsdesk.css", "/collection", "/add"):
        reply = await asked(app, "GET", path, query="c=x1", authorization=BEARER)
        assert reply.status == 200, path
