"""One invented event in seven articles: an original, four copies and two reports of their own."""

from __future__ import annotations

import random
import re

from rag.schema import Article

ORIGINAL = """PORT ELLERY (Northern Wire) - The Ellery ferry company will replace its three diesel
ships with battery-powered ones by the summer of 2026, its chairwoman said on Tuesday, in the
largest order that a regional operator has ever placed.

The yard at Hammersund will build the ships for 214 million crowns. The first is due in March 2025
and will carry 180 cars and 600 passengers between Port Ellery and the island of Sandholm, a
crossing of 38 minutes.

"We looked at hydrogen and we looked at ammonia, and neither will be ready when our old ships are
worn out," chairwoman Marit Lindqvist told reporters at the quay. "Batteries are."

Charging towers at both harbours will take the power of a town of 9,000 people for eleven minutes
at each call. The grid operator has agreed to lay a second cable to Sandholm, which the region pays
for, after a winter in which the island lost its electricity four times.

Fares will not rise before 2027, the company said. It expects to save 31 million crowns a year in
fuel, about half of what it spends today, and to pay back its loans within fourteen years.

Unions welcomed the order but asked what will become of the 44 engineers who look after the diesel
engines. The company said that all of them would be trained for the new ships, and that nobody
would be dismissed.

The old ships will be sold. Two buyers in the Mediterranean have shown interest, according to a
person who knows the talks, but no price has been agreed."""

_HARBOUR_REPORT = """Three new electric ferries will soon sail to Sandholm. The decision, which had
been expected since the spring, was taken by the board of the Ellery ferry company on Monday night
and made public the next morning.

"We looked at hydrogen and we looked at ammonia, and neither will be ready when our old ships are
worn out," said Marit Lindqvist, who leads the board.

For islanders it ends years of waiting. The present vessels date from 1991 and broke down nineteen
times last year. Teachers who commute from the mainland missed lessons, and the dairy had to pour
away milk. "I will believe it when I stand on the deck," said a farmer in the queue for the noon
departure.

The contract went to the Hammersund yard, 90 kilometres up the coast, which beat offers from two
competitors abroad. It is worth 214 million crowns and secures work for about 300 people until the
last ship is handed over in the middle of 2026.

Nothing is without risk. The cable on which the chargers depend has not been laid, and the region
has yet to vote on the money. Its finance committee meets in two weeks. Should it say no, the
company would have to run the chargers from diesel generators, which would spoil the point of the
purchase, as several members of the committee remarked."""

_MONEY_REPORT = """How a small ferry line pays for a fleet of battery ships is a question that
bankers along the coast have been asking since Tuesday. Ellery, which carried 1.1 million
passengers last year, had sales of 160 million crowns and owes its lenders almost nothing.

According to its filing, two thirds of the price will come from a loan by the coastal development
bank, at a rate that falls if emissions do. The remainder is the company's own. Interest alone
will cost nine million crowns in the first year.

Against this stand lower bills for fuel. Ellery puts the saving at 31 million crowns, assuming that
electricity stays at the price of last autumn. Analysts at two banks call that hopeful: power was
dearer by a third only two winters ago, and the harbour chargers draw most of theirs in the
morning, when it is scarce.

Shares of the builder, Hammersund, rose 6 percent. It had not won an order since the collapse of
its tanker business and had warned in August that it might close one of its two docks.

Marit Lindqvist, the chairwoman, was asked whether passengers will pay in the end. She repeated
that tickets stay as they are until 2027 and did not want to speak about later years. Two of the
old ships may be sold to the Mediterranean, which would bring in a little more."""


def reworded(text: str, share: float, seed: int = 1) -> str:
    """The text with this share of its words replaced by others, evenly spread."""
    chance = random.Random(seed)
    parts = re.split(r"(\w+)", text)
    for place in range(1, len(parts), 2):
        if chance.random() < share:
            parts[place] = "".join(chance.choices("aeiouy", k=6))
    return "".join(parts)


def trimmed(text: str, share: float) -> str:
    """The first part of the text, in whole words."""
    words = text.split(" ")
    return " ".join(words[: int(len(words) * share)])


def _article(name: str, title: str, text: str, publisher: str, day: int) -> Article:
    return Article(
        article_id=name,
        title=title,
        text=text,
        publisher=publisher,
        published=f"2023-10-{day:02}",
        url=f"https://{name}.example.org/ferries",
    )


STORY = [
    _article("wire", "Ellery orders three battery ferries", ORIGINAL, "Northern Wire", 3),
    _article("gazette", "Quiet ships for Sandholm", ORIGINAL, "Gazette", 4),
    _article("courier", "Ferry firm goes electric", trimmed(ORIGINAL, 2 / 3), "Courier", 4),
    _article(
        "mail",
        "Ellery orders three battery ferries",
        ORIGINAL.replace("PORT ELLERY (Northern Wire) - ", "SANDHOLM, Oct 4 (Island Mail) -- ")
        + "\n\nReporting by the Northern Wire; additional reporting by our staff.",
        "Island Mail",
        5,
    ),
    _article("echo", "Three new ferries", reworded(ORIGINAL, 0.05), "Echo", 5),
    _article("harbour", "Sandholm gets its ferries", _HARBOUR_REPORT, "Harbour News", 3),
    _article("ledger", "The price of silence", _MONEY_REPORT, "Ledger", 6),
]
COPIES = ("wire", "courier", "gazette", "echo", "mail")
"""In the order of publication, then of their ids."""
