"""What the clutter of news pages looks like: patterns for one line at a time, by rule.

A pattern has to match a whole line, decoration aside, so that a sentence which merely mentions
subscribers, photos or comments stays. Repetition in the patterns is bounded, and long lines are
not looked at: matching takes time linear in the text.
"""

from __future__ import annotations

import re

AGENCIES = (
    "Reuters|Thomson Reuters|AFP|Agence France-Presse|AP|The Associated Press|Associated Press"
    "|Bloomberg(?: News)?|DPA|PA(?: Media)?|PTI|Press Trust of India|Xinhua|Kyodo(?: News)?|Jiji"
    "(?: Press)?|Yonhap|ANI|IANS|EFE|ANSA|AAP|UPI|TASS|Bernama|Anadolu(?: Agency)?"
)
_PICTURES = (
    r"Getty(?: Images)?|i?Stock(?:photo)?|Shutterstock|Alamy(?: Stock Photo)?|Unsplash|EPA(?:-EFE)?"
    r"|Rex|Pexels|Pixabay|Wikimedia(?: Commons)?|Flickr|Bloomberg|Handout|NurPhoto"
)
_SITES = (
    r"facebook|twitter|x|linked ?in|whats ?app|reddit|e-?mail|telegram|pinterest|copy link|link"
    r"|print|messenger|flipboard|sms|tumblr|mastodon|threads|bluesky|pocket|line|instagram|youtube"
    r"|tik ?tok|rss|share|tweet|save|comment|wechat|weibo"
)
_SPACE = r"[\s|,/•·&]{1,5}"

