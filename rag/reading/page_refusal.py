"""Pages that are no article: errors, walls, log-ins, lists of other stories. Each is named.

The signs count together with how much running text there is, so that an article about cookies, a
short report or a live blog is not refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.errors import CorpusError
from rag.reading.page_blocks import more_boxes
from rag.reading.page_tree import shown

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_SITE = frozenset({"nav", "footer", "aside", "header", "form"})
_ERROR = re.compile(
    r"\W*(?:(?:http |error |status )*(?:4(?:0[0134589]|10|29|51)|5(?:0[0-4]|2[0-9]))\b"
    r"(?:\W+error\b)?.{0,60}"
    r"|(?:the |this |requested |that )*(?:page|article|story|url|file|content)(?: you .{0,40})?"
    r"(?: (?:could |can)?\W?(?:not|cannot|can[’']t)| is no longer| no longer| isn[’']t| doesn[’']t"
    r"| does not| has been (?:moved|removed|deleted)).{0,60}"
    r"|not found|(?:access|permission) (?:denied|forbidden)|forbidden|gone|internal server"
    r" error.{0,40}"
    r"|bad gateway.{0,40}|service (?:temporarily )?unavailable.{0,40}|gateway time-?out.{0,40}"
    r"|oops\b.{0,60}"
    r"|(?:sorry\W+)?(?:something went wrong|we can[’']?(?:not|t) find .{0,60}|an error (?:has"
    r" )?occurred"
    r".{0,40})|(?:down for|under|scheduled) maintenance.{0,40}|too many requests.{0,40}"
    r"|(?:website|site) (?:is )?(?:temporarily )?unavailable.{0,40})\W*",
    re.IGNORECASE,
)
_ROBOT = re.compile(
    r"verify(?:ing)? (?:that )?(?:you are|you[’']re|your are) (?:a )?(?:not a robot|human)|are"
    r" you (?:a )?(?:robot|human)"
    r"|(?:verify|confirm|prove) (?:that )?you(?: are|[’']re) (?:not a (?:ro)?bot|(?:a )?human)"
    r"|i[’']?a?m not a robot|checking (?:your browser|if the site connection is secure)"
    r"|(?:enable|turn on|activate|allow|requires?|needs?) (?:java ?script|js)\b|java ?script "
    r"(?:is|has been|to be)"
    r" (?:disabled|not enabled|required|enabled|turned off)|unusual (?:traffic|activity) from your"
    r"|complete the (?:security check|captcha)|\bcaptcha\b|automated (?:requests|queries|access)"
    r"|ddos protection"
    r"|request (?:was |has been )?(?:blocked|unsuccessful)|pardon our interruption|ray id\b"
    r"|you(?: have|[’']ve) been blocked|access to this page has been denied|browser (?:is"
    r" )?(?:not supported|out of date)",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"(?=.*\b(?:cookies?|consent|personal data|privacy|tracking|legitimate interest"
    r"|vendors?|partners)\b)"
    r"(?=.*\b(?:we|us|our)\b)(?=.*\b(?:you|your)\b)"
    r"|(?:accept|reject|manage|allow|withdraw|adjust)\b.{0,60}\b(?:cookies?|all|choices"
    r"|preferences|settings|consent)\b"
    r"|.*\b(?:before you continue|we value your privacy|your privacy (?:choices|matters))\b",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"(?:please )?(?:log|sign)[ -]?(?:in|on)\b.{0,60}|(?:member |customer |subscriber"
    r" )?login\b.{0,40}"
    r"|create (?:an|your) account.{0,40}|register\b.{0,40}|forgot(?:ten)? (?:your"
    r" )?password.{0,20}",
    re.IGNORECASE,
)
SECTION = "is a section page that lists other stories; give the address of one story"
_RUNNING = 60
"""Characters from which a paragraph counts as running text."""
_HEADINGS = ("h1", "h2", "h3", "h4", "h5")
_CARD, _CARD_PARTS = 100, 12
"""Words, and elements side by side, that a card about another story has at most."""
_STORY_LINK = 4
"""Words that a link to a story has at least."""


@dataclass(frozen=True, slots=True)
class PageShape:
    """What a page looks like from afar. Counts leave navigation, footers and asides out."""

    headline: str
    """The `<title>` and the headings of the first rank."""
    running: int
    """Words of running text that is not a teaser of another story."""
    run: int
    """Words of the longest run: paragraphs side by side in one place."""
    story_links: int
    """Addresses linked to with words enough for a headline, boxes such as "Most read" aside."""
    all_links: int
    """The same with these boxes."""
    paragraphs: tuple[str, ...]
    has_password: bool


def refuse_walls(shape: PageShape, everything: str, *, is_article: bool) -> None:
    """Refuse error pages, bot checks, consent pages and log-ins.

    Args:
        shape: the page from afar.
        everything: all text, with what is shown only where scripts are off.
        is_article: whether its head says that it is an article.

    Raises:
        CorpusError: the page is one; the message says which and what to do.
    """
    parts = [part.strip() for part in re.split(r"\s+[|–—·-]\s+|\n", shape.headline)]
    if shape.running < 150 and any(map(_ERROR.fullmatch, filter(None, parts))):
        raise CorpusError(
            "is an error page; check the address, or give the page as saved while it worked"
        )
    own = [text for text in shape.paragraphs if not _CONSENT.match(text)]
    if _ROBOT.search(everything) and _words(_told(own)) < (10 if is_article else 40):
        raise CorpusError(
            "is a check for robots or needs JavaScript; open it in a browser and save the page"
        )
    if len(own) < len(shape.paragraphs) and _words(own) < 40 and not shape.story_links:
        raise CorpusError(
            "is a cookie or consent page; open it in a browser, answer it and save the page"
        )
    is_login = shape.has_password or any(map(_LOGIN.fullmatch, filter(None, parts)))
    if is_login and shape.running < 60:
        raise CorpusError("is a log-in page; log in with a browser and save the page of the story")


def _told(paragraphs: Sequence[str]) -> list[str]:
    return [text for text in paragraphs if len(text) >= _RUNNING and not _ROBOT.search(text)]


def refuse_section(shape: PageShape, *, is_article: bool, is_list: bool, is_front: bool) -> None:
    """Refuse pages that list other stories.

    Args:
        shape: the page from afar.
        is_article: whether its head says that it is an article.
        is_list: whether its head says that it is a list or a whole site.
        is_front: whether its address is that of the front page.

    Raises:
        CorpusError: it is a section page.
    """
    if is_article:
        lists = shape.story_links >= 10 and shape.running < 8
    elif is_front or is_list:
        lists = shape.story_links >= 4 and shape.run < min(25 * shape.story_links, 120)
    else:
        lists = shape.story_links >= 6 and shape.run < 60
    if lists:
        raise CorpusError(SECTION)


def refuse_empty(shape: PageShape) -> None:
    """Refuse a page in which no text was found.

    Raises:
        CorpusError: always; the message says what the page is instead, if that can be told.
    """
    if shape.all_links >= 6:
        raise CorpusError(SECTION)
    raise CorpusError("holds no article text; give the address of one story, or its text")


def shape_of(tree: HtmlElement) -> PageShape:
    """A page from afar; `tree` is without what no reader sees."""
    paragraphs = [part for part in tree.iter("p", "li", "blockquote") if not _furniture(part)]
    running = [part for part in paragraphs if _is_running(part)]
    runs = dict[int, int]()
    for part in running:
        parent = id(part.getparent())
        runs[parent] = runs.get(parent, 0) + len(shown(part).split())
    addresses = set(_story_links(tree.iter("a")))
    beside = {url for box in more_boxes(tree) for url in _story_links(box.iter("a"))}
    # Walls are often divs: without paragraphs, each element with text of its own counts.
    texts = list(map(shown, paragraphs)) or list(_own_texts(tree))
    return PageShape(
        headline="\n".join(shown(part) for part in tree.iter("title", "h1", "h2")),
        running=sum(runs.values()),
        run=max(runs.values(), default=0),
        story_links=len(addresses - beside),
        all_links=len(addresses),
        paragraphs=tuple(filter(None, texts)),
        has_password=any(field.get("type") == "password" for field in tree.iter("input")),
    )


def _own_texts(tree: HtmlElement) -> Iterator[str]:
    for element in tree.iter("div", "span", "section", "td", "h1", "h2", "h3"):
        if (element.text or "").strip():
            yield shown(element)


def _is_running(part: HtmlElement) -> bool:
    text = shown(part)
    if part.tag == "li" and (part.find(".//p") is not None or _is_link_with_text(part, text)):
        return False
    linked = sum(len(shown(link)) for link in part.iter("a"))
    return len(text) >= _RUNNING and 2 * linked < len(text) and not _is_teaser(part)


def _is_link_with_text(part: HtmlElement, text: str) -> bool:
    """Whether an item opens with a link of a headline's length."""
    link = shown(next(part.iter("a"), part))
    return len(link.split()) >= _STORY_LINK and link != text and text.startswith(link)


