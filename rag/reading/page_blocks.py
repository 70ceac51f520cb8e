"""What a page sets among its story and names by its markup: captions, offers, shares, link lists.

Blocks are told by the names that sites give them (class, id). A block that holds the title or
several paragraphs of sentences is story, whatever it is called. Rules have the names that cleaning
gives to the same things in text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.cleaning import clutter
from rag.reading.page_tree import names_of, shown

if TYPE_CHECKING:
    from lxml.html import HtmlElement


@dataclass(slots=True)
class Blocks:
    """Captions in page order, and what was taken out: rule and text."""

    captions: list[str] = field(default_factory=list)
    removals: list[tuple[str, str]] = field(default_factory=list)


_RULES = {
    rule: re.compile(rf"(?:^|[-_ ])(?:{names})(?=$|[-_ ])", re.IGNORECASE)
    for rule, names in {
        "caption": r"(?:wp-|photo-|image-|media-|img-|figure-)?(?:caption|credits?)(?:-text)?",
        "newsletter": r"newsletters?|e?mail-?sign-?up|sign-?up|nl-form|mailing-list|mc4wp-form",
        "share": r"share|sharing|social|addthis|sharedaddy|follow-us|share-?bar|share-?tools",
        "related": r"related|recirc(?:ulation)?|recommend(?:ed|ations?)?|read-?more|also-?(?:read"
        "|like)"
        r"|more-?(?:from|on|stories|news)|most-?(?:read|popular|viewed)|trending|up-?next|see-?also"
        r"|outbrain|taboola|rich-?link|inline-?link-?list|read-?next|further-?reading",
        "advertisement": r"advert(?:s|isement|ising|orial)?|ads?|ad-?(?:slot|unit|container"
        "|wrapper)"
        r"|adsbygoogle|dfp|sponsor(?:ed)?|promo(?:tion|box)?|teads",
        "affiliate": r"affiliates?|product-?(?:card|box)|buy-?(?:box|button)|commerce",
        "biography": r"author-?(?:bio(?:graphy)?|box|card|info|about|profile)"
        "|about-?(?:the-?)?author"
        r"|bio(?:graphy)?|contributor-?bio",
        "comments": r"comments?(?:-?(?:area|list|section|container))?|disqus(?:_thread)?|respond",
        "subscription": r"subscribe|subscription|membership|donat(?:e|ion)|support-?us|piano-\w+",
        "navigation": r"breadcrumbs?|pagination|pager|skip-?link|tags?-?(?:list|links)|toc"
        r"|jump-?links?|post-?navigation|audio-?player|listen|read(?:ing)?-?time",
        "legal": r"cookies?|consent|gdpr|copyright|disclaimer|onetrust|cmp|qc-cmp2|didomi|truste"
        "|usercentrics",
    }.items()
}
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|__+")
_STORY = re.compile(
    r"(?:article|story|entry|post|page|main|content)[-_ ]*(?:body|content|text|main|wrapper)"
    r"|articlebody",
    re.IGNORECASE,
)
_NAMES = ("class", "id")
_FIXED = frozenset({"html", "body", "main", "head"})
_SITE = ("nav", "footer", "header", "aside")
_CAPTION_TAGS = frozenset({"figcaption"})
_LONG = 140
"""Characters from which a paragraph reads as story."""
_LONGEST_OFFER = 60
"""Words of a block around a form that asks for an e-mail address."""
_KEPT = 2000


def take_blocks(tree: HtmlElement, off: Collection[str] = ()) -> Blocks:
    """Take the blocks out of a tree, in place.

    Args:
        tree: the page; what is taken is no longer in it.
        off: rules to leave out.
    """
    blocks, running = Blocks(), _running_words(tree)
    if "related" not in off:
        for box in list(more_boxes(tree)):
            if _still_in(box, tree):
                _take(box, "related", blocks)
    for element in list(tree.iter()):
        if isinstance(element.tag, str) and element.tag not in _FIXED:
            rule = _rule_of(element)
            if not rule or not _still_in(element, tree):
                continue
            if rule in off:
                _leave(element)
                continue
            # A comment section may be longer than the story; nothing else is.
            if rule == "comments" or 2 * _running_words(element) <= running:
                _take(element, rule, blocks)
    return blocks


def more_boxes(tree: HtmlElement) -> Iterator[HtmlElement]:
    """The blocks that offer other stories under a label such as "Most read".

    Where the label stands among the paragraphs of the story, these are the label and the list of
    links that follows it.
    """
    for label in tree.iter("h2", "h3", "h4", "h5", "h6", "p", "strong", "div", "span"):
        if len(label) > 1 or not clutter.RELATED_LABEL.fullmatch(shown(label)):
            continue
        box, below = label.getparent(), label.getnext()
        if box.tag not in _FIXED and _links(box) > 1 and not _is_story(box, "related"):
            yield box
        elif below is not None and _links(below) > 1 and _linked(below):
            yield from (label, below)


def _links(element: HtmlElement) -> int:
    """How many links of a headline's length there are in an element."""
    return sum(
        len(shown(link).split()) > 2 or not shown(link).isascii() for link in element.iter("a")
    )


