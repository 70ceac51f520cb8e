"""What cleaning takes out of a page, and above all what it leaves."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planted import LINES

from rag.cleaning.clean import RULES, clean
from rag.cleaning.plain import normalise
from rag.errors import SettingsError

STORY = [
    "The port of Lindhaven will build a second rail terminal, the harbour office said on Monday, "
    "after freight on the coastal line doubled within five years.",
    "“We waited long enough,” harbour master Ada Quill told a meeting in the town hall.",
    "Work is to begin in spring. The terminal costs €48 million, and the region pays half of it.",
    "Two shipping lines have signed contracts, according to a person who has seen them.",
]
"""Made up; every test below plants lines around or between these paragraphs."""

CLUTTER = {
    "search": ["Type to search", "Search this site", "Search…", "What are you looking for?"],
    "navigation": [
        *("Skip to main content", "Toggle navigation", "Home > Business > Transport", "Menu"),
        *("Log in | Register", "5 min read", "Listen to this article · 4 mins", "Back to top"),
    ],
    "subscription": [
        *("Subscribe now", "SUBSCRIBE", "Already a subscriber? Sign in here."),
        "subscribe Support our prize-winning journalism. The Gold package is R20 for a month.",
        "Support our independent journalism: become a member from $3 per month.",
        *("Become a member today!", "Cancel anytime.", "Subscribe for just £1 a week"),
    ],
    "newsletter": [
        "Sign up for our daily newsletter and never miss a story.",
        "Get the day’s top stories delivered straight to your inbox.",
        "CLICK HERE TO SIGN UP FOR OUR HARBOUR NEWSLETTER",
        "By signing up, you agree to our Terms of Use and Privacy Policy.",
        *("Please enter a valid email address", "Thanks for subscribing!", "Email address"),
        "Harbour email {{ #verifyErrors }} {{ message }} {{ /verifyErrors }}",
    ],
    "share": [
        *("Facebook Twitter WhatsApp Reddit Email Share", "Share this article", "Copy link"),
        *("Follow us on Facebook, Twitter and Instagram", "Share on LinkedIn", "Tweet"),
    ],
    "advertisement": [
        *("Advertisement", "ADVERTISEMENT Article continues below this ad", "Sponsored content"),
        "Story continues below advertisement",
    ],
    "affiliate": [
        "If you buy something using links in our stories, we may earn a commission.",
        "This article contains affiliate links.",
    ],
    "paywall": [
        *("This article is for subscribers only.", "Subscribe to continue reading this story"),
        "You’ve reached your limit of free articles this month. Subscribe to read on.",
        *("Continue reading", "Unlock this article for £1"),
    ],
    "comments": [
        *(
            "View comments (12)",
            "Leave a comment",
            "Join the conversation",
            "Comments",
            "3 Comments",
        ),
        *("Please read our Comment Policy before commenting.", "Comments are closed."),
        "Would you like to comment on this article?",
        *("Sign up (it's quick and free) or sign in now.", "You must be logged in to comment."),
    ],
    "legal": [
        *("We use cookies to improve your visit.", "Accept all cookies", "Cookie policy"),
        *("© 2023 Lindhaven Courier. All rights reserved.", "Terms of use | Privacy policy"),
    ],
    "app": ["CLICK HERE TO GET THE COURIER APP", "Download our app for free"],
    "contact": ["Got a tip? Write to tips@courier.example", "[email protected]"],
    "agency": [
        "Reporting by Jo Marr; Editing by Li Wen",
        "• Reuters, with additional editing by Jo Marr",
    ],
    "related": [
        *("Also read: Ferry Line To Close In June", "Also on LC: Fish Market Moves To The Quay"),
        *("READ MORE: Why the tram is late", "Related: What the new bridge will cost"),
        "For more on harbours click here!",
    ],
    "caption": [
        *("Photo: Reuters", "Picture: REUTERS", "(Image credit: Li Wen via Getty Images)", "© AFP"),
        "A freight train leaves the harbour at dawn. Photo: Li Wen/Courier",
        "The old terminal in 1961 (Getty Images)",
        "Cranes at work on Sunday. Li Wen | Bloomberg | Getty Images",
    ],
}
PLANTED = [(rule, line) for rule, lines in CLUTTER.items() for line in lines]

TRAPS = [
    "Netflix said subscribers rose by a tenth in spring.",
    "Photo: a word that few readers look at twice.",
    "Sign up to the treaty, ministers urged their neighbours, before the year is out.",
    "The judge also read out a statement by the family.",
    "Subscribe to a theory, and the facts will follow, goes a saying of economists.",
    "The paper lost 4,000 newsletter subscribers after the sign-up form broke.",
    "Reuters was the first to report the sale of the shipyard.",
    "Getty Images sued the maker of the picture generator in London.",
    "Cookies are to carry a label that names their sugar.",
    "Comments by the minister moved the yen within minutes.",
    "Advertisement of tobacco will be banned from 2025.",
    "Follow the money, prosecutors were taught at the academy.",
    "The app can be downloaded from the shop that the regulator looks into.",
    "Related parties hold a fifth of the shares.",
    "Read more slowly, teachers advise, and more will stay.",
    "Share prices of chip makers fell in Tokyo.",
    "By John Smith’s own count, the fleet has 14 ships.",
    "He took a picture: nobody had ever photographed the bird.",
    "“Sign up for our newsletter” was all that the website showed for a day.",
    "Brokers may earn a commission on each policy that they place.",
    "Trending upwards since May, rents reached a record.",
    "Search teams found the boat on Friday.",
    "Copyright law is to be rewritten by 2026.",
    "Unlock the full potential of the harbour, the mayor asked of planners.",
    "Jane Roe is a journalist who was arrested in the capital on Monday.",
    "All rights reserved to islanders under the pact will lapse.",
    "Premium brands sold better than the cheap ones.",
    "More from less: farmers in the delta halve their use of water.",
    "Contact with the probe was lost at noon.",
    "Donate blood before the holidays, hospitals ask.",
    "Members only learnt of the vote afterwards.",
    "The network X, once Twitter, and Facebook share data on fraud.",
    "Best Picture: The Long Night",
    "- Comments\n- Share\n- Search",
    "A chip for every car",
    "Copyright law has not kept up, and the courts of Lindhaven know it",
    "Watch: a word with more meanings than hands.",
    "More ships called at the port than in any year before",
    "Free trial of the ferry ends in June.",
    "Source code of the ballot counter was published.",
    "Reading time off a sundial takes practice.",
    "The associated press conference contributed to the confusion.",
    "Sign in the window: closed until Friday",
    "Contact tracing began on Monday in the harbour",
    "Download speeds on the islands have doubled",
    "Save the whales, the poster demands",
    "By land and by sea, freight grew.",
    "Ada Quill is the harbour master who was sued by a reporter on Monday.",
    "Ada Quill covers the losses of the ferry from her own pocket.",
    "The author is survived by two daughters.",
    "Updated rules for pilots take effect in July 2024.",
    "On 5 July 2023 the plant opened.",
    "Filed under protest, the appeal failed.",
    "Tags on the containers cannot be forged",
    "NATO AND EU",
    "Tokyo | Lindhaven",
    "3–1",
]


def page(*lines: str) -> str:
    return "\n\n".join([STORY[0], *lines, *STORY[1:]])


BODY = "\n\n".join(STORY)


@pytest.mark.parametrize(("rule", "line"), PLANTED)
def test_planted_clutter_goes_and_is_kept_as_removal(rule: str, line: str) -> None:
    for text in (page(line), f"{BODY}\n\n{line}", f"{line}\n\n{BODY}", page(f"{line}\n{line}")):
        cleaned = clean(text, title="Port")
        assert cleaned.text == BODY
        assert {removal.rule for removal in cleaned.removals} == {rule}
        assert line in [removal.text for removal in cleaned.removals]


@pytest.mark.parametrize("line", TRAPS)
def test_story_text_stays(line: str) -> None:
    for text in (page(line), f"{line}\n\n{BODY}", f"{BODY}\n\n{line}"):
        cleaned = clean(text, title="Port")
        assert cleaned.text == text
        assert cleaned.removals == ()


@pytest.mark.parametrize("line", LINES)
def test_lines_of_every_kind_go_wherever_they_stand(line: str) -> None:
    for text in (page(line), f"{BODY}\n\n{line}", f"{line}\n\n{BODY}", page(f"{line}\n{line}")):
        cleaned = clean(text, title="Port")
        assert cleaned.text == BODY
        assert {removal.text for removal in cleaned.removals} == {line}


def test_all_clutter_at_once() -> None:
    lines = [line for _, line in PLANTED]
    text = "\n".join(lines[::2]) + f"\n\n{BODY}\n\n" + "\n\n".join(lines[1::2])
    assert clean(text, title="Port").text == BODY


PAGE = f"""Type to search

