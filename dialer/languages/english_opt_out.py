"""How English speakers ask for no more calls: a verb and what it is done to.

"Remove" asks for it with "me", "my number" or "from your list", and not with "the old card"; "hear from you" only if it
is not wanted. So each pattern below is a verb, the words between that change nothing, and an object.
"""

from __future__ import annotations

from typing import Final

from dialer.languages.base import OptOutWords

_DONT: Final = r"(?:do ?n[o']?t|do not|never|no longer|not to)"
_CALL: Final = r"(?:call|phone|ring|contact|dial|bother|text|reach out to)"
_HARASS: Final = r"(?:harass|pester|disturb|hound)"
_THIS: Final = r"this(?= (?:\w+ )?(?:number|phone|line|house|home|place|office|again|any ?more)(?!\S)|$)"
"""Something to be called; "call this boring" is not."""
_ME: Final = rf"(?:me|us|my|{_THIS}|here|back|again|any ?more)"
_CALLS: Final = r"(?:phone |sales |marketing |telemarketing )?calls?"
_CALLED: Final = r"(?:called|contacted|phoned|bothered|rung|texted)"
_YOU: Final = r"you(?: people| guys| lot| folks| all)?"
_ANY_OF_YOU: Final = rf"(?:{_YOU}|any ?one|any ?body|any of you)(?: (?:from|at|of|in) (?:your|this|that|the) \w+)?"
_NO_WISH: Final = rf"{_DONT} (?:\w+ ){{0,2}}(?:want|wish|like|care)"
"""Something that is not wanted follows: "I never want …", "we don't ever wish …"."""

_MINE: Final = (
    r"(?:me|us|(?:all )?(?:of )?(?:my|our|this) (?:phone |contact |personal )?"
    r"(?:number|name|details|data|info|information|records?))"
)
_LIST: Final = (
    r"(?:\S+ ){0,4}(?:lists?|data ?bases?|systems?|records?|files?|books|registers?|directory|crm|computers?)"
)
_OF_NO_CALL: Final = (
    r"(?:\S+ ){0,2}(?:speaker\w*|hold|mute|plans?|contracts?|tariffs?|packages?|orders?|invoices?|bills?|bookings?)"
)
"""From what one is taken without being called less."""
_REMOVE: Final = r"(?:take|remove|delete|scrub|drop|erase|strike|wipe|cross|scratch|clear|purge)"
_ERASE: Final = r"(?:remove|delete|erase|wipe|scrub|purge)"
_REMOVED: Final = r"(?:removed|deleted|scrubbed|dropped|erased|struck|wiped|crossed|scratched|purged|taken|blocked)"
_OFF: Final = r"(?:off|from|out of)"
_NOT_SAID_OF_ONESELF: Final = r"(?<!\bi )(?<!\bwe )(?<!\bi'll )(?<!\bwe'll )(?<!\bi'd )(?<!\bi would )(?<!\bi will )"
_A_NAME_FOR: Final = r"(?:it|that|this|him|her|everything) (?:an?|the)"
"""To call a thing something is no phone call; "me" is not among them, for "stop calling me a hundred times a day"."""
_NO_REMINDER: Final = r"(?<!n't )(?<!\bdont )(?<!\bnot )(?<!\bnever )(?<!\bi )(?<!\balways )"

_LATER: Final = (
    r"(?:today|tomorrow|tonight|right now|now|just now|at|before|after|until|till|between|during|while|when|in the "
    r"(?:morning|afternoon|evening)|this (?:morning|afternoon|evening|week)|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|on weekends|so (?:early|late)|(?:too|that) (?:early|late)|"
    r"on my (?:work|other|cell|mobile|office)|by (?:my )?(?:first )?name|sir|ma'?am|names)"
)
_SAID_BETWEEN: Final = (
    r"(?:want|wish|need|like|mean|ask|asking|say|saying|tell|telling|going|trying|please|ever|just|you|them|to)"
)
"""Between a denial and what it denies; "do not call me, remove me" denies nothing."""
_ANOTHER_PERSON: Final = r"my (?:boss|manager|assistant|secretary|colleagues?|accountant|lawyer|landlord|work|office)"

_ONCE_MORE: Final = rf"(?:{_CALL} (?:me |us |here |this number )?(?:again|one more time)|one more {_CALLS})"
_TROUBLE: Final = r"(?:sue|report (?:you|this|it)|complain|police)"

