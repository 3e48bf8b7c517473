"""Hindi, as it is spoken on the phone in India: with English words in it, and written in either alphabet."""

from __future__ import annotations

from typing import Final

from dialer.languages.base import Language, plain
from dialer.languages.hindi_figures import READING
from dialer.languages.hindi_opt_out import OPT_OUT

_BACK_CHANNELS: Final = (
    "हां|हा|हूं|हम्म|हम|जी|जी हां|हां जी|अच्छा|अच्छा जी|ठीक है|ठीक|ओके|ओह|यस|या|राइट|सही|सही है|बिल्कुल|बिलकुल|जी बिल्कुल"
    "|haan|han|haa|ji|haan ji|ji haan|achha|accha|acha|theek hai|thik hai|theek|thik|sahi|sahi hai|bilkul"
)
_TELL_TALES: Final = (
    "hai hain hoon hun nahi nahin nahee mujhe mujhko humein aap aapka aapki aapko kya kyun kyon kaise kaun kahan kab "
    "kitna kitne karo karna kariye kijiye karein raha rahi rahe chahiye mera meri mere hamara tha thi abhi baad "
    "theek thik accha achha acha haan matlab lekin kyunki bataiye batao boliye bolo dijiye chahta chahti namaste"
)

HINDI: Final = Language(
    code="hi",
    name="Hindi",
    manner=(
        "Speak Hindi as educated people in India speak it on the phone: polite (आप), everyday words, short sentences, "
        "and English words where people use them. Write Hindi in Devanagari."
    ),
    lines={
        "screening": "मैं {agent} बोल रही हूँ, {seller} की एआई असिस्टेंट। मैंने {first_name} जी के लिए फ़ोन किया है।",
        "inbound_opener": (
            "वापस फ़ोन करने के लिए धन्यवाद। मैं {agent} हूँ, {seller} की एआई असिस्टेंट। हमने आपको कुछ देर पहले फ़ोन किया था।"
            " अगर आप आगे कोई कॉल नहीं चाहते, तो नौ दबाइए या बस कह दीजिए। मैं आपके लिए क्या कर सकती हूँ?"
        ),
        "inbound_closed": (
            "यह {seller} है। हमने आपको कुछ देर पहले फ़ोन किया था, और अभी कोई उपलब्ध नहीं है।"
            " अगर आप आगे कोई कॉल नहीं चाहते, तो नौ दबाइए। नहीं तो फ़ोन रख दीजिए, हम आपको फिर फ़ोन करेंगे।"
        ),
        "drop": (
            "माफ़ कीजिए, {seller} से फ़ोन आया था और कोई उपलब्ध नहीं था। आप हमें {callback_number} पर फ़ोन कर सकते हैं। नमस्ते।"
        ),
        "goodbye": "आपके समय के लिए धन्यवाद। नमस्ते।",
        "opt_out_confirmation": "ठीक है, समझ गई। अब आपको हमारी तरफ़ से कोई कॉल नहीं आएगी। नमस्ते।",
        "still_there": "क्या आप लाइन पर हैं?",
        "filler": "एक मिनट, मैं देखती हूँ।",
        "trouble": "माफ़ कीजिए, हमारी तरफ़ कुछ तकनीकी दिक्कत है। नमस्ते।",
        "apology": "माफ़ कीजिए, बीच में आपकी आवाज़ कट गई थी।",
        "colleague_away": "माफ़ कीजिए, अभी मेरे कोई सहकर्मी ख़ाली नहीं हैं। क्या हम आपको बाद में फ़ोन करें?",
    },
    neutral={
        "first_name": "श्रीमान",
        "company": "आपकी कंपनी",
        "callback_number": "जिस नंबर से हमने फ़ोन किया",
    },
    back_channels="|".join(plain(word) for word in _BACK_CHANNELS.split("|")),
    greetings=frozenset(
        plain(word)
        for word in ("नमस्ते", "नमस्कार", "हेलो", "हैलो", "हाँ", "जी", "हाँ जी", "हाँ बोलिए", "जी बोलिए", "namaste", "haan ji")
    ),
    promises_more=(
        "और|लेकिन|मगर|क्योंकि|कि|अगर|मतलब|जैसे|यानी|या|का|के|की|जो|मैं|मेरा|मेरी|मेरे|वो"
        "|aur|lekin|magar|kyunki|kyonki|agar|matlab|jaise|yaani|ya|ka|ke|ki|jo|main|mera|meri|mere|woh"
    ),
    opt_out=OPT_OUT,
    says_ai=r"एआई|ए आई|ai|रोबोट|कृत्रिम|ऑटोमेटेड|वर्चुअल असिस्टेंट",
    offers_opt_out=r"(?:और|कोई|आगे) (?:\S+ )?कॉल नहीं|कॉल नहीं चाह\S*|(?:नौ|9) दबा\S*|कॉल बंद",
    asked_for=(
        "(?:हिंदी|हिन्दी|hindi) (?:में|मे|mein|main|me|men|please|प्लीज|बोलिए|बोलो|आती|only)"
        "|(?:in|speak|talk|switch to|change to|prefer|only) hindi"
    ),
    own_letters="ऀ-ॿ",
    tell_tales=frozenset(_TELL_TALES.split()),
    read_aloud=READING.aloud,
)
