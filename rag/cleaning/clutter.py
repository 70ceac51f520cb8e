"""What credits, captions, bylines, links to other stories and walls look like in a page's text.

Repetition in the patterns is bounded, and long lines are not looked at: matching takes time linear
in the text. The lines that are clutter wherever they stand are in `clutter_lines.py`.
"""

from __future__ import annotations

import re

AGENCIES = (
    "Reuters|Thomson Reuters|AFP|Agence France-Presse|AP|The Associated Press|Associated Press"
    "|Bloomberg(?: News)?|DPA|PA(?: Media)?|PTI|Press Trust of India|Xinhua|Kyodo(?: News)?|Jiji"
    "(?: Press)?|Yonhap|ANI|IANS|EFE|ANSA|AAP|UPI|TASS|Bernama|Anadolu(?: Agency)?"
    "|REUTERS|KYODO|XINHUA|JIJI|BLOOMBERG|YONHAP|AP Photo"
)
_PICTURES = (
    r"Getty(?: Images)?|i?Stock(?:photo)?|Shutterstock|Alamy(?: Stock Photo)?|Unsplash|EPA(?:-EFE)?"
    r"|Rex|Pexels|Pixabay|Wikimedia(?: Commons)?|Flickr|Bloomberg|Handout|NurPhoto"
)
PARTIAL = re.compile(
    r"th(?:is|e) (?:article|story|content|page) is (?:only |exclusively )?(?:available |reserved "
    r"|open )?"
    r"(?:for|to) (?:our )?(?:paid |paying |premium |registered )?(?:subscribers|members)(?:"
    r" only)?\b.{0,100}"
    r"|(?:to|please)\b.{0,40}\b(?:continue|keep|finish) reading\b.{0,160}"
    r"|(?:subscribe|sign (?:in|up)|log in|register|create an? (?:free )?account|become an? "
    r"(?:member"
    r"|subscriber))\b.{0,60}\bto (?:continue|keep|finish|unlock|read)\b.{0,30}\b(?:reading|on"
    r"|more|rest|this"
    r"|full|article|story|content)\b.{0,60}"
    r"|you(?:[’']ve| have) (?:reached|read|used|hit)\b.{0,40}\b(?:free|complimentary|monthly)"
    r"\b.{0,20}\b(?:articles?|stories|limit)\b.{0,100}"
    r"|unlock (?:this|the full|the rest of (?:this|the)) (?:article|story|content)\b.{0,80}"
    r"|(?:continue|keep) reading (?:with|for|by) .{0,60}"
    r"|read the (?:full|whole|rest of the) (?:story|article) (?:with|by|for) .{2,60}"
    r"|(?:the|this) (?:rest|remainder) of (?:the|this) (?:article|story) (?:is|requires)\b.{0,100}"
    r"|(?:subscriber|premium)[- ](?:only|exclusive) (?:article|story|content)",
    re.IGNORECASE,
)
"""A line that says that the rest of the article is for others."""

