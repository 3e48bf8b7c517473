"""How Hindi speakers ask for no more calls: in Devanagari, in Latin letters, and with English words among them.

The verb is what tells. "मत/न/नहीं" with an imperative or infinitive of doing asks for it; the same with a past tense or
a first person only reports ("मैंने फोन नहीं किया"). Words between must be of the kind that change nothing, so that "फोन
की चिंता मत करो" (do not worry about the phone) is not taken for it.
"""

from __future__ import annotations

from typing import Final

from dialer.languages.base import OptOutWords, plain


def _any(*words: str) -> str:
    """Alternatives, longest first, in the spelling of `plain`; a space stands for itself."""
    listed = {plain(word) for group in words for word in group.split("|")}
    return f"(?:{'|'.join(sorted(listed, key=len, reverse=True))})"


_CALL: Final = _any(
    "फोन|फोन कॉल|फ़ोन कॉल|फोनकॉल|कॉल|काल|कॉल्स|काल्स|कॉलें|कॉलिंग|रिंग|संपर्क|सम्पर्क|कॉन्टैक्ट|कांटेक्ट|टेलीफोन",
    "call|calls|calling|phone|phone call|fone|fon|kaal|kol|ring|contact|sampark",
)
_BOTHER: Final = _any(
    "परेशान|तंग|डिस्टर्ब|दिक|हैरान|pareshan|pareshaan|paresan|tang|disturb|bother|मैसेज|मेसेज|एसएमएस|message|msg|sms"
)
_NOT: Final = _any("मत|मत ही|न|ना|ना ही|नहीं|नही|mat|mt|na|naa|nahi|nahin|nahee|nai|don't|do not|dont")
_DO_NOT: Final = _any("don't|dont|do not")
_FORBID: Final = _any("मत|mat|mt")
_DO: Final = _any(
    "करो|करें|करे|करना|करिए|करिये|करिएगा|करियेगा|कीजिए|कीजिये|कीजिएगा|कीजियेगा|करवाओ|करवाना|करवाइए|करने का|करो ना|करना है आपको",
    "लगाओ|लगाना|लगाइए|लगाइएगा|मिलाओ|मिलाना|मारो|मारना|दो|देना|दीजिए|दीजिएगा|भेजो|भेजना|भेजिए|भेजिएगा|भेजें",
    "किया करो|किया करें|किया कीजिए|किया करिए|करा करो|करा करें|करते रहो|कर देना|कर दीजिएगा|कीजिए ना",
    "karo|karen|karein|kare|karna|kariye|kariyega|karie|kijiye|kijiyega|kijie|kijiega|kro|krna|kariyo|karne ka",
    "lagao|lagana|lagaiye|milao|maro|do|dena|dijiye|bhejo|bhejna|bhejiye|kiya karo|kiya karein|kara karo",
)
_COME: Final = _any(
    "आना|आनी|आने|आए|आये|आएं|आयें|आएगा|आएगी|चाहिए|चाहिये|चाहता|चाहती|चाहते|aana|aani|aaye|aae|aani chahiye"
    "|chahiye|chahie|chahta|chahti"
)
_GAP: Final = _any(
    "मुझे|मुझको|हमें|हमको|हमे|यहां|इधर|वापस|दोबारा|दुबारा|दुबारे|फिर|से|कभी|भी|ही|तो|आगे|आइंदा|अब|इस नंबर पर"
    "|इस नम्बर पर|मेरे नंबर पर"
    "|इस पर|हमारे नंबर पर|मेरे पास|हमारे यहां|घर पर|मेरे घर|और|कोई|बार बार|बिल्कुल|बिलकुल|प्लीज|कृपया|आप"
    "|आप लोग|लोग|जी|भाई|यार|सर"
    "|मैडम|करके|वगैरह|ऐसे|ऐसी|इस तरह|करने|करना",
    "mujhe|mujhko|mjhe|hame|hamein|humein|hume|yahan|idhar|wapas|vapas|dobara|dubara|dubaara|phir|fir|se"
    "|kabhi|bhi|hi|to"
    "|aage|ab|is number par|is number pe|mere number par|mere number pe|aur|koi|bar bar|baar baar|bilkul"
    "|please|plz|aap"
    "|aap log|log|ji|bhai|yaar|sir|madam|me|karke|karna|ye|yeh|apni|apne|in|ये|यह|अपनी|अपने|इन|मी",
)
_FREE: Final = rf"(?:{_GAP} ){{0,4}}"
_PLEA: Final = _any(
    "मुझे|हमें|प्लीज|कृपया|दोबारा|दुबारा|कभी|अब|आप|आइंदा|mujhe|hame|please|plz|dobara|dubara|kabhi|ab|aap|aainda|भाई|sir|सर"
)
_STOP: Final = _any("बंद|बन्द|band|bandh|stop|स्टॉप|खत्म")
_DO_IT: Final = _any(
    "करो|करें|करिए|करिये|कीजिए|कीजिये|कीजिएगा|करिएगा|कर|कर दो|कर दीजिए|कर दीजिये|कर दें|करदो|कर दीजिएगा|करना"
    "|कर देना|मारो|मार दो"
    "|करवा दो|करवाओ|करवाइए|करवाना",
    "karo|karein|karen|kariye|kijiye|kar do|kardo|kar dijiye|kar den|karna|karwa do|karwao|kro|maro",
)
_STOP_IT: Final = rf"(?:{_DO_IT}|{_any('होना चाहिए|होने चाहिए|होनी चाहिए|hona chahiye|hone chahiye|honi chahiye')})"
_TAKE_OUT: Final = (
    r"(?:"
    + _any("हटा|हटवा|निकाल|निकलवा|मिटा|काट", "hata|hatwa|nikal|nikaal|mita|kaat")
    + " "
    + _any(
        "दो|दें|दीजिए|दीजिये|दीजिएगा|देना|दे|दिया जाए|दिया जाये|दिए जाएं|दी जाए",
        "do|den|dein|dijiye|dijie|dena|diya jaye|di jaye",
    )
    + "|"
    + _any(
        "हटाओ|हटाइए|हटाइये|हटाएं|हटायें|हटाना|हटवाओ|हटवाना|हटाने का|हटवाइए|निकालो|निकालिए|निकालें|निकालना|निकलवाना",
        "मिटाओ|मिटाइए|काटिए|काटो|hatao|hataiye|hataen|hatana|nikalo|nikaalo|nikaliye|mitao|mitaiye|kaato",
    )
    + ")"
)
_ERASE: Final = rf"(?:{_TAKE_OUT}|{_any('डिलीट|रिमूव|ब्लॉक|delete|remove|block|erase')} {_DO_IT})"
_NUMBER: Final = _any("नंबर|नम्बर|नाम|number|nambar|no|naam|डिटेल|डिटेल्स|जानकारी|डेटा|details|data")
_LIST: Final = _any(
    "लिस्ट|सूची|डेटाबेस|डाटाबेस|रिकॉर्ड|रिकार्ड|सिस्टम|list|database|system|record|soochi|कॉलिंग लिस्ट|फाइल|डाटा|डेटा"
)
_PLAIN_WORD: Final = rf"(?!{_NOT} )\S+"
_NO_DEVICE: Final = "".join(
    f"(?<!{plain(word)} )" for word in ("नया", "स्मार्ट", "महंगा", "सस्ता", "मोबाइल", "new", "naya", "smart")
)
"""A phone that somebody does not want to buy is no call."""
_NO_CARD: Final = "".join(
    f"(?<!{plain(thing)} {of})"
    for thing in ("कार्ड", "बैंक", "ऑर्डर", "बिल", "card", "bank", "order", "bill")
    for of in ("", "की ", "का ", "के ", "ki ", "ka ", "ke ")
)
"""The data of a thing are not those of a person."""
_UNCHANGED: Final = rf"(?:{_PLAIN_WORD} ){{0,4}}"
_AGAIN: Final = _any("दोबारा|दुबारा|फिर|आगे|अब|आइंदा|कभी|dobara|dubara|phir|aage|ab|aainda|kabhi")
_TROUBLE: Final = _any("शिकायत|पुलिस|कंप्लेंट|complaint|shikayat|police")
_IN: Final = _any("में|मे|पर|mein|me|main|par")
_KEEP: Final = _any("रखिए|रखो|रखना|रखें|डालो|डालिए|rakho|rakhiye|rakhna|daalo")
_EVER: Final = _any("दोबारा|दुबारा|कभी|आइंदा|dobara|dubara|kabhi|aainda")
_FROM_NOW: Final = _any("आगे से|अब से|आज के बाद|दोबारा|आइंदा|aage se|ab se|aaj ke baad|dobara|aainda")
_NEED: Final = rf"(?:करने |karne )?(?:की |ki )?(?:कोई |koi )?{_any('जरूरत|आवश्यकता|zaroorat|jarurat|zarurat')}"
_PAST: Final = r"(?! (?:था|थे|थी|है|हैं|तो|रह\S*|सक\S*|पा\S*|भूल\S*|tha|the|thi|raha|rahi|rahe|sak\S*|bhool\S*|bhul\S*))"
"""What may not follow: it makes a report or a condition of it, or the opposite ("करना मत भूलिए": do not forget to)."""

