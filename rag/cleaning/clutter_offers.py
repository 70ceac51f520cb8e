"""Lines with which a news page sells: whole-line patterns of walls, offers, letters and ads.

The rules of `clutter_lines.py` hold here too.
"""

from __future__ import annotations

OFFERS: dict[str, tuple[str, ...]] = {
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
        r"(?:this|the) (?:is a |article is )?(?:premium|subscriber|members?)[- ](?:only "
        r"|exclusive )?(?:article|story|content)",
        r"this is an? (?:premium|subscriber(?:-only)?|exclusive) (?:article|story)",
        r"to (?:read|view|access|see|unlock) (?:the |this )?(?:full|whole|rest|complete|entire"
        r"|article|story|content)\b.{0,80}\b(?:log|sign|subscri|regist|become"
        r"|account)\w{0,8}\b.{0,40}",
        r"you have (?:\d{1,2}|one|two|three|four|five|no) (?:free )?(?:articles?|stories) (?:left"
        r"|remaining)\b.{0,60}",
        r"you(?:[’']ve| have) reached your (?:article|monthly|free|story)\b.{0,20}\blimit\b.{0,80}",
        r"(?:the|this) (?:rest|remainder) of (?:the|this) (?:article|story) (?:is"
        r"|requires)\b.{0,100}",
        r"(?:sign in|log in|register|subscribe) to (?:read|continue|see|view|access)(?: (?:more"
        r"|on|this|the|rest|full|of|story|article|content|page|reading)){0,5}",
        r"exclusive (?:to|for) (?:our )?(?:subscribers|members)|read this (?:article|story) for"
        r" free.{0,40}|continue reading below",
        r"read (?:the )?(?:full|original|entire|complete) (?:article|story|post|report|interview)"
        r"(?: .{2,40})?",
        r"(?:please )?(?:subscribe|register|sign in|log in|pay)(?: or .{2,40})? to (?:read|see"
        r"|view)\b.{0,60}|(?:sign in|log in) or (?:create|register|subscribe)\b.{0,80}",
        r"(?:this|the|full) .{0,30}\b(?:is|are) (?:available )?(?:exclusively |only )?(?:to|for) "
        r"(?:our )?(?:paying |paid |registered )?(?:subscribers|members)(?: only)?\W?",
        r"(?:purchase|buy) a (?:subscription|pass)\b.{0,60}|this (?:content|article|story) is"
        r" locked\b.{0,60}|you(?:[’']ve| have) read your (?:last|final)\b.{0,80}",
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
        r"(?:not|not yet|still not) (?:a|an) (?:[\w-]{1,12} )?(?:subscriber|member)\?.{0,60}",
        r"(?:try|get) (?:it|us|[\w ]{1,30}) (?:free )?for (?:free|\d{1,3} (?:days|weeks"
        r"|months))\b.{0,40}",
        r"(?:only|just|from|for as little as) [$£€¥R]\s?\d[\d.,]{0,6} (?:a|per|for|/) ?.{2,60}",
        r"start (?:your|a|my) (?:[\w-]{1,12} ){0,3}(?:trial|subscription|membership)(?: (?:today"
        r"|now|here))?\W?",
        r"(?:please )?support (?:our|us|independent|quality|local|fearless|free)(?: "
        r"(?:[\w’'-]{1,15} )?(?:journalism|reporting|newsroom|news|work|mission))?(?: (?:today"
        r"|now|here))?\W?",
        r"(?:we|our (?:newsroom|journalism|reporting)) (?:need|needs|rely|relies|depend|depends)"
        r"(?: on)? (?:your support|you|readers like you|our readers)\b.{0,120}",
        r"(?:if you|do you) (?:value|like|enjoy|appreciate) (?:our|this|what) .{0,80}\b"
        r"(?:donat\w{2,6}|subscri\w{2,8}|support(?:ing)? us|contribut\w{2,6}|member)\b.{0,80}",
        r"(?:register|sign up|join) (?:now |today )?for (?:free|an account)\W?",
        r"(?:upgrade|go premium|go ad-free)(?: (?:now|today))?\W?",
        r"(?:want|would you like) to read more\?.{0,80}|(?:become|be) an? (?:[\w-]{1,12}"
        r" )?(?:member|subscriber|supporter)\b.{0,40}(?:\d|\btoday\b|\bnow\b|\boff\b).{0,40}",
        r"(?:save|get) \d{1,2} ?%[^.]{0,30}\b(?:subscription|membership|off|plan)\b.{0,40}"
        r"|special offer\W.{0,80}|limited[- ]time offer\b.{0,80}",
        r"(?:join|subscribe|register) (?:now |today |us )?for (?:full |unlimited |complete"
        r" )?access\b.{0,80}|already registered\?.{0,40}",
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
        r"(?:click here to |please )?(?:sign[ -]?up|subscribe|register)(?: (?:now|here|today|free"
        r"|for free|below))?[!.]?",
        r"(?:sign[ -]?up|subscribe|register) (?:to|for|and) (?:receive|get|our|the|a"
        r"|your)\b.{0,120}",
        r".{0,160}(?:[?!:.,–—-]|\band\b) ?(?:sign[ -]?up|subscribe)(?: (?:to|for)| now| today|"
        r" here)\b.{0,120}(?:newsletters?|briefing|digest|e-?mails?|inbox|updates?|alerts?)[!.]?",
        r"(?:get|receive|try|read) (?:our|the|a) (?:[\w’'-]{1,15} ){0,3}(?:newsletter|e-?mail"
        r"|digest|briefing)s?\b(?! (?:from|by|which|that|with))[^.]{0,80}[.!]?",
        r"(?:get|receive|turn on|enable|allow|push|activate|manage|subscribe to) ?(?:\w{1,12}"
        r" ){0,3}(?:alerts?|notifications?)\b[^.]{0,60}[.!]?",
        r"join (?:our|the|my) (?:mailing|e-?mail|newsletter) ?(?:list|community)?\b.{0,60}",
        r"join (?:over |more than )?[\d,.]{1,9}[km]?\+? (?:\w{1,12} )?(?:readers|subscribers"
        r"|others|people|professionals|members)\b.{0,100}",
        r"(?:followed categories|new stories|articles) will be added to .{2,40}|don[’']t miss out"
        r" on .{2,80}\bheadlines\b.{0,140}",
        r".{0,100}\b(?:in|into|to) your (?:e-?mail )?inbox\b(?: (?:every|each|daily|weekly|once)"
        r" ?[\w ]{0,20})?[.!]?",
        r"(?:i|by)\b.{0,60}\b(?:agree|consent|confirm)\b.{0,80}\b(?:terms|privacy policy"
        r"|conditions)\b.{0,120}",
        r"(?:no spam\W{1,3})?(?:you (?:can|may) )?unsubscribe (?:at )?any ?time\b.{0,60}|no"
        r" spam\b.{0,40}|we (?:won[’']t|will not|will never|never) (?:share|sell|spam)\b.{0,60}",
        r"i[’']m not a robot|this (?:site|form) is protected by .{2,40}\bapply\.?",
        r"catch up on .{0,60}\b(?:stories|news|headlines)\b.{0,20}|(?:stay (?:informed|up to date"
        r"|ahead|connected|in the know|on top))\b"
        r"(?: (?:with|on|of) (?:us|our|the|today[’']s|all)\b[^.]{0,100})?[.!]?",
        r"(?:our|the) (?:free |daily |weekly |morning |evening )*(?:e-?mail )?(?:newsletter"
        r"|briefing|digest)s? (?:brings?|delivers?|gives?|keeps?|rounds? up)\b.{0,140}",
        r"(?:get|join|receive|read|try) (?:our|the|my) [^.!?]{3,80}[.!?] (?:sign up|subscribe"
        r"|register)(?: (?:here|now|today|for free))?[.!]?",
        r".{0,60}\b(?:subscribe|sign up) (?:to|for) (?:our|the) (?:[\w’'-]{1,15} ){0,3}newsletter"
        r"(?: (?:today|now|here|for free))?[.!]?|newsletters? sign[- ]?up",
        r"stay in the loop\b.{0,80}|(?:success\W{1,2})?you(?:[’']re| are) (?:now )?(?:signed up"
        r"|subscribed|on the list)\W?|(?:please )?check your (?:e-?mail|inbox)\b.{0,100}",
    ),
    "advertisement": (
        r"advertise?ments?(?:\W{1,3}(?:article|story|content) continues below(?: this ad)?)?",
        r"(?:article|story|content) continues (?:below|after)(?: (?:this|the))?"
        r"(?: (?:ad|advert|advertisement|video))?",
        r"sponsored(?: content| post| by .{1,40})?|promoted(?: content| stories)?",
        r"paid (?:post|content|for by .{1,40})|partner content|ads? by \w{1,20}|ad",
        r"advertise with us|skip ad(?:vert\w{0,8})?|scroll (?:down )?to continue(?: reading)?",
        r"remove ads",
        r"advertise?ments?\W{1,3}(?:scroll|continue|skip|article|story|content|keep)\b.{0,60}",
        r"this (?:ad|advert|advertisement) (?:has|will|is)\b.{0,100}|(?:report|close|hide|skip)"
        r"(?: this)? (?:ad|advert\w{0,8})|ad feedback|why am i seeing this(?: ad)?\?",
        r"paid (?:partnership|promotion|advertis\w{3,8})(?: with .{2,40})?|from our (?:partners"
        r"|sponsors?)|(?:from|around) the web|shop now|buy (?:now|it here|here)(?: (?:at|from|on)"
        r" .{2,30})?",
        r"(?:this (?:post|article|story|content|page) is )?sponsored (?:by .{2,60}|stor(?:y|ies)"
        r"|links?|posts?)|(?:shop|see|find|browse) (?:the |our |all )?(?:best"
        r" )?(?:deals?|offers?)\b.{0,40}|check (?:the )?prices?\b.{0,60}",
        r"advertising|(?:please )?support our (?:advertisers|sponsors)|sponsored\W{1,2}"
        r"(?-i:[A-Z]).{4,100}|(?:presented|brought to you|powered|supported) by "
        r"(?-i:[A-Z])[^.]{2,60}\.?|(?:(?:this|the) (?:content|article|story|post) (?:was|is)"
        r" )?(?:produced |created |made )?in (?:paid )?partnership with (?-i:[A-Z])[^.]{2,60}\.?",
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
        r".{0,160}\b(?:we|i|us|our (?:journalists|editors|writers|team)|the publisher) (?:may "
        r"|might |can |could )?(?:\w{1,10} )?(?:earn|receive|get|make|be paid) (?:an? )?(?:small "
        r"|affiliate |us )?(?:commission|referral fee|compensation)s?\b.{0,160}",
        r"as an amazon associate\b.{0,120}|affiliate links?\b.{0,60}\b(?:commission|earn|article"
        r"|page)\b.{0,80}|.{0,60}\baffiliate (?:commission|disclosure|partnerships?)\b.{0,120}",
        r"(?:deals|products|offers) (?:are )?(?:chosen|selected|picked) by (?:our|the) .{2,60}",
        r"(?:disclosure\W{1,2})?(?:some |the |all )?(?:links? |this (?:article|post|story|page) )"
        r"(?:here |on this page |in this article )?(?:may |might )?(?:be|are"
        r"|contains?|includes?|has) (?:an? )?affiliate(?: links?)?\b.{0,120}",
        r"(?:purchases|buying|anything you buy)\b.{0,80}\b(?:links?|our site)\b.{0,80}\b"
        r"(?:commission|support)\b.{0,60}|if you (?:click|buy|shop|purchase)\b.{0,160}\b"
        r"(?:commission|compensation|paid|cut)\b.{0,80}",
        r".{0,120}\b(?:earn|receive|get|take) a (?:portion|share|percentage|cut|part) of (?:the"
        r" )?(?:sales|revenue|price)\b.{0,120}|we independently (?:review|select|choose"
        r"|test)\b.{0,200}|.{0,120}\bmake money (?:from|on|through) (?:the )?links\b.{0,80}",
    ),
    "app": (
        r"(?:app users:? )?click here(?: to (?:get|download|install) .{0,60}\bapp)?\W?",
        r"app users:? click here",
        r"(?:get|download|install) our (?:\w{1,15} ){0,2}app\b.{0,60}",
        r"(?:get|download) (?:it )?on (?:the )?(?:app store|google play)",
        r"(?:download|get|try|open|install|read (?:this )?(?:in|on))(?: (?:in|on))? (?:the|our|in"
        r"|on)? ?(?:[\w’'-]{1,15} )?app\b(?! (?:for|that|which|store[’']s))[^.]{0,80}[.!]?",
        r"(?:download|get) (?:the|our) (?:[\w’'-]{1,15} )?app for\b.{0,60}|open in app|available "
        r"(?:on|in|from) (?:the )?(?:app store|google play)\b.{0,60}|scan (?:the|this) qr"
        r" code\b.{0,80}|get it on google play",
    ),
}
"""Patterns by rule; letter case does not matter, unless a pattern says so."""