_RELATED = (
    r"also read|read also|read next|also on [\w ]{1,20}|read more|see also|related(?: (?:stories"
    r"|story"
    r"|articles?"
    r"|news|content|posts?|coverage|topics|reading|links|pages))?|more on this(?: story| topic)?"
)
RELATED_LABEL = re.compile(
    rf"(?:{_RELATED}|read more (?:on|about|from) .{{2,50}}|more (?:stories )?(?:from|on|in|like) "
    r"(?:this|the|our|[A-Z]).{1,40}|you (?:may|might)(?: also)? (?:like|be interested in|enjoy"
    r"|have "
    r"missed)|recommended(?: for you| stories| articles| reading)?|most (?:read|popular|viewed"
    r"|shared)"
    r"(?: stories| articles| news)?|trending(?: now| stories| news| topics)?|up next|what to read"
    r" next"
    r"|editor(?:[’']?s|s[’'])? (?:picks?|choice)|don[’']t miss|must[ -]reads?|latest (?:news"
    r"|stories)"
    r"|top stories|popular (?:now|stories|posts)|in case you missed it|suggested (?:stories"
    r"|articles)"
    r"|from (?:our|the) (?:archives?|partners))\s?:?",
    re.IGNORECASE,
)
"""A line above a list of other stories."""
RELATED_STRONG = re.compile(rf"(?:{_RELATED}|you (?:may|might) also like)\s?:?", re.IGNORECASE)
"""A label that goes even where no list is left below it."""
RELATED_ALONE = re.compile(
    r"(?:you (?:may|might)(?: also)? (?:like|be interested in|enjoy)|recommended (?:for you|stories"
    r"|articles|reading)|most (?:read|popular|viewed|shared)(?: stories| articles| news)?|trending"
    r" (?:now|stories|news|topics)|up next|what to read next|editor(?:[’']?s|s[’']) "
    r"(?:picks?|choice)"
    r"|don[’']t miss|must[ -]reads?|latest (?:news|stories)|top stories(?: (?:from|in)"
    r" .{2,30})?|popular"
    r" (?:now|stories|posts)|in case you missed it|suggested (?:stories|articles)|from the (?:web"
    r"|archives?)"
    r"|further reading|(?:more|other|similar|related) (?:stories|news|articles|like this|top"
    r" stories)"
    r"|also (?:in this series|from (?:the )?(?-i:[A-Z])[\w ]{2,30})|most commented|trending"
    r"|latest(?: headlines)?"
    r"|breaking news|hot topics|you may have missed|our picks|about (?-i:[A-Z][a-z]{1,15}"
    r" [A-Z][a-z]{1,15})"
    r"|more (?:stories )?from (?:the |our )?(?-i:[A-Z])[\w’&. -]{1,40}|go deeper|read next)\s?:?",
    re.IGNORECASE,
)
"""A label that goes by itself, and takes no single line below it along."""
RELATED_LINE = re.compile(
    rf"(?:{_RELATED})(?: [|–—-] |\s?: ?)(?P<headline>\S.{{5,200}})(?<![.;,])", re.IGNORECASE
)
"""A line that is itself a link to another story."""
MEDIA_LINK = re.compile(
    r"(?:must[ -]read|recommended|don[’']t miss|see more|top story|in case you missed it)(?:"
    r" ?[|–—] ?| ?: )"
    r"(?-i:[A-Z‘“\"])\S.{12,140}(?<![.;,!])|"
    r"read more (?:about|on|at|from) [^.!?,;]{2,80}"
    r"|(?:watch(?: this story| the story)?|video|listen|podcast|in pictures|gallery|photos"
    r"|explainer"
    r"|you (?:may|might)(?: also)? (?:like|be interested in))(?: ?[|–—] ?| ?: )"
    r"(?-i:[A-Z‘“\"])\S.{5,140}"
    r"(?<![.;,!])|(?-i:MORE|READ|WATCH|ALSO|RELATED)(?-i: ?[:|] ?[A-Z‘“\"])\S.{5,160}(?<![;,])",
    re.IGNORECASE,
)
"""A link to a video, a podcast, pictures or more on a subject."""
RELATED_LINK = re.compile(
    r"(?:watch|must[ -]read|read|recommended|more)\s?: ?(?P<headline>\S.{5,200})(?<![.;,])", re.I
)
"""The same with a label that stories use too: only where a headline in title case follows."""
CLICK_HERE = re.compile(
    r"for (?:more|all|full|the latest)\b.{0,100}\b(?:click here|visit \S{3,60})[!.]?"
    r"|click here (?:for|to (?:read|see|view|sign up for)) .{2,100}"
    r"|(?:read|watch) (?:more|now)(?: here| on .{2,30})?\W?",
    re.IGNORECASE,
)