def _is_teaser(part: HtmlElement) -> bool:
    """Whether a paragraph tells of another story: a headline that is a link stands above it."""
    above = part.getprevious()
    if above is not None and above.tag in _HEADINGS and _linked_heading(above):
        return True
    card = part.getparent()
    for _ in range(3):
        if card is None or card.tag in {"body", "main"} or len(card) > _CARD_PARTS:
            return False
        if len(shown(card).split()) > _CARD:
            return False
        headings = [heading for heading in card.iter(*_HEADINGS) if shown(heading)]
        if headings:
            return any(_linked_heading(heading) for heading in headings)
        if _opens_with_link(card, part):
            return True
        card = card.getparent()
    return False


def _opens_with_link(card: HtmlElement, part: HtmlElement) -> bool:
    """Whether a link of a headline's length stands before a paragraph in its card."""
    for element in card.iter("a", part.tag):
        if element is part:
            return False
        if element.tag == "a" and len(shown(element).split()) >= _STORY_LINK:
            return True
    return False


def _linked_heading(heading: HtmlElement) -> str:
    """The address that a heading links to elsewhere; else empty."""
    links = [*heading.iter("a"), *heading.iterancestors("a")]
    href = next((link.get("href") or "" for link in links if len(shown(link)) > 12), "")
    return "" if href.startswith(("#", "javascript:")) else href


def _story_links(links: Iterable[HtmlElement]) -> Iterator[str]:
    for link in links:
        href = link.get("href") or ""
        text = shown(link)
        inline = link.getparent() is not None and link.getparent().tag == "p"
        if len(text.split()) < _STORY_LINK and not (len(text) >= 12 and not text.isascii()):
            continue
        if (
            not href.startswith(("#", "javascript:", "mailto:"))
            and not inline
            and not _furniture(link)
        ):
            yield href.partition("#")[0]


def _furniture(element: HtmlElement) -> bool:
    return any(
        parent.tag in _SITE and not (parent.tag == "form" and parent.find(".//p/../p") is not None)
        for parent in element.iterancestors()
    )


def _words(texts: Sequence[str]) -> int:
    return sum(len(text.split()) for text in texts)
