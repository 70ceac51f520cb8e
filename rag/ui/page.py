"""The page: Gradio components and what happens when they are used. Imports Gradio.

The text of the page travels through `gr.Markdown`, which sanitises what `render` has escaped
already. `gr.HTML` would compile its value as a script template, which the policy forbids.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import gradio as gr

from rag.errors import RagError
from rag.settings import Settings
from rag.ui.blocks import Blocks
from rag.ui.closed import forget_closed
from rag.ui.collection import EXAMPLES, Collection, Invitations, brand_html, describe, welcome_html
from rag.ui.conversation import Conversation, Desk, Exchange, Frame, Keep, Reader
from rag.ui.conversations import Store
from rag.ui.filters import read_limits
from rag.ui.markup import escape
from rag.ui.owner import owner
from rag.ui.pages import Pages, nav_html, words_for
from rag.ui.render import elsewhere_html, kept_html, moved_html, problem_html, status_html
from rag.ui.why import Limits
from rag.ui.wish import read_wish, relimited
from rag.ui.words import N_, speak

_HINT = N_("Enter asks · Shift+Enter breaks the line · / comes back here · Esc stops")
_BESIDE = 8
"""Events that may be under way beside the questions that are answered or wait."""
_BURST = 16
"""Events beside questions that may come at one moment."""
_ASKING = "ask"
"""The line of Gradio's that questions are in."""
_QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
Shown = AsyncGenerator[dict[Any, Any], None]
"""What changes on the page, time after time."""
_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")


def theme(styles: str) -> gr.themes.Base:
    """Gradio's plainest theme with system fonts, and our styles after it in one file.

    The `css` argument of Gradio would rewrite the selectors and lose what stands in `@media`.
    """
    plain = gr.themes.Base(font=_FONTS, font_mono=("ui-monospace", "Menlo", "monospace"))
    plain.custom_css = styles
    return plain