_LINES: dict[str, tuple[str, ...]] = {
    "paywall": (
        r"th(?:is|e) (?:article|story|content|page) is (?:only |exclusively )?(?:available "
        r"|reserved "
        r"|open )?(?:for|to) (?:our )?(?:paid |paying |premium |registered )?(?:subscribers"
        r"|members)"
        r"(?: only)?\b.{0,100}",
        r"(?:to|please)\b.{0,40}\b(?:continue|keep|finish) reading\b.{0,160}",
        r"(?:subscribe|sign in|log in|register|create an? (?:free )?account)\b.{0,40}\bto "
        r"(?:continue"
        r"|keep|finish|unlock|view|access)\b.{0,30}\b(?:reading|article|story|content"
        r"|page)\b.{0,60}",
        r"you(?:[’']ve| have) (?:reached|read|used|hit)\b.{0,40}\b(?:free|complimentary|monthly)"
        r"\b.{0,20}\b(?:articles?|stories|limit)\b.{0,100}",
        r"unlock (?:this|the full|the rest of this|unlimited) (?:article|story|content"
        r"|access)\b.{0,80}",
        r"(?:continue|keep) reading(?: (?:with|for|by) .{0,60})?[.…]{0,3}",
        r"premium(?: content| article)?|(?:for )?subscribers? only|subscriber exclusive|members"
        r" only",
        r"read the (?:full|whole|rest of the) (?:story|article)(?: (?:here|on .{1,40}))?\W?",
        r"\d{1,2} free articles? (?:left|remaining)\b.{0,40}",
    ),
    "subscription": (
        r"subscribe(?: (?:now|today|here|for free))?(?: (?:and|to|for|from) .{0,80})?[!.]?(?<!\.)",
        r"subscribe (?:now|today|here)[!.:,]?.{0,120}",
        r"subscribe (?:for|from) (?:just |only )?[$£€R]?\d.{0,80}",
        r"subscribe\W{0,3}(?:please )?support (?:our|us|independent|quality|local) .{0,400}",
        r"(?:please )?support (?:our|us|independent|quality|local)\b.{0,40}\bjournalism\b.{0,60}"
        r"\b(?:subscri|package|p/m|per month|donat|contribut|member)\w{0,8}\b.{0,200}",
        r"already (?:a|an|have an?) (?:[\w-]{1,12} )?(?:subscri\w{2,9}|member|account)\b.{0,60}",
        r"become an? (?:[\w-]{1,12} )?(?:member|subscriber|supporter)(?: (?:today|now|here))?[!.]?",
        r"(?:choose|view|see|compare) (?:your |our |all )?(?:subscription )?(?:plans?|offers)",
        r"listen to .{0,160}\bsubscribe (?:here|now)\W?",
        r"cancel any ?time\.?",
        r"gift (?:this article|a subscription)",
        r"(?:donate|make a (?:donation|contribution))(?: (?:now|today|here))?[!.]?",
        r"(?:try|get) .{0,40}\b(?:unlimited|full) (?:digital )?access\b.{0,60}"
        r"(?:[$£€R]\d|\btoday\b|\bnow\b|\bfree\b|\btrial\b).{0,60}",
    ),
    "search": (
        r"type (?:here )?to search",
        r"search(?: (?:this site|the site|our site|here|for|news|articles|results))?[:.…]{0,3}",
        r"enter (?:your )?(?:search|keywords?)(?: terms?)?(?: here)?[:.…]{0,3}",
        r"what are you looking for\?",
    ),
    "navigation": (
        r"skip to (?:the )?(?:main |primary )?(?:content|navigation|article|footer)",
        r"(?:main |toggle |open |close |site |mobile )?(?:menu|navigation|nav)",
        r"(?:back|return|go) to (?:the )?(?:top|home ?page|home)",
        r"you are here:?.{0,80}",
        r"home(?: ?[>»›/|] ?[\w&'’ -]{1,30}){1,5}",
        r"(?:previous|next) (?:article|story|post|page)",
        rf"(?:(?:sign|log)[ -]?(?:in|up|out)|register|my account|subscribe)(?:{_SPACE}(?:or )?"
        r"(?:(?:sign|log)[ -]?(?:in|up|out)|register|my account|subscribe)){0,4}",
        r"listen to (?:this |the )?(?:article|story)(?:\W{0,3}\d{1,3} min(?:ute)?s?)?",
        r"\d{1,3}[ -]?min(?:ute)?s?[ -](?:read|listen)",
        r"(?:estimated )?reading time:? ?\d.{0,20}",
        r"print(?: this)?(?: article| page| story)?",
        r"(?:show|load|see|view) (?:more|less|all)(?: stories| articles| posts)?",
        r"loading(?: more)?[.…]{0,3}",
    ),
    "newsletter": (
        r"(?:click here to |please )?(?:sign[ -]?up|subscribe|register)\b.{0,160}\b(?:newsletters?"
        r"|mailing list|e?-?mail alerts?|(?:morning|daily|evening|weekly) (?:briefing"
        r"|e-?mail))[.!]?",
        r"(?:click here to |please )?(?:sign[ -]?up|subscribe|register)\b.{0,120}\b(?:our|your|free"
        r"|here)\b.{0,120}\b(?:newsletters?|inbox|mailing list|e-?mail alerts?"
        r"|(?:free|daily|weekly|travel) e-?mail)\b.{0,600}",
        r".{0,200}\bnewsletters?\b.{0,200}\b(?:sign up|subscribe)(?: for free)? (?:here"
        r"|now)\b.{0,80}",
        r"follow @.{0,100}\bsubscribe to .{0,60}\bnewsletter\b.{0,100}",
        r".{0,60}\bin your inbox\?.{0,300}",
        r"(?:sign[ -]?up|subscribe) (?:to|for) [\w’' ]{1,60}newsletter\b.{0,60}\b(?:here"
        r"|free)\b.{0,60}",
        r"(?:get|receive|have|want)\b.{0,160}\b(?:in|to|into) your (?:e-?mail )?inbox\b.{0,300}",
        r"stay (?:ahead|informed|up to date|connected)\b.{0,160}\b(?:newsletter|inbox)\b.{0,600}",
        r"(?:please )?enter (?:a valid|your) e-?mail(?: address)?\b.{0,60}",
        r"(?:your )?e-?mail(?: address)?\W{0,3}(?:\(?required\)?)?",
        r"(?:sign[ -]?up|subscribe) (?:to|for) (?:our|the|my) .{0,60}newsletters?",
        r"by (?:signing up|subscribing|submitting|clicking|providing|entering|registering)\b.{0,80}"
        r"\byou (?:agree|consent|accept|confirm|acknowledge)\b.{0,400}",
        r"thank(?:s| you) for (?:signing up|subscribing|registering)\b.{0,80}",
        r"skip past newsletter promotion\b.{0,1200}",
        r"after newsletter promotion",
        r"(?:e-?mail )?newsletters?(?: sign-?ups?)?",
        r".{0,600}\{\{ ?[#^/]?\w{1,40} ?\}\}.{0,600}",
        r"(?:a version of )?this (?:story|article|post|column)\b.{0,60}\bappeared\b.{0,80}"
        r"\b(?:subscribe|sign up)\b.{0,60}",
    ),
    "share": (
        rf"(?:{_SITES})(?:{_SPACE}(?:{_SITES})){{1,14}}",
        r"share|tweet|copy link",
        rf"share (?:this|via|on|to)(?: (?:this|article|story|post|page|on|via|link"
        rf"|{_SITES})){{0,5}}",
        rf"(?:follow|like|find|join) us(?: on (?:{_SITES})(?:(?:,| and|,? or| &)? "
        rf"(?:{_SITES})){{0,6}}"
        r"(?: @\w{1,30})?)?[.!]?",
        rf"follow (?:@?[\w.’'-]{{1,30}} ){{1,4}}on (?:{_SITES})(?:(?:,| and|,? or| &)? "
        rf"(?:{_SITES}))"
        r"{0,5}(?: (?:at )?@\w{1,30})?[.!]?",
    ),
    "advertisement": (
        r"advertise?ments?(?:\W{1,3}(?:article|story|content) continues below(?: this ad)?)?",
        r"(?:article|story|content) continues (?:below|after)(?: (?:this|the))?"
        r"(?: (?:ad|advert|advertisement|video))?",
        r"sponsored(?: content| post| by .{1,40})?|promoted(?: content| stories)?",
        r"paid (?:post|content|for by .{1,40})|partner content|ads? by \w{1,20}|ad",
        r"advertise with us|skip ad(?:vert\w{0,8})?|scroll (?:down )?to continue(?: reading)?",
        r"remove ads",
    ),
    "affiliate": (
        r".{0,250}\b(?:our|this (?:site|page|article|post)|you (?:buy|click|purchase|shop|make))\b"
        r".{0,200}\b(?:earn|receive|get|make) (?:an? )?(?:small |affiliate"
        r" )?commissions?\b.{0,250}",
        r"(?:this (?:article|post|story|page) )(?:may )?(?:contains?|includes?) affiliate"
        r" links.{0,200}",
        r"(?:all |the )?products? .{0,60}\bindependently (?:selected|chosen|reviewed)\b.{0,250}",
        r"prices? .{0,40}(?:correct|accurate) at (?:the )?time of (?:publication|publishing"
        r"|writing)\.?",
    ),
    "comments": (
        r"\(?\d{0,5}\)? ?comments?(?: ?\(\d{1,5}\))?",
        r"(?:view|show|read|see|post|add|leave|write|hide|load)(?: all| an?| the)?(?: \d{1,5})?"
        r"(?: more)? comments?(?: \(\d{1,5}\))?",
        r"leave a reply",
        r"join the (?:conversation|discussion|debate)(?: (?:below|here|now|in .{1,30}|on"
        r" .{1,30}))?[.!]?",
        r"would you like to comment\b.{0,60}",
        r"sign up\b.{0,40}\bor (?:sign|log) ?in\b.{0,20}",
        r"(?:please )?(?:read|see|review) our (?:comment(?:s|ing)?|community|moderation) "
        r"(?:policy|guidelines|rules|standards)\b.{0,80}",
        r"(?:you must be|please) (?:log|sign)(?:ged|ed)?[ -]?in to (?:post|leave|comment"
        r"|reply)\b.{0,40}",
        r"comments? (?:are|is) (?:now |currently )?(?:closed|off|disabled|turned off"
        r"|moderated)\b.{0,80}",
        r"speech bubbles?|comment(?:s|ing)? policy|community guidelines|have your say\W?",
        r"be the first to comment\W?",
        r"(?:what do you think\?|let us know\b).{0,80}\bcomments\b.{0,40}",
        r"your e-?mail address will not be published\b.{0,80}",
        r"required fields are marked.{0,10}",
    ),
    "legal": (
        r"(?:we|this (?:web)?site|our (?:web)?site)(?: and our partners)? uses? cookies\b.{0,400}",
        r"by (?:using|continuing to use|browsing) (?:this|our) (?:web)?site\b.{0,300}",
        r"(?:accept|reject|manage|allow)(?: all)?(?: optional)? cookies|cookies?",
        r"(?:cookie|privacy) (?:policy|settings|preferences|notice|statement|choices)"
        r"(?:[\s|·•&]{1,5}(?:and )?terms .{2,20})?",
        r"terms (?:of (?:use|service)|(?:and|&) conditions)(?:[\s|·•&]{1,5}(?:and )?privacy"
        r" .{2,20})?",
        r"this site is protected by recaptcha\b.{0,200}",
        r"do not sell\b.{0,40}\bpersonal info\w{0,8}",
        r"(?:©|\(c\) ?\d{4}|copyright (?:©|\(c\)|\d{4})).{0,160}",
        r".{0,80}\ball rights reserved(?:[.,|·•©] ?.{0,200})?",
        r"this material may not be published, broadcast\b.{0,120}",
    ),
    "app": (
        r"(?:app users:? )?click here(?: to (?:get|download|install) .{0,60}\bapp)?\W?",
        r"app users:? click here",
        r"(?:get|download|install) our (?:\w{1,15} ){0,2}app\b.{0,60}",
        r"(?:get|download) (?:it )?on (?:the )?(?:app store|google play)",
    ),
    "contact": (
        r"(?:got|have|do you have)(?: a| any)? (?:news |story |confidential )?tips?(?: or"
        r" \w{1,15})?\?"
        r".{0,200}",
        r"(?:to )?contact (?:the|our|this) (?:author|reporter|writer|journalist|editor|newsroom)s?"
        r"\b.{0,160}",
        r"(?:want to|you can) (?:reach out|get in touch|contact us|write to us)\b.{0,250}",
        r"(?:e-?mail|write to|contact|reach)(?: [\w’'-]{1,20}){0,3}(?: at|:) \S{1,60}@\S{1,60}",
        r".{0,80}\bdrop us a (?:note|line)\b.{0,60}@.{0,250}",
        r"\[email\W{0,1}protected\]|\S{1,40}@\S{1,40}\.\w{2,10}",
    ),
    "agency": (
        rf"(?:{AGENCIES}|Staff|[\w .]{{2,30}}),? with (?:additional |further )?(?:editing|reporting"
        r"|inputs?|writing) (?:by|from) .{2,100}",
        r"(?:additional )?reporting by [^.;]{2,120}[.;] ?(?:additional reporting by"
        r" [^.;]{2,80}[.;] ?)?"
        r"(?:writing by [^.;]{2,80}[.;] ?)?(?:editing by [^.;]{2,100})\.?",
        r"(?:additional reporting|with (?:additional )?inputs?|editing) (?:by|from)"
        r" [^.;]{2,100}\.?",
        rf"\((?:with )?(?:additional )?(?:inputs?|reporting) (?:by|from) (?:{AGENCIES}"
        rf"|.{{2,60}})\)",
    ),
}
LINE_RULES = {
    name: re.compile("|".join(patterns), re.IGNORECASE) for name, patterns in _LINES.items()
}