def _running_words(element: HtmlElement) -> int:
    """Words in paragraphs that are not mostly links."""
    return sum(len(shown(part).split()) for part in element.iter("p") if not _linked(part))


def _still_in(element: HtmlElement, tree: HtmlElement) -> bool:
    return any(parent is tree for parent in element.iterancestors())


def _leave(element: HtmlElement) -> None:
    """Take the names from a block, so that what finds the story does not leave it out either."""
    for key in _NAMES:
        element.attrib.pop(key, None)
    if element.tag in _CAPTION_TAGS:
        element.tag = "p"


def _take(element: HtmlElement, rule: str, blocks: Blocks) -> None:
    text = shown(element)[:_KEPT]
    in_site = next(element.iterancestors(*_SITE), None) is not None
    if text and rule == "caption" and not in_site and text not in blocks.captions:
        blocks.captions.append(text)
    if text and (not in_site or rule == "caption"):
        blocks.removals.append((rule, text))
    element.drop_tree()


def _rule_of(element: HtmlElement) -> str:
    if element.tag in _CAPTION_TAGS:
        return "caption"
    if element.tag == "form":
        return "newsletter" if _asks_for_mail(element) else ""
    if _asks_for_mail_beside(element):
        return "newsletter"
    names = _CAMEL.sub("-", names_of(element))
    rule = next((rule for rule, pattern in _RULES.items() if pattern.search(names)), "")
    if not rule or _STORY.search(names) or _is_story(element, rule):
        return ""
    return rule


def _is_story(element: HtmlElement, rule: str) -> bool:
    if element.find(".//h1") is not None or element.tag == "h1":
        return True
    if rule == "caption":
        return len(shown(element)) > 600 or element.find(".//p/../p") is not None
    long = sum(len(shown(part)) > _LONG and not _linked(part) for part in element.iter("p"))
    if rule == "comments":
        return element.find(".//article") is None and long > 20
    return long > (2 if rule == "biography" else 1)


def _linked(element: HtmlElement) -> bool:
    """Whether most of an element is links."""
    whole = len(shown(element))
    return whole > 0 and 2 * sum(len(shown(link)) for link in element.iter("a")) > whole


def _asks_for_mail(element: HtmlElement) -> bool:
    return any(
        (field.get("type") or "").lower() == "email"
        or "mail" in f"{field.get('name')} {field.get('placeholder')}".lower()
        for field in element.iter("input")
    )


def _asks_for_mail_beside(element: HtmlElement) -> bool:
    """Whether an element is a box around a form for an e-mail address, with a short offer."""
    if element.tag not in {"div", "section", "aside"} or element.find("form") is None:
        return False
    paragraphs = element.findall(".//p")
    return (
        len(paragraphs) <= 2
        and element.find(".//h1") is None
        and len(shown(element).split()) <= _LONGEST_OFFER
        and _asks_for_mail(element)
    )