Port of Lindhaven Gets a Second Terminal

The decision ends nine years of talks between the region and the harbour office

freight trains
A freight train leaves the harbour of Lindhaven at dawn, bound for the mountains. Photo: Reuters


{STORY[0]}


Also on LC: Ferry Line To Close After Ninety Years


{STORY[1]}

Cheaper than feared

{STORY[2]}

  • Reuters, with additional editing by Jo Marr


Also read:


Fish Market Moves to the Quay

Why ‘Lindhaven Time’ Runs Late

Harbour Office Says Ferry Will Stay


Jo Marr

Jo Marr is the transport editor at the Lindhaven Courier. She has written on ships since 2009. \
You can write to her at [email protected]


LC Shipping Index"""


def test_a_page_as_a_scraper_leaves_it() -> None:
    cleaned = clean(PAGE)
    assert cleaned.text.split("\n\n") == [
        "The decision ends nine years of talks between the region and the harbour office",
        STORY[0],
        STORY[1],
        "Cheaper than feared",
        STORY[2],
    ]
    assert cleaned.title == "Port of Lindhaven Gets a Second Terminal"
    assert cleaned.author == "Reuters, with additional editing by Jo Marr"
    assert cleaned.agency == "Reuters"
    assert [caption[:15] for caption in cleaned.captions] == ["A freight train"]
    assert [removal.rule for removal in cleaned.removals] == [
        *("search", "title", "topic", "caption", "related", "agency"),
        *("related", "related", "related", "related", "biography", "biography", "footer"),
    ]


def test_nothing_visible_is_lost_between_text_and_removals() -> None:
    cleaned = clean(PAGE)
    parts = " ".join([cleaned.text, *(removal.text for removal in cleaned.removals)])
    assert sorted(parts.split()) == sorted(PAGE.split())


def test_a_page_of_an_agency_story() -> None:
    text = (
        "subscribe Support our paper. The Gold package costs R20.\nSubscribe now\n"
        f"Picture: REUTERS\nPicture: REUTERS\n\nLindhaven — {BODY}\n\nReuters\n\nSubscribe now\n\n"
        "Would you like to comment on this article?\nSign up (it's quick and free) or sign in now."
        "\n\nSpeech Bubbles\n\nPlease read our Comment Policy before commenting."
    )
    cleaned = clean(text)
    assert cleaned.text == f"Lindhaven — {BODY}"
    assert (cleaned.title, cleaned.dateline) == ("", "Lindhaven")
    assert (cleaned.author, cleaned.agency) == ("Reuters", "Reuters")
    assert cleaned.captions == ("Picture: REUTERS",)


@pytest.mark.parametrize(
    ("opening", "place", "agency"),
    [
        ("Tokyo — ", "Tokyo", ""),
        ("TOKYO (Reuters) - ", "TOKYO", "Reuters"),
        ("WASHINGTON, July 3 (AP) — ", "WASHINGTON, July 3", "AP"),
        ("NEW YORK – ", "NEW YORK", ""),
        ("Chips – the small ones – sell. ", "", ""),
        ("Ships - Always late - arrive. ", "", ""),
    ],
)
def test_datelines_are_reported_and_stay(opening: str, place: str, agency: str) -> None:
    cleaned = clean(opening + BODY)
    assert cleaned.text == opening + BODY
    assert (cleaned.dateline, cleaned.agency) == (place, agency)


def test_a_byline_is_kept_as_author() -> None:
    cleaned = clean(f"Port grows\n\nBy Jo Marr and Li Wen, transport desk\n\n{BODY}")
    assert (cleaned.title, cleaned.author, cleaned.text) == (
        "Port grows",
        "Jo Marr and Li Wen",
        BODY,
    )


def test_a_given_title_is_not_repeated_in_the_text() -> None:
    assert clean(f"# Port Grows\n\n{BODY}", title="Port grows").text == BODY
    assert clean(f"Port ‘grows’\n\n{BODY}", title="Port 'grows'").text == BODY


def test_a_first_heading_is_the_title() -> None:
    cleaned = clean(f"# Port grows\n\n## Money\n\n{BODY}")
    assert (cleaned.title, cleaned.text) == ("Port grows", f"## Money\n\n{BODY}")


@pytest.mark.parametrize("text", [BODY, f"- One item\n- Another\n\n{BODY}", "Only a line"])
def test_no_title_is_made_up(text: str) -> None:
    cleaned = clean(text)
    assert (cleaned.title, cleaned.text) == ("", text)


def test_the_heading_after_a_list_of_links_stays() -> None:
    links = (
        "Also read:\n\nWhy the bridge is late\n\nFerry fares rise again\n\nSofter rules for ships"
    )
    assert clean(page(links), title="Port").text == page("Softer rules for ships")


def test_a_section_of_a_story_may_be_called_anything() -> None:
    text = page(f"## Trending\n\n{STORY[1]}", f"## Comments\n\n{STORY[2]}")
    assert clean(text, title="Port").text == text


def test_hard_wrapped_paragraphs_stay_whole() -> None:
    text = """The harbour office will open a page on which residents can
