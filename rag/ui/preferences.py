"""The settings page: language and colours of this browser; model, search and answers of the server.

What is chosen for the server is written to `chat.toml` beside the collections, which `rag chat`
reads between `rag.toml` and the environment. A key is never written, shown or logged: it is kept
in memory, for the one address that it was given for.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import SecretStr

from rag import disk
from rag.errors import RagError, SettingsError
from rag.settings import Settings, in_environment, read_choices
from rag.ui.pages import APPEARANCE, APPEARANCES, LANGUAGE, Pages, went
from rag.ui.shelf import Shelf
from rag.ui.words import LANGUAGES

FILE = "chat.toml"
OFFERED: Mapping[str, tuple[str, ...]] = {
    "llm": ("enabled", "base_url", "model", "temperature", "timeout"),
    "retrieval": ("top_k", "understand"),
    "answer": ("max_sentences", "abstain_below"),
}
"""What the page changes, by section."""
_MOST_SECONDS = 20.0
"""Of a test; a model that takes longer to say a word is no fun to ask."""
_PROMPT = (("user", "Answer with the one word: ready"),)
_YEAR = 365 * 24 * 3600
_SHOWN = 200

Load = Callable[[Mapping[str, Mapping[str, Any]]], Settings]
"""The settings with these choices between `rag.toml` and the environment."""
Apply = Callable[[Settings], None]
Fields = dict[str, dict[str, Any]]


class Preferences:
    """What the server answers with, as chosen on the page."""

    def __init__(self, file: Path, load: Load, apply: Apply) -> None:
        """Take where choices are kept, how they become settings, and what to do with those.

        Raises:
            SettingsError: the file is not what the page writes, or a value in it is wrong.
        """
        self.file = file
        self._load = load
        self._apply = apply
        self._keys: dict[str, SecretStr] = {}
        self._base = load({})
        self.chosen = read_choices(file)
        self.settings = self.with_choices(self.chosen)

    @classmethod
    def beside(cls, shelf: Shelf, load: Load) -> Preferences:
        """Those for a shelf of collections, which answers like them from now on."""
        preferences = cls(shelf.parent / FILE, load, shelf.renew)
        if preferences.chosen:
            shelf.renew(preferences.settings)
        return preferences

    def with_choices(self, chosen: Mapping[str, Mapping[str, Any]]) -> Settings:
        """The settings with choices, and with the key that belongs to their endpoint.

        Raises:
            SettingsError: names the wrong value.
        """
        settings = self._load(chosen)
        llm = settings.llm.model_copy(update={"api_key": self._key(settings)})
        return settings.model_copy(update={"llm": llm})

    def differing(self, fields: Fields) -> Fields:
        """What of the fields is another value than without this page."""
        base = self._base.model_dump()
        found = {
            section: {key: value for key, value in keys.items() if value != base[section][key]}
            for section, keys in fields.items()
        }
        return {section: keys for section, keys in found.items() if keys}

    def remember(self, base_url: str, key: str) -> None:
        """Keep a key for an address, as long as the server runs."""
        if key and base_url:
            self._keys[base_url] = SecretStr(key)

    def has_key(self) -> bool:
        """Whether the endpoint is asked with a key."""
        return self.settings.llm.api_key is not None

    def save(self, fields: Fields) -> None:
        """Answer like this from now on, and after the next start.

        Raises:
            SettingsError, ModelError: a value is wrong; nothing changes.
            RagError: the file cannot be written.
        """
        chosen = self.differing(fields)
        settings = self.with_choices(chosen)
        self._apply(settings)
        with disk.explained(self.file.parent):
            disk.make_folder(self.file.parent)
            disk.replace_text(self.file, _toml(chosen))
        self.chosen, self.settings = chosen, settings

    def test(self, fields: Fields) -> tuple[str, float]:
        """What the model says to one short question, and the seconds that it took.

        Raises:
            SettingsError, ModelError: what is wrong, in words.
        """
        from rag.importing import import_openai_like
        from rag.models import language_model

        import_openai_like()  # takes seconds the first time, which are not the model's
        settings = self.with_choices(self.differing(fields))
        limit = min(settings.llm.timeout, _MOST_SECONDS)
        llm = settings.llm.model_copy(update={"timeout": limit})
        model = language_model(settings.model_copy(update={"llm": llm}))
        if model is None:
            raise SettingsError("answers are quotes only, so there is no model to test")
        begun = time.perf_counter()
        try:
            said = "".join(model.stream(_PROMPT, max_tokens=16))
        finally:
            if not model.embedded:
                model.close()
        return " ".join(said.split())[:_SHOWN], time.perf_counter() - begun

    def _key(self, settings: Settings) -> SecretStr | None:
        """The key for an endpoint: typed for it, or of the environment where that is meant.

        The key of the environment is for the address that `rag.toml` or the environment names; it
        goes to one chosen here only where they name none.
        """
        url, base = settings.llm.base_url, self._base.llm
        typed = self._keys.get(url)
        return typed or (base.api_key if base.base_url in ("", url) else None)


def fields_of(form: Mapping[str, Any], kept: Settings) -> Fields:
    """The offered settings as a form gives them; what it lacks stays as it is.

    Raises:
        SettingsError: a password stands in the address.
    """
    now = kept.model_dump()
    fields: Fields = {section: {key: now[section][key] for key in keys}
                      for section, keys in OFFERED.items()}  # fmt: skip
    writer = form.get("writer", "")
    for section, keys in fields.items():
        for key, value in keys.items():
            given = form.get(f"{section}.{key}")
            if isinstance(value, bool) and key != "enabled":
                keys[key] = given is not None
            elif given is not None:
                keys[key] = _typed(str(given).strip(), value)
    fields["llm"]["enabled"] = writer != "quotes"
    if writer == "embedded":
        fields["llm"] |= {"base_url": "", "model": ""}
    if "@" in urlsplit(fields["llm"]["base_url"]).netloc:
        raise SettingsError("a password does not belong in the address; give it as the key")
    return fields


def _typed(text: str, value: Any) -> Any:
    """A number where the setting is one and it reads as one; else what was typed, to be told."""
    if isinstance(value, str):
        return text
    try:
        return int(text) if isinstance(value, int) else float(text)
    except ValueError:
        return text


def _toml(chosen: Fields) -> str:
    lines = ["# Written by the settings page of `rag chat`, and read by it; see docs/ui.md.\n"]
    for section, keys in chosen.items():
        lines.append(f"\n[{section}]\n")
        lines += [f"{key} = {json.dumps(value)}\n" for key, value in keys.items()]
    return "".join(lines)


def settings_routes(pages: Pages, preferences: Preferences | None) -> APIRouter:
    """`/settings` and what its forms send to; without `preferences`, what is a browser's own."""
    router = APIRouter()

    def shown(
        request: Request,
        *,
        status: int = 200,
        problem: str = "",
        fields: Fields | None = None,
        tested: tuple[str, float] | None = None,
    ) -> Response:
        now = preferences.settings.model_dump() if preferences else {}
        return pages.shown(
            request,
            "settings.html",
            status=status,
            problem=problem,
            preferences=preferences,
            fields=fields or {section: now[section] for section in OFFERED if now},
            fixed=_fixed(),
            tested=tested,
            saved="saved" in request.query_params,
            wanted_language=request.cookies.get(LANGUAGE, ""),
        )

    @router.get("/settings")
    def settings(request: Request) -> Response:
        """The page."""
        return shown(request)

    @router.post("/settings-look")
    async def look(request: Request) -> Response:
        """Language and colours, for this browser."""
        form = await request.form()
        response = went("settings")
        for name, known in ((LANGUAGE, LANGUAGES), (APPEARANCE, APPEARANCES)):
            value = str(form.get(name.removeprefix("newsdesk_"), ""))
            if value in known:
                response.set_cookie(name, value, max_age=_YEAR, samesite="lax")
            else:
                response.delete_cookie(name, samesite="lax")
        return response

    if preferences is None:
        return router
    held = preferences

    @router.post("/settings-save")
    async def change(request: Request) -> Response:
        """Test the model, or answer like this from now on."""
        from starlette.concurrency import run_in_threadpool

        form = dict((await request.form()).items())
        fields: Fields | None = None
        try:
            fields = fields_of(form, held.settings)
            held.remember(fields["llm"]["base_url"], str(form.get("key", "")).strip())
            if "test" in form:
                tested = await run_in_threadpool(held.test, fields)
                return shown(request, fields=fields, tested=tested)
            await run_in_threadpool(held.save, fields)
        except RagError as error:
            return shown(request, status=422, problem=str(error), fields=fields)
        return went("settings", saved="1")

    @router.post("/settings-reset")
    def reset(request: Request) -> Response:
        """Choose nothing here any more."""
        try:
            held.save({})
        except RagError as error:
            return shown(request, status=422, problem=str(error))
        return went("settings", saved="1")

    return router


def _fixed() -> dict[str, str]:
    """The offered settings that the environment decides, with its variables."""
    found: Iterable[tuple[tuple[str, str], str]] = in_environment().items()
    return {".".join(place): name for place, name in found if place[1] in OFFERED.get(place[0], ())}