_RELATED = (
    r"also read|read also|also on [\w ]{1,20}|read more|see also|related(?: (?:stories|story"
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
RELATED_LINE = re.compile(
    rf"(?:{_RELATED})(?: [|–—-] |\s?: ?)(?P<headline>\S.{{5,200}})(?<![.;,])", re.IGNORECASE
)
"""A line that is itself a link to another story."""
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
    r"|Pic|Illustration|Graphic|Credit|Screenshot|Video|Feature image)s?)(?: credit| illustration)?"
)
CREDIT_LINE = re.compile(
    rf"\(?(?:{_LABEL}(?: by|:| /) ?|via ){_CREDIT}\)?\.?"
    rf"|\({_LABEL}(?: [^():]{{2,160}})?: [^()]{{2,160}}\)"
)
"""A photo credit by itself: "Photo: Reuters"."""
_KNOWN = rf"(?:{_CREDIT}[ /])?(?:{AGENCIES}|{_PICTURES})(?:[ /]{_CREDIT})?"
CAPTION = re.compile(
    rf".{{3,400}}(?:[.!?…”\"’)]\s\(?{_LABEL}(?: by|:) {_CREDIT}\)?|\sPhotograph(?: by|:) {_CREDIT}"
    rf"|\s\(?{_LABEL}(?: by|:) {_KNOWN}\)?|\s\({_LABEL}: [^()]{{2,160}}\)|\s\({_KNOWN}\)"
    rf"|\s\|\s{_KNOWN})"
)
"""A caption that ends with its credit."""
PICTURE_LINE = re.compile(
    rf"(?:next |prev(?:ious)? )?image \d{{1,3}} of \d{{1,3}}\b.{{0,300}}|© ?(?:{AGENCIES}"
    rf"|{_PICTURES})"
    r"|embed from getty images|image (?:source|caption)[:,]? .{0,200}|file (?:photo|picture)\W?",
    re.IGNORECASE,
)