_NAME = r"(?:[A-Z0-9@©]|[ei](?=[A-Z]))[\w.’'&@-]*"
_CREDIT = (
    rf"{_NAME}(?:(?: ?[/|] ?|, ?| [–—-] | )"
    rf"(?:{_NAME}|via|for|of|and|the|by|from|courtesy|de|van|von|on|in)(?![^\W\d_])){{0,20}}"
)
_LABEL = (
    r"(?:PHOTO|IMAGE|PICTURE|CREDIT|(?:Top |File |Lead |Main |Feature |Featured |Mandatory"
    r" )?(?:Photo|Photograph|Picture"
    r"|Image"
    r"|Pic|Illustration|Graphic|Credit|Screenshot|Video|Feature image)s?)(?: credit|"
    r" [Ii]llustration)?"
)
CREDIT_LINE = re.compile(
    rf"[(\[]?(?:{_LABEL}(?: by|:| /| courtesy(?: of)?:?) ?|via ){_CREDIT}[)\]]?\.?"
    rf"|(?:{_CREDIT}/)?(?:{AGENCIES}|EPA)(?:/{_CREDIT}| via Getty Images)|{_CREDIT}/(?:{AGENCIES}"
    rf"|EPA)"
    rf"|\({_LABEL}(?: [^():]{{2,160}})?: [^()]{{2,160}}\)"
)
"""A photo credit by itself: "Photo: Reuters"."""
_KNOWN = rf"(?:{_CREDIT}[ /])?(?:{AGENCIES}|{_PICTURES})(?:[ /]{_CREDIT})?"
CAPTION = re.compile(
    rf".{{3,400}}(?:[.!?…”\"’)]\s\(?{_LABEL}(?: by|:) {_CREDIT}\)?|\sPhotograph(?: by|:) {_CREDIT}"
    rf"|\s\(?{_LABEL}(?: by|:) {_KNOWN}\)?|\s\({_LABEL}: [^()]{{2,160}}\)|\s\({_KNOWN}\)"
    rf"|\s\|\s{_KNOWN}|[.!?”] \[{_CREDIT}/{_CREDIT}\]|[.!?”] {_CREDIT} ?/ ?(?:{AGENCIES})|\s"
    rf"(?:{AGENCIES}"
    rf"|EPA|Getty Images)/{_CREDIT}\.?)"
    r"|(?:FILE PHOTO|File (?:photo|picture|image)|FILE):.{5,500}|FILE [–—-] .{5,500}\)"
)
"""A caption that ends with its credit."""
PICTURE_LINE = re.compile(
    rf"(?:next |prev(?:ious)? )?image \d{{1,3}} of \d{{1,3}}\b.{{0,300}}|© ?(?:{AGENCIES}"
    rf"|{_PICTURES})"
    r"|(?:getty images|i?stock(?:photo)?|shutterstock|alamy(?: stock photo)?|unsplash)"
    r"(?:/[\w ./-]{2,60})?"
    r"|(?:click|tap)(?: on)?(?: the| this)?(?: (?:image|photo|picture))? to (?:enlarge|expand|zoom)"
    r"|(?:view|open|see) (?:the |this )?(?:image|photo|picture|gallery)s?(?: in .{2,30})?"
    r"|representat(?:ive|ional) (?:image|photo|picture)\W?.{0,60}|credit\W{1,4}"
    r"(?-i:[A-Z])[\w.’' -]{2,30} for .{3,40}"
    r"|images? (?:via|credits?:?) .{2,60}|(?:show|hide|toggle) caption|embed from getty images"
    r"|image (?:source"
    r"|caption)[:,]? .{0,200}|file (?:photo|picture)\W?",
    re.IGNORECASE,
)