_WISHES: Final = (
    rf"{_NO_WISH} (?:to )?(?:ever )?hear (?:anything |a word )?from {_YOU}",
    rf"{_NO_WISH} {_ANY_OF_YOU} (?:to )?(?:ever )?(?:{_CALL}|{_HARASS})(?:ing)?",
    rf"{_NO_WISH} (?:to (?:get|receive|have) )?(?:any |more |further |of |these |those |your |such ){{1,4}}{_CALLS}",
    rf"{_NO_WISH} to (?:be|get) (?:ever )?(?:{_CALLED}|on {_LIST})",
    rf"no (?:more|further) (?:{_CALLS}|contact|communications?)",
    rf"(?:make sure|ensure|see to it|promise)(?: that)? (?:\S+ ){{0,2}}(?:nobody|no ?one|none of you|not|never|don't) "
    rf"(?:\S+ ){{0,2}}(?:{_CALL}s?|{_CALLED})",
    rf"no (?:need|reason) (?:for you )?to (?:ever {_CALL}|{_CALL} (?:\S+ )?(?:again|any ?more|ever))",
)
_ORDERS: Final = (
    rf"{_DONT} (?:you |ever |dare |please |want you to ){{0,3}}(?:{_CALL}|{_HARASS})(?:ing)? {_ME}",
    rf"{_NOT_SAID_OF_ONESELF}{_DONT} (?:bother|keep|try|even think of|think about) {_CALL}ing",
    rf"{_NOT_SAID_OF_ONESELF}never {_CALL}(?! (?:it|that|them|him|her)(?!\S))(?! this(?! (?:\w+ )?number))",
    rf"(?:stop|quit|cease) (?:\w+ )?(?:{_CALL}|{_HARASS})ing(?! {_A_NAME_FOR}(?!\S))",
    rf"(?:stop|quit|enough|done)(?: it)? (?:with|of) (?:all |the |these |those |your ){{1,2}}{_CALLS}",
    rf"(?:that's|that is|had) enough {_CALLS}",
    rf"(?:the|these|those|this|your) (?:\w+ )?(?:{_CALLS}|calling|harassment) (?:\w+ )?"
    r"(?:have|has|needs?|got|must|should|better) (?:to )?(?:stop|end|cease)",
    r"(?:stop|cease|end) (?:all|any|every|further) (?:further )?(?:communications?|contact|calls?|calling)",
    r"(?:leave|let) (?:me|us|my \w+|our \w+) (?:the \w+ )?alone",
    r"leave (?:me|us|my \w+|our \w+) in peace",
    rf"go away and {_DONT} (?:ever )?come back",
)
_THREATS: Final = (
    rf"{_ONCE_MORE} (?:\S+ ){{0,5}}{_TROUBLE}",
    rf"{_TROUBLE} (?:\S+ ){{0,4}}{_ONCE_MORE}",
    rf"not allowed to {_CALL} {_ME}",
)
_REMOVALS: Final = (
    rf"(?:{_REMOVE} {_MINE} {_OFF}|get {_MINE} (?:off|out of))(?! {_OF_NO_CALL}(?!\S))",
    rf"{_ERASE} {_MINE}(?! (?:to|in|of|{_OFF}) )",
    r"block my (?:phone )?number",
    rf"(?:be|get) {_REMOVED} (?:\w+ )?{_OFF} {_LIST}",
    rf"(?:want|like|need|have|get) (?:\w+ )?{_MINE} (?:to be )?{_REMOVED}",
    rf"{_REMOVE} my name off",
    rf"{_REMOVE} (?:everything|anything|all|whatever) (?:\w+ ){{0,4}}(?:on|about) (?:me|us)",
    rf"(?:want|like) (?:to get )?out of (?:your|this|the) (?:\w+ )?{_LIST}",
    rf"{_NO_REMINDER}forget (?:\w+ ){{0,3}}my (?:phone )?number",
    r"lose (?:my|this) number",
    r"unsubscribe",
    r"opt(?:ing)?(?: |-)?(?:me |us )?out",
    r"(?:do(?: |-)not|don't|no)(?: |-)(?:call|contact)(?: |-)(?:list|registry|register)",
)
_CONSENT: Final = (
    r"(?:revoke|withdraw|retract|rescind|take back) (?:my |our |any |all )+(?:consent|permission)",
    rf"{_DONT} have (?:my|our) (?:consent|permission)(?! (?:slip|form))",
    rf"{_DONT} consent to (?:\w+ )?{_CALLS}",
)

OPT_OUT: Final = OptOutWords(
    asks="|".join((*_WISHES, *_ORDERS, *_THREATS, *_REMOVALS, *_CONSENT)),
    asks_for_good="",
    another_time="|".join(
        (
            rf"{_CALL}(?:s|ing|ed)? (?:me |us |here |back )?(?:on )?{_LATER}",
            rf"hear from {_YOU} {_LATER}",
            rf"{_CALL}(?:ing)? {_ANOTHER_PERSON}",
            r"text(?:ing)? me (?:just |please |better |rather )?(?:call|phone|ring)",
        )
    ),
    for_good=r"again|any ?more|ever|never|list|remove|unsubscribe|opt|stop|quit|no more|lose|consent|alone",
    denies=(
        rf"(?:{_DONT}|no need to|didn't|not) (?:{_SAID_BETWEEN} ){{0,4}}"
        rf"(?:(?:stop|quit) {_CALL}ing|{_ERASE} {_MINE}|block my number|remove|(?:take|get) me off"
        r"|opt(?:ing)?(?: |-)?out|unsubscribe|lose my number|leave me alone)"
    ),
)