OPT_OUT: Final = OptOutWords(
    asks="|".join(
        (
            rf"{_CALL} {_FREE}{_NOT} {_FREE}{_DO}{_PAST}",
            rf"{_CALL} {_FREE}{_DO} {_NOT}{_PAST}(?! {_DO})",
            rf"{_NO_DEVICE}{_CALL} {_FREE}{_NOT} {_COME}{_PAST}",
            rf"(?:^|{_PLEA} ){_NOT} {_DO} {_FREE}{_CALL}(?! {_DO})",
            rf"{_CALL} {_FREE}{_NOT} {_FREE}{_DO}$",
            rf"{_BOTHER} {_FREE}{_NOT} {_FREE}{_DO}{_PAST}",
            rf"{_FORBID} {_CALL} {_FREE}{_DO}{_PAST}",
            rf"{_CALL} {_FREE}{_FORBID} (?:कर|kar){_PAST}",
            rf"{_any('नहीं चाहता|नहीं चाहती|नहीं चाहते|nahi chahta|nahi chahti|nahin chahta')} "
            rf"(?:कि |ki )?{_FREE}{_CALL} {_FREE}(?:{_DO}|{_COME})",
        )
    ),
    asks_for_good="|".join(
        (
            rf"{_CALL} {_FREE}(?:{_DO} |करना |आना |आने |karna |aana )?{_STOP} {_STOP_IT}{_PAST}",
            rf"{_STOP} {_STOP_IT} {_FREE}{_CALL}",
            rf"{_CALL} {_FREE}{_any('करना|karna')} {_any('छोड़ दो|छोड़ दीजिए|छोड़ो|chhod do|chod do')}",
            rf"{_any('स्टॉप|डोंट')} {_CALL}",
            rf"{_DO_NOT} {_CALL} (?:{_DO}|{_any('मुझे|मी|mujhe')})",
            rf"{_CALL} {_any('करने की|karne ki')} {_any('हिम्मत|कोशिश|himmat|koshish')} {_FREE}{_NOT} {_DO}",
            rf"(?:{_BOTHER}) (?:करना|karna) {_STOP} {_STOP_IT}",
            rf"{_NO_CARD}{_NUMBER} {_UNCHANGED}{_ERASE}",
            rf"{_LIST} (?:से|में से|se|mein se|me se) {_UNCHANGED}{_ERASE}",
            rf"{_ERASE} {_FREE}(?:मेरा |mera |अपनी |apni )?(?:{_NUMBER}|{_LIST})",
            rf"{_LIST} {_IN} {_FREE}{_NOT} {_KEEP}",
            rf"{_EVER} {_UNCHANGED}{_any('बात|baat')} {_NOT} {_any('करना|करनी|karna|karni')} {_COME}",
            rf"{_AGAIN} {_CALL} {_any('किया तो|की तो|kiya to|kiya toh')} (?:\S+ ){{0,3}}{_TROUBLE}",
            rf"{_TROUBLE} (?:\S+ ){{0,4}}{_AGAIN} {_CALL} {_any('किया|की|kiya')}",
            _any("डीएनडी|dnd|डू नॉट कॉल|डू नॉट डिस्टर्ब|do not disturb|अनसब्सक्राइब|ऑप्ट आउट|ऑप्टआउट"),
            rf"{_AGAIN} {_FREE}{_CALL} {_NEED} {_NOT}",
            rf"{_CALL} {_NEED} {_NOT} {_any('है|hai')} {_FROM_NOW}",
            rf"{_any('पीछा|picha|peecha')} {_any('छोड़|छोड़ो|छोड़ दो|छोड़िए|छोड़ दीजिए|chhodo|chhod do|chodo|chod do')}",
            rf"{_any('अकेला|अकेले|akela')} {_any('छोड़ दो|छोड़ दीजिए|छोड़ो|chhod do|chod do')}",
            rf"{_any('सहमति|अनुमति|कंसेंट|consent|sahmati')} "
            rf"{_any('वापस|वापिस|रद्द|wapas|vapas|नहीं देता|नहीं देती|nahi deta')}",
            rf"{_any('नंबर|number')} {_any('भूल जाओ|भूल जाइए|भूल जाएं|bhool jao|bhul jao|bhool jaiye')}",
        )
    ),
    another_time=_any(
        "अभी|आज|कल|परसों|सुबह|शाम|रात|दोपहर|बजे|दिन में|दिन के समय|इतवार|रविवार|सोमवार|मंगलवार|बुधवार|गुरुवार"
        "|वीरवार|शुक्रवार|शनिवार|संडे|मंडे"
        "|ट्यूजडे|वेडनेसडे|थर्सडे|फ्राइडे|सैटरडे|वीकेंड|मीटिंग|ऑफिस|आफिस|दफ्तर|लंच|खाने|सोने|काम के|काम पर"
        "|इस समय|इस टाइम|इस वक्त|उस समय"
        "|तब तक|जब तक|फिलहाल|इतनी देर|इतने बजे|छुट्टी|इस हफ्ते|इस महीने|त्योहार|नमाज|पूजा|ड्राइव|गाड़ी चला"
        "|दूसरे नंबर|दुसरे नंबर",
        "abhi|aaj|kal|parso|subah|shaam|sham|raat|dopahar|baje|sunday|monday|tuesday|wednesday|thursday"
        "|friday|saturday"
        "|weekend|meeting|office|lunch|is time|is samay|tab tak|jab tak|filhal|morning|evening|night"
        "|doosre number",
    ),
    for_good=_any(
        "दोबारा|दुबारा|कभी|आइंदा|हमेशा|आगे से|आज के बाद|आज से|अब से|अब के बाद|इसके बाद|फिर कभी|बिल्कुल भी|कभी भी|कल से",
        "dobara|dubara|kabhi|aainda|hamesha|aage se|aaj ke baad|aaj se|ab se|iske baad|never|again",
    ),
    denies=rf"(?:{_NUMBER}|{_LIST}|{_CALL}) (?:\S+ ){{0,3}}{_any('बंद|हटाना|हटाओ|band|hatao|delete')} {_NOT} {_DO}",
)