AGENCY_ALONE = re.compile(rf"[•(\[–—\s-]{{0,4}}({AGENCIES})[)\].]{{0,2}}(?:/\w{{2,10}})?")
AGENCY_FIRST = re.compile(rf"(?:{AGENCIES})\b")
_PERSON = r"[^\W\d_a-z][\w.’'-]*(?: (?:de|van|von|der|bin|al))?(?: [^\W\d_a-z][\w.’'-]*){1,3}"
PERSON = re.compile(_PERSON)
BYLINE = re.compile(
    rf"(?i:by|(?:written|words|story|text|posted) by|author|words|text):? (?P<author>{_PERSON}(?:"
    rf"(?:,| and|, and| &) {_PERSON})"
    r"{0,4})(?:(?:,| [|•·/–—-]| in| for) [^.!?]{2,60})?"
)
_POSTS = r"(?:correspondent|reporter|journalist|writer|columnist|contributor|bureau chief|editor)s?"
POST = re.compile(
    rf"(?P<author>{_PERSON})(?:,| \||\n) (?:(?:the |our )?(?i:[\w&’'-]{{2,15}}) ){{0,4}}"
    rf"(?i:{_POSTS}|staff)"
    r"(?:(?:,| (?:in|at|for)) [A-Z][\w’&. -]{1,40})?"
)
"""A writer with the post held: "Jane Doe, Technology Correspondent"."""
LAST_BIOGRAPHY = re.compile(
    rf"(?:About the (?:author|writer): )?(?P<author>{_PERSON})(?:, [^,.]{{3,60}},)? (?:(?:writes"
    rf"|reports)"
    r" (?:about|on|for) |has (?:covered|been an? (?:[\w-]{2,12} )?(?:reporter|correspondent"
    r"|editor)|written"
    r" (?:about|for)|reported (?:on|for|from)) |is an? (?:[\w-]{2,15} ){0,3}(?:fellow|author"
    r"|columnist|reporter"
    r"|correspondent|journalist|writer)\b)[^.]{0,120}\.?"
)
"""A biography where nothing follows it."""
ABOUT_AUTHOR = re.compile(
    r"about (?:the|our|this) "
    r"(?:authors?|writers?|reporters?|contributors?|journalists?)\W?|author bio",
    re.IGNORECASE,
)
SURE_BIOGRAPHY = re.compile(
    rf"(?P<author>{_PERSON}) (?:is|was) (?:an?|the|our|(?:the )?[A-Z][\w ]{{1,30}}[’']s) "
    rf"(?:[\w’'&-]{{2,15}} ){{0,5}}{_POSTS}(?:\.?$"
    r"|,? (?:covering|who (?:covers|writes|reports)|based (?:in|out)|at|for|with|on the)\b"
    r"|\. (?:She|He|They|Follow|Contact|Email)\b)"
    rf"|(?P<writer>{_PERSON}) (?:covers|writes (?:about|on)|reports on) [^.]{{3,160}}(?:\. (?:She"
    rf"|He|They)"
    r" (?:previously|is based|joined|has (?:worked|written|reported|covered)|was previously|also"
    r" (?:writes|covers|hosts)|lives|can be)\b| for (?:the )?[A-Z][\w ]{2,40}\.$)"
    rf"|(?P<joiner>{_PERSON}) joined (?:the )?[A-Z][\w ]{{2,30}} in \d{{4}} and (?:covers|writes"
    rf"|reports)\b"
    r"|(?:The|This) (?:author|writer|columnist) is (?:an?|the) [^.]{0,80}\b(?:professor|fellow"
    r"|director|editor"
    r"|lecturer|analyst|economist|journalist|researcher|adviser|lawyer|minister"
    r"|chair\w{0,6})\b[^.]{0,120}\.?$"
    r"|[A-Z][a-z]{1,15} has (?:covered|written about|reported on) [^.]{3,120}\b(?:lives|is"
    r" based)\b[^.]{2,60}\.?$"
)
"""A biography that can be nothing else, unless it tells of an event."""
EVENT = re.compile(
    r"\b(?:who (?!covers|writes|reports)|whom|arrested|died|killed|jailed|detained|sued|fired"
    r"|resigned"
    r"|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|yesterday)\b"
)
BIOGRAPHY = re.compile(
    rf"(?P<author>{_PERSON}),? (?:is|was|has been|has|covers|writes|reports|joined"
    r"|works)\b.{0,140}\b(?:editor|reporter|journalist|correspondent|writer|columnist|producer"
    r"|contributor|bureau chief|freelancer?|blogger|critic|covers|covering|author of)\b"
)
CONTACT = re.compile(
    r"\b(?:(?:write to|reach|contact|e-?mail|follow|tweets?|find) (?:him|her|them|me|\w{2,20})"
    r" (?:at|on|via)|you can (?:write|reach|contact|follow)|\[email.protected\])\b"
    r"|\S@\S{1,40}\.\w{2}|@\w{3}",
    re.IGNORECASE,
)
DATELINE = re.compile(
    r"(?P<place>[A-Z][\w.’'-]*(?:[ /][A-Z][\w.’'-]*){0,3}(?:, [A-Z][\w.’'-]*(?: [A-Z][\w.]*)?"
    r"(?: \d{1,2})?(?:, \d{4})?){0,2})"
    rf"(?P<agency> ?\((?:{AGENCIES})\))?\s?(?P<dash>—|–|--|-) (?=[\"“‘A-Z0-9])"
)
REPORTED = re.compile(
    r"\b(?:said|says|saying|told|added(?! to (?:my|your))|warned|urged|wrote|announced|reported"
    r"|argued|claimed"
    r"|according"
    r" to|found that|a study|asked him|asked her)\b",
    re.IGNORECASE,
)
"""A line that reports what somebody said is story text, whatever else is in it."""
