"""What machines say in English on the phone."""

from __future__ import annotations

from typing import Final

from dialer.conversation.cue import Machines, cues, sign

_DIGIT: Final = r"(?:\d\b|zero|one|two|three|four|five|six|seven|eight|nine|pound|hash|star)"
_VOICEMAIL: Final = cues(
    (1.0, r"\b(?:leave|record)\s+(?:\w+\s+){0,4}(?:message|name|number|details|voicemail|something)\b"),
    (1.0, r"\b(?:after|at|for|hear)\s+(?:the|a)\s+(?:tone|beep|signal)\b"),
    (1.0, r"\bvoice\s?mail\s?(?:box|system|of|for)\b|\bto (?:my |the |an? )?(?:automatic |automated )?voice\s?mail\b"),
    (0.5, r"\bvoice\s?mail\b"),
    (0.7, r"\bmailbox\b"),
    (1.0, r"\b(?:mail)?box (?:\w+ ){0,2}(?:is|was) (?:currently )?full\b|\bnot been set up\b"),
    (1.0, r"\bforwarded to\b"),
    (1.0, r"(?:can'?t|can ?not|(?:unable|not able) to) (?:come to|take|answer) (?:the|your|my) (?:phone|call)s?\b"),
    (0.7, r"\b(?:can ?not|not) accept (?:any )?(?:messages|calls)\b"),
    (0.5, r"\b(?:not|un)\s?available\b|\bisn'?t available\b"),
    (0.7, r"\b(?:person|customer|subscriber|number|party|user) (?:that )?you(?: a|'|\u2019| ha)?(?:re|ve)? (?:\w+ )?"
          r"(?:call|try|dial)\w*"),
    (0.6, r"\bget back to you\b|\b(?:call|ring) you (?:right )?back\b|\b(?:return|returning) your call\b"
          r"|\bgive you a (?:call|ring)\b"),
    (0.4, r"\bas soon as (?:i|we|possible)\b|\bnext business day\b|\bat (?:my|our) earliest\b"),
    (0.6, r"\byou(?:'ve| have) reached\b"),
    (0.6, r"\b(?:i'?m|i am|we'?re|we are) (?:\w+ )?(?:not here|away|out of|on vacation|not home|not in|unable)\b"
          r"|\bnobody'?s? (?:is )?(?:home|here)\b|\bno one is (?:available|home|here)\b|\bsorry (?:i|we) missed\b"),
    (1.0, r"\byou know (?:the drill|what to do)\b"),
    (0.6, r"\bthe drill\b"),
    (0.8, r"\btalk to (?:the|this|my) machine\b"),
    (0.5, r"\btry (?:again|your call|calling|back) (?:\w+ )?later\b"),
    (0.5, r"\bswitched off\b|\bnot in service\b|\bout of (?:range|service)\b|\bunavailable\b"),
    (0.6, r"\b(?:office|we|store) (?:is|are)(?: currently| now)? closed\b|\b(?:office|business|our) hours\b"),
    (0.5, r"\bhang up\b|\bwhen you(?: are|'re| have|'ve)? finished\b"),
    (0.4, r"\bmessages?\b"),
    (0.4, r"\byour call is (?:very )?important\b"),
    (1.0, r"deja (?:tu|un|su) mensaje|después (?:del|de la) (?:tono|señal)|buzón de voz"),
)  # fmt: skip
_SCREENING: Final = cues(
    (1.0, r"\b(?:state|say|record|give|tell (?:me|us)|announce|speak)\s+your\s+(?:full |first )?name\b"),
    (0.4, r"\byour name\b"),
    (0.6, r"\b(?:reason|purpose)\s+(?:for|of)\s+(?:your\s+|the\s+|this\s+)?call"),
    (1.0, r"\bcalls? (?:screening|screener|assist|filter|control)\b|\bprivacy manager\b"
          r"|\bscreening (?:service|assistant|(?:this |their )?calls?)"
          r"|\bcall (?:is|was) (?:being )?screened\b|\busing a (?:screening|call)\b"),
    (0.6, r"\bscreen(?:ed|ing|s)\b"),
    (0.5, r"\bwhy you(?:'re| are) calling\b|\band why\b|\bwhat you(?:'re| are) calling (?:about|for)\b"),
    (0.4, r"\bwhat (?:it'?s|it is|this is|is this) (?:regarding|about|in reference)\b"),
    (0.4, r"\bwho(?:'s| is) calling\b|\bwho you are\b"),
    (0.6, r"\bannounce yourself\b"),
    (0.5, r"\bbefore your call\b|\bbefore i (?:try to )?connect\b"),
    (0.6, r"\b(?:before|and) (?:google )?\w+ (?:will )?(?:try|attempt)? ?(?:to )?connect you\b|\bto be connected\b"
          r"|\btry to (?:reach|connect)\b"),
    (0.6, r"\b(?:see|check) (?:if|whether) (?:this person|they|he|she|\w+) (?:is|are|'s|can|wants?)\b"),
    (0.6, r"\b(?:unknown|unwanted|unrecognized|spam) (?:callers?|numbers?|calls?)\b|\bnot a robot\b"
          r"|\b(?:does ?n[o']t|not) (?:recognize|accept calls from)\b|\bprotected (?:by|from)\b"),
    (0.5, r"\b(?:virtual|automated|digital|ai|personal) assistant\b|\bassistant (?:for|of)\b|\bby an assistant\b"),
    (0.8, r"\b(?:automatic|automated|answering) (?:\w+ )?(?:assistant|receptionist)\b"),
    (0.6, r"\bidentify yourself\b"
          r"|\bidentification\b|\b(?:only )?(?:takes?|accepts?|answers?) calls from\b|\b(?:known|their|my) contacts\b"),
    (0.6, r"\b(?:does|do)(?: not|n'?t) (?:take|accept|answer|allow)\b(?: \w+){0,3} (?:from|for)\b"
          r"|\byour (?:name|call) (?:will|can) be (?:played|announced|put through)\b|\bannounce your\b"),
    (0.6, r"\b(?:ask|find out) (?:if|whether) (?:they|he|she)\b|\b(?:pass|tell) (?:that |it )?on to (?:them|him|her)\b"
          r"|\bwhat (?:can|should|may|would you like me to) (?:i )?(?:pass|tell)\b"),
    (0.4, r"\b(?:get|have|need|tell us|take) your name\b"
          r"|\bwho (?:am i|are you|is this)\b.{0,24}\b(?:speaking|and|calling)\b"
          r"|\bin reference to\b|\bon behalf of\b|\btell (?:me|us) why\b|\bcalls (?:for|to) this number\b"),
    (0.2, r"\b(?:stay|remain) on the line\b|\bhold while\b"),
)  # fmt: skip
_IVR: Final = cues(
    (0.7, r"\b(?:press|push|dial|oprima|marque|presione)(?: or say| the| el)? " + _DIGIT + r"(?: key)?", 3),
    (0.5, r"\b(?:for|to) [\w' ]{3,40},? (?:please )?(?:press|dial|say)\b"),
    (0.7, r"\bmenu\b|\bfollowing (?:\w+ )?options\b|\bthese options\b|\bchoose (?:from|option)\b"),
    (0.5, r"\blisten carefully\b|\boptions have\b"),
    (0.9, r"\b(?:party'?s|know the|your|the) extension\b|\bdirectory\b|\bby name\b"),
    (0.4, r"\bcalls? (?:may|will|might) be (?:recorded|monitored)\b|\bquality (?:purposes|assurance)\b"),
    (1.0, r"\b(?:agents|representatives|operators|lines|associates)\b.{0,20}\bbusy\b"),
    (1.0, r"\bnext available (?:\w+ )?(?:agent|representative|operator|associate|specialist"
          r"|advis[eo]r|consultant|team member)\b|\bin the order\b"
          r"|\bbe with you (?:shortly|soon)\b"),
    (1.0, r"\b(?:estimated|expected|approximate|average) (?:wait|hold)|\bwait(?:ing)? time\b|\bcall volumes?\b"
          r"|\bcontinue to hold\b"
          r"|\bin (?:the )?queue\b"),
    (1.0, r"\b(?:enter|key in|type in|type|punch in) (?:your|the) (?:\w+ ){0,3}(?:number|pin|code|id|date|extension)\b"
          r"|\bfollowed by (?:the )?"
          r""
          r"(?:pound|hash|star)\b"),
    (1.0, r"\bcollect call\b|\binmate\b|\b(?:automated|automatic) (?:attendant|system|menu)\b"
          r"|\bsay yes or no\b|\bto accept\b.{0,16}\b(?:press|dial)\b"),
    (0.7, r"\btouch[ -]?tone\b|\bkeypad\b|\b(?:a few|your own) words\b|\bbriefly\b|\bsay (?:\w+,? ){1,4}or\b"),
    (0.6, r"\bthank(?:s| you) for (?:holding|waiting|your patience)\b|\bappreciate your patience\b|\bsomething else\b"),
    (0.4, r"\bis that (?:right|correct)\b|\bfor example\b|\bmain office\b|\bbe connected\b"),
    (1.0, r"\bin a few words\b|\byou can say\b|\bsay things like\b|\bplease say (?:yes|no|main)\b"),
    (0.6, r"\b(?:not (?:a )?valid|invalid) (?:\w+ )?(?:selection|option|entry|choice)|\bselection is not\b"
          r"|\bdidn'?t (?:get|catch|understand) (?:that|your)\b"),
    (0.4, r"\b(?:thank you|thanks) for calling\b|\bwelcome to\b|\byou have reached\b"),
    (0.4, r"\bat any time\b"),
    (0.6, r"\bpara (?:continuar en )?español\b|\bto continue in english\b|\bfor english\b"),
    (0.4, r"\byour call is (?:very )?important\b|\b(?:stay|remain) on the line\b"),
)  # fmt: skip
_FAX: Final = cues((1.0, r"\bfax machine\b|\bsend (?:a|your) fax\b|\bfax transmission\b"))
_PERSON: Final = cues(
    (1.0, r"\b(?:can|may|could|shall|should) i (?:please )?(?:take|give)\b|\b(?:like|want) (?:me to )?(?:to )?"
          r"(?:take|leave) (?:a|him|her|them)\b|\bdid you leave\b"),
    (1.0, r"\bi (?:got|heard|saw|had) your\b|\bi was (?:just )?(?:going|about) to call\b"),
    (1.0, r"\bhow (?:can|may) (?:i|we) (?:help|direct|assist)\b|\bcan you hold\b|\bwhat can i do for you\b"),
    (1.0, r"\bjust kidding, (?:this is|it'?s)\b"),
    (0.5, r"\bwho is this\b|\bwhat do you want\b|\bspeaking\W*$"),
)  # fmt: skip

