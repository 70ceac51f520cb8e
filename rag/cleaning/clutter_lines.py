"""Lines that are clutter wherever they stand on a news page: whole-line patterns by rule.

A pattern has to match a whole line, decoration aside, so that a sentence which merely mentions
subscribers, photos or comments stays. Repetition in the patterns is bounded, and long lines are
not looked at: matching takes time linear in the text.
"""

from __future__ import annotations

import functools
import re

from rag.cleaning.clutter import AGENCIES
from rag.cleaning.clutter_offers import OFFERS

_SITES = (
    r"facebook|twitter|x|linked ?in|whats ?app|reddit|e-?mail|telegram|pinterest|copy link|link"
    r"|print|messenger|flipboard|sms|tumblr|mastodon|threads|bluesky|pocket|line|instagram|youtube"
    r"|tik ?tok|rss|share|tweet|save|comment|wechat|weibo"
)
_SPACE = r"[\s|,/•·&]{1,5}"

_FURNITURE: dict[str, tuple[str, ...]] = {
    "search": (
        r"type (?:here )?to search",
        r"search(?: (?:this site|the site|our site|here|for|news|articles|results))?[:.…]{0,3}",
        r"enter (?:your )?(?:search|keywords?)(?: terms?)?(?: here)?[:.…]{0,3}",
        r"what are you looking for\?",
        r"search (?:our|the) (?:[\w-]{1,15} )?(?:archives?|site|database)[:.…]{0,3}",
        r"search results",
        r"search (?:by )?(?:keywords?|articles|stories|news|videos|topics)(?:,? (?:and |or"
        r" )?(?:videos|more|news|topics|stories|articles)){0,4}[:.…]{0,3}",
        r"(?:looking|searching) for (?:something|anything)(?: else)?\?|enter (?:a |your"
        r" )?(?:keywords?|search terms?|query)(?: (?:to search|here))?[.…]{0,3}",
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
        r"jump to (?:the )?(?:main )?(?:content|navigation|section|search)",
        r"(?:menu|close|open|search|home|back|next|previous|expand|collapse|dismiss|cancel|ok"
        r"|refresh|replay|faqs?|help|careers|settings)(?: (?:menu|close|search|navigation))?",
        r"(?:contact|about) us|site ?map|help (?:cent(?:er|re)|desk)|(?:change|select|choose) "
        r"(?:your )?(?:language|edition|region)",
        r"scroll (?:to|back to) (?:the )?top|back to (?:article|story|all (?:news|stories))",
        r"(?:text|font) size(?:\W{0,3}(?:small|medium|large|a\+?|a-?|\W){0,6})?|a(?: a){1,3}"
        r"|a[+-] ?a[+-]",
        r"(?:please wait|loading \w{2,15})[.…]{0,3}|error loading \w{2,20}|an error (?:has"
        r" )?occurred\W{0,3}(?:please )?(?:try again)?.{0,20}",
        r"(?:play|watch|pause|unmute|mute|stop)(?: (?:the |this )?(?:audio|video|episode"
        r"|clip))?(?:\W{1,3}\d{1,2}:\d{2})?",
        r"\d{1,2}:\d{2} ?/ ?\d{1,2}:\d{2}|listen\W{1,3}\d{1,3} min(?:ute)?s?|unable to play "
        r"(?:the )?(?:video|audio)\b.{0,60}",
        r"(?:your browser|this browser) (?:does not|doesn[’']t) support .{2,60}|java ?script is "
        r"(?:disabled|required|not enabled)\b.{0,80}",
        r"this (?:video|audio|content|image) (?:is|could|can|has)\b.{0,20}\b(?:no longer|not be"
        r"|not|been)\b.{0,40}",
        r"(?-i:[A-Z])[a-z]{2,12}(?: [|•·] [^\W\d_]{4,12}){2,12}",
        r"(?:was this|did you find this) (?:article|page|story|information)? ?(?:helpful|useful"
        r"|interesting)\?.{0,20}|rate this (?:article|story|page)",
        r"(?:take|complete) (?:our|a|this) (?:\w{1,10} )?survey\W?|(?:give|send|share|leave)(?:"
        r" us)?(?: your)? feedback|thanks for your feedback\W?",
        r"(?:click|tap) (?:here|to|on (?:the )?(?:image|photo|picture)) (?:to )?(?:enlarge|expand"
        r"|zoom"
        r"|read more|continue|close)\b.{0,40}",
        r"(?:tags?|topics?|filed under|categor(?:y|ies)|keywords?|posted in|tagged(?: with)?|in"
        r" this (?:article|story)|sections?)(?:: ?[^.!?]{2,200}| (?-i:[^.!?a-z])[^.!?]{1,100}|:?)",
        r"(?:skip|skip (?:to )?navigation|submit|learn more|got it|no thanks|not now|maybe later"
        r"|i agree|listen(?: now)?|jump to|breadcrumbs?|(?:table of )?contents|on this page|print"
        r" edition|(?:download|save as) pdf|text[ -]to[ -]speech|follow|connect with us)",
        r"(?:audio|video|listen|est(?:imated)?\.?|read(?:ing)? time)\W{1,3}(?:read(?:ing)? "
        r"(?:time)?\W{0,3})?\d{1,3} ?min(?:ute)?s?|\d{1,3} min(?:ute)?s?|(?:estimated )?read"
        r"(?:ing)? time:? \d{1,3} ?min(?:ute)?s?",
        r"(?:search for) (?:news|stories|articles|people|topics)(?:[, ]+(?:and |or )?(?:news"
        r"|people|topics|stories|articles|more)){0,4}",
        r"(?:(?:last )?(?:updated|published|posted|modified)\W{1,2})?(?:\d{1,3}|an?|one|two"
        r"|three) (?:second|minute|hour|day|week|month|year|min|hr)s? ago",
        r"(?:like|did you like|enjoy(?:ed|ing)?) this (?:article|story|post)\?.{0,60}|follow this"
        r" (?:topic|story|author)",
        r"(?:last )?updated (?:at|on) \W?(?:\d{1,2}[:.]\d{2}\W?(?:[a-z.]{2,6})?(?:"
        r" [a-z]{2,4})?)?(?:\.?from the section .{2,40})?",
        r"(?:read (?:our|the)|(?:see|find|explore) (?:our|more|the)) (?:full |latest |live "
        r"|complete"
        r" )?(?:coverage|explainer|guide|series|stories|statement|report|interview|analysis"
        r"|on)\b[^.,;]{0,60}(?:(?:here|topics?)\.?|(?<![.!?,;]))",
        r"more (?:about|on)\W{1,2}(?-i:[A-Z])[^.!?]{2,80}",
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
        rf"share\W{{0,3}}(?:{_SITES})(?:{_SPACE}(?:{_SITES})){{0,14}}",
        r"share (?:full article|this with (?:your )?(?:friends|others|someone)|your thoughts"
        r"|options?|save)\b.{0,30}",
        r"(?:click to )?(?:share|e-?mail|print|tweet|pin|post|copy)(?: (?:this|it|a link|the link"
        r"|link))?(?: (?:on|to|via|with|article|story|page|post|link|friend|a friend|clipboard"
        r"|(?-i:[A-Z])\w{1,12})){0,5}(?: ?\(opens in (?:a )?new window\))?",
        r"link copied\W?(?: to clipboard)?|copied(?: to clipboard)?\W?|save(?: (?:for later|this"
        r"|article|story|for later reading)){0,2}|bookmark(?: this)?|add to (?:reading list"
        r"|favou?rites|bookmarks)",
        r"(?:follow|join|like|find|add) (?:us|our|the|(?-i:[A-Z])[\w’'&. -]{1,40}"
        r"|\w{1,20}[’']s)\b[^.]{0,40}\b(?:whats ?app|telegram|google news|facebook|twitter"
        r"|instagram|linked ?in|youtube|tik ?tok|x|threads|bluesky|mastodon)(?: (?:channel|page"
        r"|group|account|feed))?(?:(?:,| and|,? or| &)? (?:whats ?app|telegram|google news"
        r"|facebook|twitter|instagram|linked ?in|youtube|tik ?tok|x|threads|bluesky))*(?: "
        r"(?:channel|page|group|account|feed|for)\b.{0,60})?[.!]?",
        r"follow (?:(?-i:[A-Z])[\w.’'-]{1,20} ){1,4}on [\w ]{1,15}:? ?@?\w{0,30}[.!]?|follow"
        r" @\w{2,30}"
        r"(?: on \w{1,12})?[.!]?",
        r"for (?:the latest|more|all the|breaking)\b.{0,80}\b(?:follow (?:us|our)|visit our|join"
        r" our|download our)\b.{0,100}",
        r"(?:facebook|twitter|x|linked ?in|whats ?app|telegram|reddit|pinterest|instagram|youtube"
        r"|tik ?tok|flipboard)",
        r"(?:share|send|post|pin) (?:by|via|on|to|in) (?:e-?mail|social media|x|facebook|sms"
        r"|twitter|linked ?in|whats ?app)|follow us(?: .{2,60})?",
        r"(?:share )?all sharing options(?: for)?\b.{0,200}",
        r"share (?:this|it|with|your)?(?: (?:article|story|post|page))?(?: (?:with|on|to|via) "
        r"(?:your |a |the |social )?(?:friends?|network|media|followers|others|contacts))?:?",
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
        r"(?:all )?comments (?:are|may be|will be) (?:subject to|moderated|reviewed"
        r"|published)\b.{0,100}|we (?:welcome|encourage|value) your (?:comments|feedback|thoughts"
        r"|views)\b.{0,160}",
        r"(?:log|sign) in to (?:comment|join|reply|post)\b.{0,40}|(?:start|join|view|read) the "
        r"(?:conversation|discussion|thread)\W?|(?:reply|report comment|sort by(?:"
        r" \w{2,10})?|newest first|oldest first|most liked|show \d{1,4} (?:more )?(?:comments"
        r"|replies))",
        r"(?:tell|let) us (?:what you think|know (?:what you think|your (?:thoughts"
        r"|views)))\b.{0,60}|share your (?:views|thoughts|opinion)\b.{0,60}",
        r"(?:no|add|post|write|your|leave|see|our|show|join the|comment) (?:your )?comments?(?:"
        r" yet| below| here| policy)?(?:\W.{0,60})?|comment below|comments? policy\W.{0,160}",
        r"comment(?:s|ing) (?:on|for) this (?:article|story|post)\b.{0,60}|commenting (?:is"
        r"|has)\b.{0,80}|(?:please )?keep (?:your )?comments\b.{0,80}|comments that\b.{0,60}\b"
        r"(?:removed|deleted|moderated)\b.{0,30}",
        r"(?:to|you must|please)\b.{0,30}\bcomment\b.{0,40}\b(?:log|sign|regist)\w{0,8}(?:"
        r" in)?\b.{0,30}|(?:register|subscribe|join) to comment|what do you think\?.{0,80}|"
        r"(?:send|write) (?:us )?a letter to the editor.{0,60}",
        r"(?:please )?(?:follow|respect|observe|see) (?:our|the) (?:comment\w{0,4}|community"
        r"|house|moderation) (?:guidelines|rules|policy|standards)\b.{0,80}|we reserve the right"
        r" to (?:remove|delete|edit|moderate)\b.{0,100}",
        r"(?:to|please)\b.{0,12}\bjoin the (?:conversation|discussion|debate)\b.{0,60}"
        r"|readers?[’']? comments?|comments?: ?\d{1,5}|report (?:this )?(?:comment|abuse)|(?:what"
        r" are your thoughts|do you agree|what[’']s your view)\?.{0,80}",
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
        r"(?:accept|reject|allow|decline)(?: all)?|(?:manage|cookie|privacy|update)(?: my|"
        r" your)? (?:preferences|options|choices|settings)",
        r"(?:reproduction|republication|republishing|copying|distribution"
        r"|redistribution)\b.{0,60}\b(?:prohibited|forbidden|permission)\b.{0,60}",
        r"our standards?:.{2,80}|(?:the views|opinions) expressed\b.{0,100}\b(?:the author|their"
        r" own|do not (?:necessarily )?reflect)\b.{0,120}",
        r"copyright\W{0,3}(?:\(c\)|©)?\W{0,3}(?:\d{4}"
        r"(?:[–-]\d{2,4})?)? ?(?-i:[A-Z])[^.]{2,60}\.?(?:"
        r" all rights reserved\b.{0,40})?",
        r"privacy|terms|disclaimer|legal|imprint|accept (?:&|and) continue|we value your"
        r" privacy\b.{0,60}|(?:disclaimer\W{1,2})?the (?:views|opinions) expressed\b.{0,160}",
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
        r"(?:do you have|have you|know|got|have)\b.{0,60}\b(?:story|tip|information"
        r"|news)\b.{0,40}\?.{0,120}(?:\S@\S|contact|e-?mail|get in touch|write|tell us|let us"
        r" know|reach).{0,80}",
        r"(?:send|share|submit)(?: us)? (?:your |a |any )?(?:news |story |confidential"
        r" )?(?:tips?|stories|photos|corrections?)\b.{0,80}|report an? (?:typo|error|mistake"
        r"|correction|problem)\b.{0,40}|(?:suggest|request|submit) a correction\b.{0,40}",
        r"(?:please )?(?:send|e-?mail|report) (?:any |your"
        r" )?(?:corrections?|errors?|tips?|comments|letters)\b.{0,60}\bto \S{1,60}@.{2,60}",
        r"(?:reach|contact|e-?mail|write to|tweet|message) (?:the )?(?:reporter|author|writer"
        r"|editor|journalist|newsroom|(?-i:[A-Z])[\w.’'-]{1,20}(?: "
        r"(?-i:[A-Z])[\w.’'-]{1,20}){0,3})(?: by"
        r" e-?mail)? (?:at|on|via|by)\b.{0,80}",
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
        r"\(?with (?:inputs?|assistance|reporting|contributions?|files|additional reporting"
        r"|agency inputs?) ?(?:from|by)? ?[^.;]{0,100}\)?\.?",
        r"\(?(?:(?:the |an? )?(?-i:[A-Z])[\w.&’' -]{1,40}(?:,| and|, and))*(?: ?(?:the "
        r"|an? )?(?-i:[A-Z])[\w.&’'-]*(?: [\w.&’'-]{1,20}){0,6}) (?:also )?contributed (?:to"
        r" )?(?:this"
        r"|the|additional)(?: (?:report|story|article|reporting|post|piece))?(?: from"
        r" (?-i:[A-Z])[\w ,]{2,40})?\)?\.?",
        r"(?:this (?:story|article|report|piece|post|interview) )?(?:was )?(?:first|originally) "
        r"(?:published|appeared|posted|ran)\b.{0,120}",
        r"(?:this|the) (?:story|article|report) (?:was |has been |is )?(?:produced|provided"
        r"|syndicated|supplied|published|reprinted)\b.{0,30}\b(?:by|from|with|under)\b.{0,120}",
        r"(?:edited|published|posted|translated|compiled|produced|fact-checked|reviewed)(?: and "
        r"(?:edited|published|posted|written|translated))?(?: by)?(?: ?:| by)"
        r" ?(?-i:[A-Z])[\w.’' ,-]{2,60}",
        rf"(?:by|source|via|from)\W{{1,2}}(?:{AGENCIES})\.?",
        r"(?:view|see|read) (?:all|more)(?: (?:posts|stories|articles))? (?:by|from) .{2,50}|more"
        r" (?:by|from) (?:this|the) (?:author|writer|reporter)",
    ),
}
LINE_RULES = (
    *("paywall", "subscription", "search", "navigation", "newsletter", "share"),
    *("advertisement", "affiliate", "comments", "legal", "app", "contact", "agency"),
)
"""The rules; a line that several match goes by the first."""


@functools.cache
def line_rules() -> dict[str, re.Pattern[str]]:
    """The pattern of each rule; compiling them takes 0.15 s, so not before the first page."""
    patterns = OFFERS | _FURNITURE
    return {name: re.compile("|".join(patterns[name]), re.IGNORECASE) for name in LINE_RULES}