share what they think of the plan, and to which they may add
comments

Below it stands the name of the man who built the first quay of
Lindhaven, and the year in which his company was sold to
Reuters"""
    assert clean(f"{text}\n\n{BODY}", title="Port").text == f"{text}\n\n{BODY}"


MARKDOWN = f"""## Who pays

{STORY[2]}

- the region: half
- the *harbour office*: a **quarter**
- [two banks](https://banks.example/a_(b)?c=d "Banks"): the rest

1. first
2. second

> {STORY[1]}

![A crane](crane.png)

See ![plan](plan.png) and `rag ask`, 5 * 3 * 2, snake_case_name, __init__ and *no end."""


def test_markdown_marks_become_their_text() -> None:
    cleaned = clean(MARKDOWN, title="Port")
    assert (
        cleaned.text
        == f"""## Who pays

{STORY[2]}

- the region: half
- the harbour office: a quarter
- two banks: the rest

1. first
2. second

> {STORY[1]}

See plan and rag ask, 5 * 3 * 2, snake_case_name, init and *no end."""
    )
    assert cleaned.captions == ("A crane",)


def test_lines_are_put_in_order() -> None:
    text = (
        "\ufeffOne\u00a0two  three \t\r\nfour\r\rfive\u2028six\x00\u200b\u202e\n\n\n\n\n  seven \n"
    )
    assert normalise(text) == "One two three\nfour\n\nfive\nsix\n\n  seven"


def test_invisible_characters_are_named() -> None:
    cleaned = clean(f"Rapi\u200bdus\u200b\u202e\x00 wins.\n\n{BODY}", title="Port")
    assert cleaned.text.startswith("Rapidus wins.")
    (removal,) = cleaned.removals
    assert (removal.rule, removal.text) == ("invisible", "U+0000 ×1, U+200B ×2, U+202E ×1")


@pytest.mark.parametrize(
    "text", ["👩🏽\u200d🚀 and 🤷\u200d♀️", "می\u200cخواهم", "क्\u200dष", "❤️", "“Curly” ‘quotes’ – é"]
)
def test_characters_that_mean_something_stay(text: str) -> None:
    assert normalise(text) == text


def test_hidden_runs_go() -> None:
    hidden = "".join(chr(0xE0100 + number) for number in range(20)) + "\U000e0041\u200d"
    assert normalise(f"a{hidden}b") == "ab"


def test_text_is_composed() -> None:
    assert normalise("e\u0301") == "é"


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_can_be_switched_off(rule: str) -> None:
    text = f"{PAGE}\n\n" + "\n\n".join(line for _, line in PLANTED) + "\u200b"
    byline = "By Jo Marr and Li Wen\n\nPublished: 5 July 2023\n\n"
    assert any(removal.rule == rule for removal in clean(byline + text).removals)
    assert all(removal.rule != rule for removal in clean(byline + text, off=[rule]).removals)


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(SettingsError, match="'serach'"):
        clean(BODY, off=["serach"])
    assert clean(BODY, off=["repeated"]).text == BODY


@pytest.mark.parametrize("text", ["", "\n \n", "Reuters", "***", "Photo: Reuters"])
def test_next_to_nothing(text: str) -> None:
    assert len(clean(text).text) <= len(text)


@given(st.text() | st.lists(st.sampled_from([*TRAPS, *(line for _, line in PLANTED), "\n", "#"])))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_cleaned(text: str | list[str]) -> None:
    text = text if isinstance(text, str) else "\n".join(text)
    cleaned = clean(text)
    assert cleaned == clean(text)
    assert cleaned.text == unicodedata.normalize("NFC", cleaned.text)
    assert not set(cleaned.text) & set("\r\x00\u200b\u202e\u00a0")
    assert all(removal.rule in RULES for removal in cleaned.removals)
    assert cleaned.text == cleaned.text.strip("\n")


ADVERSARIAL = ["<a ", "[", "[a](", "![", "*", "**a", "_a", "`", "a@", "Photo: A", " (Getty", "{{"]
ADVERSARIAL += ["A ", "A-", "Aa ", "© ", "home > ", "by Aa Bb, ", " | ", "\u200d", "e\u0301", "- "]


@pytest.mark.parametrize("piece", ADVERSARIAL)
@pytest.mark.parametrize("length", [550, 1_400, 300_000])
def test_no_line_takes_long(piece: str, length: int) -> None:
    line = piece * (length // len(piece))
    begun = time.process_time()
    clean(line)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    "line", ["Also read:", "Aa Bb", "Photo: A", "- a", "Share", "# A", "By A B"]
)
def test_many_lines_do_not_take_long(line: str) -> None:
    begun = time.process_time()
    clean(f"{line}\n\n" * 5_000 + f"{line}\nSome Headline Here\n" * 2_500)
    assert time.process_time() - begun < 5


def test_dates_above_the_story_are_noted() -> None:
    head = "Port grows\n\nBy Jo Marr\n\nPublished: 5 July 2023, 10:00 BST\n\nUpdated: 6 July 2023"
    cleaned = clean(f"{head}\n\n{BODY}")
    assert (cleaned.text, cleaned.title, cleaned.author) == (BODY, "Port grows", "Jo Marr")
    assert (cleaned.published, cleaned.published_origin) == ("2023-07-05", "page")
    assert cleaned.modified == "2023-07-06"
    bare = clean(f"# Port grows\n\nJuly 5, 2023 10:14 AM EDT\n\n{BODY}")
    assert (bare.text, bare.published) == (BODY, "2023-07-05")


def test_a_dateline_with_a_year_gives_the_day() -> None:
    text = f"TOKYO, July 5, 2023 (AP) — {BODY}"
    cleaned = clean(text)
    assert (cleaned.published, cleaned.published_origin) == ("2023-07-05", "dateline")
    assert (cleaned.text, cleaned.dateline) == (text, "TOKYO, July 5, 2023")
    assert clean(f"TOKYO, July 5 (AP) — {BODY}").published == ""


def test_a_chronicle_keeps_its_days() -> None:
    text = f"5 July 2023\n\n{STORY[0]}\n\n6 July 2023\n\n{STORY[2]}"
    cleaned = clean(text, title="Port")
    assert (cleaned.text, cleaned.published) == (text, "")
    headings = f"## 5 July 2023\n\n{STORY[0]}"
    assert clean(headings, title="Port").text == headings


def test_days_inside_a_story_are_not_its_date() -> None:
    for line in ("5 July 2023", "- 5 July 2023", "Ambiguous: 03/04/2023"):
        assert clean(f"{STORY[0]}\n\n{line}\n\n{STORY[2]}", title="Port").published == ""
    assert clean(f"Published 03/04/2023\n\n{BODY}", title="Port").published == ""


@pytest.mark.parametrize(
    ("line", "partial"),
    [
        *((line, True) for line in ("Subscribe to continue reading", "Unlock this article for £1")),
        *(
            (line, True)
            for line in ("This article is for subscribers only.", "## Log in to read on")
        ),
        *(
            (line, False)
            for line in ("Subscribe now", "Continue reading", "Members only", "Log in")
        ),
        ("He had to subscribe to continue reading, he said.", False),
    ],
)
def test_a_wall_marks_the_article_as_partial(line: str, partial: bool) -> None:
    assert clean(f"{BODY}\n\n{line}", title="Port").partial is partial


def test_a_badge_takes_no_heading_along() -> None:
    text = f"{STORY[0]}\n\nEditor’s pick\n\nThe Long Night\n\n{STORY[2]}"
    assert clean(text, title="Port").text == text.replace("Editor’s pick\n\n", "")
    text = f"{STORY[0]}\n\nAlso read:\n\nWho pays\n\n{STORY[2]}"
    assert clean(text, title="Port").text.startswith(STORY[0])