ENGLISH: Final = Machines(
    voicemail=_VOICEMAIL,
    screening=_SCREENING,
    ivr=_IVR,
    fax=_FAX,
    person=_PERSON,
    promises_beep=sign(r"\b(?:after|at|for|hear) (?:the|a) (?:tone|beep|signal)\b"),
    no_mailbox=sign(
        r"\bbox\b.{0,40}\bfull\b|\b(?:can ?not|can'?t|not|unable to) (?:\w+ )?accept (?:any )?(?:new )?messages"
        r"|\bnot been set up\b|\bnot (?:yet )?set up\b"
    ),
    greets=sign(
        r"^(?:(?:hello|hi|hey|yes|yeah|who(?:'s| is) (?:this|there|calling)|is (?:anybody|anyone|somebody) there"
        r"|are you there)[ ,.!?]*)+$"
    ),
    asks_to_wait=sign(
        r"\b(?:stay|remain) on the line|\bplease (?:hold|wait)|\bhold (?:on|the line|please)|\bone moment|\bconnecting"
        r"|\bjust a (?:moment|second|sec)|^(?:okay |ok )?(?:thanks|thank you)\W*$"
    ),
    turns_away=sign(
        r"\b(?:is not|isn't|is un|are not|aren't) ?available|\bnot accepting|\bcannot (?:take|accept)|\bdeclined"
    ),
)