class Page:
    """The components, and the events between them.

    `blocks` is what gets mounted.
    """

    def __init__(
        self,
        reader: Reader,
        settings: Settings,
        keep: Keep | None = None,
        store: Store | None = None,
        *,
        more: Pages | None = None,
        collection: Callable[[], str] = lambda: "",
    ) -> None:
        """Lay out the page and connect it.

        Args:
            reader: what answers.
            settings: `chat` and `answer.max_question` are used.
            keep: keeps marked answers; without it, none can be marked.
            store: keeps conversations; without it, nothing that was said is kept.
            more: the other pages, which are led to; None where there are none.
            collection: the name of the one that is open, where there are several: a conversation
                belongs to that which was open when it began.
        """
        self._more = more
        self._collection = collection
        self._reader = reader
        self._keep = keep
        self._store = store
        self._settings = settings
        self._invitations = Invitations(reader.article)
        self._desk = Desk(reader, settings.answer.max_question)
        with Blocks(title=settings.chat.title, analytics_enabled=False) as self.blocks:
            self._lay_out()
            self._connect()
        self._let_in(settings)

    def _let_in(self, settings: Settings) -> None:
        """Let Gradio start every event at once: questions take their turns behind it.

        There the page and all other interfaces stand in one line. A question of the page that
        finds it full is refused, and told by the browser that the server is busy.
        """
        places = settings.answers_at_once + settings.server.max_waiting
        threads, self.blocks.max_threads = self.blocks.max_threads, places + _BESIDE
        self.blocks.queue(
            max_size=places + _BURST, default_concurrency_limit=_BESIDE, api_open=False
        )
        self.blocks.max_threads = threads
        self.blocks.admit(_ASKING, places)

    def _lay_out(self) -> None:
        self.conversation = gr.State(Conversation())
        with gr.Row(elem_id="top"):
            kept = self._store is not None
            self.talks = gr.Button("Conversations", elem_id="talks", size="sm", visible=kept)
            self.brand = _html("", "brand")
            self.nav = _html("", "nav")
            self.new = gr.Button("New conversation", elem_id="new", size="sm", visible=False)
        with gr.Column(elem_id="talk"):
            self.welcome = _html("", "welcome")
            with gr.Column(elem_id="examples"):
                self.examples = [
                    gr.Button("", visible=False, elem_classes="example") for _ in range(EXAMPLES)
                ]
            self.earlier = _html("", "earlier")
            self.newest = _html("", "newest")
            self.status = _html("", "status")
            with gr.Row(elem_id="afterwards"):
                self.retry = gr.Button("Try again", elem_id="retry", size="sm", visible=False)
                self.right = gr.Button("Right answer", elem_id="right", size="sm", visible=False)
                self.wrong = gr.Button("Wrong answer", elem_id="wrong", size="sm", visible=False)
            self.kept = _html("", "kept")
        with gr.Column(elem_id="composer"):
            self.queue = _html("", "queue")
            with gr.Row(elem_id="bar"):
                self.filter = gr.Button("Filters", elem_id="filter", size="sm")
                self.box = gr.Textbox(
                    label="Your question",
                    placeholder="Ask about these articles",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=8,
                    elem_id="box",
                )
                self.send = gr.Button("Ask", variant="primary", elem_id="send")
                self.halt = gr.Button("Stop", variant="stop", elem_id="halt", visible=False)
            self.hint = _html("", "hint")
        marks = "marks" if self._keep is not None else ""
        with gr.Column(
            elem_id="machinery", elem_classes=marks
        ):  # what scripts write and read; never seen
            self.wish = _field("wish")
            self.grant = gr.Button("Grant", elem_id="grant")
            self.replaces = _field("replaces")
            self.limits = _field("limits")
            self.kept_as = _html("", "kept-as")

    def _connect(self) -> None:
        self.buttons = [self.send, self.halt, self.retry, self.new, self.right, self.wrong]
        self.shown = [
            self.earlier, self.newest, self.status, self.kept, *self.buttons, self.welcome,
            *self.examples, self.box, self.conversation, self.kept_as, self.replaces,
        ]  # fmt: skip
        asking: dict[str, Any] = {"outputs": self.shown, **_QUIET}
        asking |= {"concurrency_id": _ASKING, "concurrency_limit": None}
        asking |= {"show_progress": "minimal", "show_progress_on": self.queue}
        typed = [self.box.submit, self.send.click]
        asked = [
            gr.on(
                typed,
                self._ask_typed,
                [self.box, self.limits, self.replaces, self.conversation],
                **asking,
            ),
            self.grant.click(self._grant, [self.wish, self.limits, self.conversation], **asking),
            self.retry.click(self._ask_again, [self.conversation], **asking),
            *(
                example.click(
                    self._ask_example, [example, self.limits, self.conversation], **asking
                )
                for example in self.examples
            ),
        ]
        # In a step of its own: an event that begins while the browser still takes leave of the
        # last one can lose its stream.
        for event in asked:
            event.then(self._unlock, [self.conversation], self.buttons, queue=False, **_QUIET)
        marks = [self.right, self.wrong, self.kept]
        self.right.click(self._mark_right, [self.conversation], marks, **_QUIET)
        self.wrong.click(self._mark_wrong, [self.conversation], marks, **_QUIET)
        self.halt.click(self._stop, queue=False, **_QUIET)
        opening = [self.brand, self.welcome, *self.examples]
        self.new.click(self._start_over, None, [*self.shown, *opening], queue=False, **_QUIET)
        said = [self.nav, self.hint, self.box, *self._labels()]
        self.blocks.load(self._go, None, said, queue=False, **_QUIET)
        opened = self.blocks.load(self._open, None, opening, queue=False, **_QUIET)
        if self._store is not None:
            opened.then(self._reopen, None, self.shown, queue=False, **_QUIET)
        self.blocks.unload(self._leave)

    async def _ask(
        self, question: str, limits: Limits, conversation: Conversation, request: gr.Request
    ) -> Shown:
        _speak(request)
        first, here = True, self._collection()
        moved = conversation.last is not None and conversation.collection != here
        begun = Conversation() if moved else conversation
        begun = replace(begun, collection=here)
        asked = self._desk.ask(request.session_hash or "", begun, question, limits)
        async with aclosing(asked) as frames:
            async for frame in frames:
                told = {self.kept: moved_html()} if first and moved else {}
                _speak(request)  # each step may run in a context of its own
                yield self._show(frame, first=first) | told
                _speak(request)
                first = False
        if not first and self._store is not None:
            yield await self._store_all(frame.earlier.with_next(frame.newest), request)

    async def _ask_example(
        self, question: str, query: str, conversation: Conversation, request: gr.Request
    ) -> Shown:
        async with aclosing(self._ask(question, _limits(query), conversation, request)) as shown:
            async for changes in shown:
                yield changes

    async def _ask_typed(
        self,
        question: str,
        query: str,
        replaces: str,
        conversation: Conversation,
        request: gr.Request,
    ) -> Shown:
        """The box is emptied once the question is taken, and may be typed into again.

        `replaces` is the number of the exchange that was taken back into the box, if one was.
        """
        if replaces.isdecimal():
            conversation = conversation.before(int(replaces))
        async with aclosing(self._ask(question, _limits(query), conversation, request)) as shown:
            async for changes in shown:
                taken = {self.box: "", self.replaces: ""} if self.halt in changes else {}
                yield changes | taken

    async def _ask_again(self, conversation: Conversation, request: gr.Request) -> Shown:
        last = conversation.last
        if last is None:
            return
        asked = self._ask(last.question, last.limits, conversation.without_last(), request)
        async with aclosing(asked) as shown:
            async for changes in shown:
                yield changes

    async def _grant(
        self, line: str, query: str, conversation: Conversation, request: gr.Request
    ) -> Shown:
        """Do what the page's script asks for."""
        wish = read_wish(line)
        if wish is None:
            return
        _speak(request)
        if wish.kind == "ask":
            asked_on = self._ask_example(wish.label, query, conversation, request)
            async with aclosing(asked_on) as shown:
                async for changes in shown:
                    yield changes
            return
        if wish.kind == "open":
            found = await asyncio.to_thread(self._load, wish.label, request)
            yield self._opened(found) if found else _nothing()
            return
        asked = conversation.numbered(wish.number)
        if asked is None:
            return
        if wish.kind == "mark":
            marked = asked.marked(wish.citation, right=wish.right)
            yield await self._mark_citation(marked, conversation, request)
            return
        earlier = conversation.without_last() if asked is conversation.last else conversation
        limits = relimited(asked.limits, wish)
        async with aclosing(self._ask(asked.question, limits, earlier, request)) as shown:
            async for changes in shown:
                yield changes

    async def _mark_citation(
        self, marked: Exchange, conversation: Conversation, request: gr.Request
    ) -> dict[Any, Any]:
        """Keep what the reader thinks of single citations as a case for evals."""
        judged = marked.judged()
        if self._keep is None or judged is None:
            return _nothing()
        answer, right = judged
        if conversation.collection != self._collection():
            return {self.kept: elsewhere_html()}
        try:
            self._keep(answer, conversation.before(marked.number).history(), right)
        except RagError as error:
            return {self.kept: problem_html(str(error))}
        told = {self.kept: kept_html(right=right, citations=len(answer.citations))}
        changed = conversation.with_changed(marked)
        stored = await self._store_all(changed, request) if self._store else {}
        return {self.conversation: changed} | stored | told

    async def _store_all(self, conversation: Conversation, request: gr.Request) -> dict[Any, Any]:
        """Keep the conversation; what the page then knows it by."""
        assert self._store is not None  # noqa: S101  # the caller has looked
        try:
            kept = await asyncio.to_thread(self._store.save, owner(request.request), conversation)
        except RagError as error:
            return {self.kept: problem_html(str(error))}
        return {self.conversation: kept, self.kept_as: _address(kept)}

    def _load(self, key: str, request: gr.Request) -> Conversation | None:
        try:
            return self._store.load(owner(request.request), key) if self._store and key else None
        except RagError:
            return None

    def _reopen(self, request: gr.Request) -> dict[Any, Any]:
        """The conversation that the page's address names, if it does."""
        _speak(request)
        key = request.query_params.get("c", "")
        found = self._load(key, request)
        if found:
            return self._opened(found)
        return {self.kept: elsewhere_html()} if key else _nothing()

    def _opened(self, conversation: Conversation) -> dict[Any, Any]:
        """A page that shows a kept conversation and can go on with it."""
        *earlier, newest = conversation.exchanges
        hidden = dict.fromkeys([self.welcome, *self.examples], gr.update(visible=False))
        return {
            self.conversation: conversation,
            self.earlier: "".join(item.html() for item in earlier),
            self.newest: newest.html(newest=True),
            self.status: "",
            self.kept: "",
            self.kept_as: _address(conversation),
            **hidden,
            **self._idle(conversation),
        }

    def _mark_right(self, conversation: Conversation, request: gr.Request) -> dict[Any, Any]:
        _speak(request)
        return self._marked(conversation, right=True)

    def _mark_wrong(self, conversation: Conversation, request: gr.Request) -> dict[Any, Any]:
        _speak(request)
        return self._marked(conversation, right=False)

    def _marked(self, conversation: Conversation, *, right: bool) -> dict[Any, Any]:
        """Keep the newest answer as a case for evals, with what the reader thinks of it."""
        newest = conversation.last
        if self._keep is None or newest is None or newest.answer is None or not newest.turn():
            return _nothing()
        if conversation.collection != self._collection():
            return {self.kept: elsewhere_html()}
        try:
            self._keep(newest.answer, conversation.without_last().history(), right)
        except RagError as error:
            return {self.kept: problem_html(str(error))}
        hidden = dict.fromkeys([self.right, self.wrong], gr.update(visible=False))
        return {self.kept: kept_html(right=right), **hidden}

    async def _stop(self, request: gr.Request) -> None:
        """The reader pressed Stop."""
        self._desk.stop(request.session_hash or "")

    async def _leave(self, request: gr.Request) -> None:
        """The page was closed."""
        await self._stop(request)
        forget_closed(self.blocks, request.session_hash or "")

    def _open(self, request: gr.Request) -> dict[Any, Any]:
        """The front of the page, from what is stored now."""
        _speak(request)
        try:
            stored = self._reader.summaries()
            asked = self._settings.chat.examples or self._invitations.questions(stored)
            collection = describe(stored, asked)
        except RagError as error:
            nothing = Collection(articles=0, first=None, last=None, questions=())
            return self._front(nothing, problem_html(str(error)))
        return self._front(collection, welcome_html(collection))

    def _labels(self) -> dict[gr.Button, str]:
        """What stands on the buttons."""
        return {
            self.talks: N_("Conversations"),
            self.new: N_("New conversation"),
            self.retry: N_("Try again"),
            self.right: N_("Right answer"),
            self.wrong: N_("Wrong answer"),
            self.filter: N_("Filters"),
            self.send: N_("Ask"),
            self.halt: N_("Stop"),
        }

    def _go(self, request: gr.Request) -> dict[Any, Any]:
        """The words of the page in the reader's language, and the links to the other pages."""
        own = words_for(request.request)
        label, hint = own._("Your question"), own._("Ask about these articles")
        return {
            self.nav: nav_html(own, evals=self._more.evals) if self._more else "",
            self.hint: f'<p class="hint">{own._(_HINT)}</p>',
            self.box: gr.update(label=label, placeholder=hint),
            **{button: gr.update(value=own._(text)) for button, text in self._labels().items()},
        }

    def _front(self, collection: Collection, welcome: str) -> dict[Any, Any]:
        questions = [*collection.questions, *[""] * EXAMPLES][:EXAMPLES]
        buttons = zip(self.examples, questions, strict=True)
        return {
            self.brand: brand_html(self._settings.chat.title, collection),
            self.welcome: gr.update(value=welcome, visible=True),
            **{button: gr.update(value=text, visible=bool(text)) for button, text in buttons},
        }

    def _start_over(self, request: gr.Request) -> dict[Any, Any]:
        buttons = [self.retry, self.new, self.right, self.wrong]
        hidden = dict.fromkeys(buttons, gr.update(visible=False))
        empty = dict.fromkeys([self.earlier, self.newest, self.status, self.kept], "")
        blank = {self.conversation: Conversation(), self.kept_as: _address(Conversation())}
        return {**blank, **hidden, **empty, **self._open(request)}

    def _show(self, frame: Frame, *, first: bool) -> dict[Any, Any]:
        """What changes on the page; the first frame of a question also moves the old ones up."""
        shown = {
            self.newest: frame.newest.html(newest=True),
            self.status: status_html(frame.status, running=frame.running),
            self.conversation: frame.earlier.with_next(frame.newest),
        }
        if first:
            hidden = [self.welcome, *self.examples]
            shown[self.earlier] = "".join(item.html() for item in frame.earlier.exchanges)
            shown[self.kept] = ""
            shown |= dict.fromkeys(hidden, gr.update(visible=False))
        if first and frame.running:
            hidden = [self.send, self.retry, self.new, self.right, self.wrong]
            shown |= dict.fromkeys(hidden, gr.update(visible=False))
            shown[self.halt] = gr.update(visible=True)
        return shown

    def _unlock(self, conversation: Conversation, request: gr.Request) -> dict[Any, Any]:
        """Let the reader go on, once nothing is under way."""
        busy = self._desk.busy(request.session_hash or "")
        return _nothing() if busy else self._idle(conversation)

    def _idle(self, conversation: Conversation) -> dict[Any, Any]:
        """The buttons while nothing is under way."""
        begun = gr.update(visible=conversation.last is not None)
        idle, busy = gr.update(visible=True), gr.update(visible=False)
        answered = conversation.last is not None and conversation.last.turn() is not None
        marks = gr.update(visible=answered and self._keep is not None)
        return {
            self.send: idle,
            self.halt: busy,
            **dict.fromkeys([self.retry, self.new], begun),
            **dict.fromkeys([self.right, self.wrong], marks),
        }


def _speak(request: gr.Request) -> None:
    """Speak the reader's language: events run outside of the request that began them."""
    speak(words_for(request.request))


def _limits(query: str) -> Limits:
    """The filters that are set; the form lets none be set that cannot be read."""
    try:
        return read_limits(query)
    except RagError:
        return Limits()


def _field(name: str) -> gr.Textbox:
    """A field for scripts."""
    return gr.Textbox(elem_id=name, label=name, container=False, show_label=False)


def _nothing() -> dict[Any, Any]:
    """No change on the page; Gradio takes an empty dict for a value too few."""
    return dict(gr.skip())


def _address(conversation: Conversation) -> str:
    """A link whose address names the conversation, for the script to put into the address bar."""
    return f'<a href="./{f"?c={escape(conversation.key)}" if conversation.key else ""}">here</a>'


def _html(value: str, name: str) -> gr.Markdown:
    """A stretch of the page made by `render`; no Markdown or mathematics is read in it."""
    return gr.Markdown(value, elem_id=name, latex_delimiters=[], sanitize_html=True)