AGENCY_ALONE = re.compile(rf"[•(\[–—\s-]{{0,4}}({AGENCIES})[)\].]{{0,2}}(?:/\w{{2,10}})?")
AGENCY_FIRST = re.compile(rf"(?:{AGENCIES})\b")
_PERSON = r"[^\W\d_a-z][\w.’'-]*(?: (?:de|van|von|der|bin|al))?(?: [^\W\d_a-z][\w.’'-]*){1,3}"
PERSON = re.compile(_PERSON)
BYLINE = re.compile(
    rf"(?i:by|written by|words by|story by):? (?P<author>{_PERSON}(?:(?:,| and|, and| &) {_PERSON})"
    r"{0,4})(?:(?:,| [|•·/–—-]| in| for) [^.!?]{2,60})?"
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
    r"(?: \d{1,2})?){0,2})"
    rf"(?P<agency> ?\((?:{AGENCIES})\))?\s?(?P<dash>—|–|--|-) (?=[\"“‘A-Z0-9])"
)
REPORTED = re.compile(
    r"\b(?:said|says|saying|told|added|warned|urged|wrote|announced|reported|argued|claimed"
    r"|according"
    r" to|found that|a study|asked him|asked her)\b",
    re.IGNORECASE,
)
"""A line that reports what somebody said is story text, whatever else is in it."""
