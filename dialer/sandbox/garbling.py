"""What a recognizer makes of a word of which it got only a part: another word that looks like it."""

from __future__ import annotations

from difflib import get_close_matches

_COMMON_WORDS = (
    "about above after again all along also and another any apple are around ask away back bad ball band bank base "
    "bell best better big bill black blue board boat book both box bread bring brown build burn bus busy call came "
    "can card care case change chair check city class clean clear close coat cold come cool corn could count course "
    "cover day deal dear deep did dinner do door down draw dream drive drop dry each early earth east easy eat edge "
    "end even evening ever every eye face fair fall family far fast father feel few field fill find fine fire first "
    "fish floor fly food foot for form found four free fresh from full game garden get girl give glass go gold good "
    "great green ground group grow had half hall hand happy hard have he head hear heart heat help her here high "
    "hill him hold home hope horse hot hour house how ice idea if in inch is it join jump just keep kind king know "
    "lake land large last late laugh lead learn leave left less let letter life light like line list little live "
    "long look lost lot love low main make man many map mark may mean meet men might mile milk mind mine minute "
    "miss money month moon more morning most mother move much music my name near need never new next night nine no "
    "noise north nose not note nothing now number of off often oil old on once one only open or order other our out "
    "over own page paint paper part pass past pay people perhaps person phone piece place plain plan plane play "
    "please point poor pound power press price pull push put question quick quiet rain ran reach read ready real "
    "red rest rice rich ride right ring river road rock room round row rule run sail salt same sand saw say school "
    "sea seat second see seem sell send set seven shall shape she ship shoe shop short should show side sight sign "
    "silver sing sit six size skin sky sleep slow small snow so soft some son song soon sort sound south speak "
    "spell spend spring stand star start stay step stone stop store story street strong such sugar summer sun sure "
    "table take talk tall teach team tell ten test than that the them then there these they thing think third this "
    "those three through time tire to today together told tomorrow too took top town train travel tree true try "
    "turn two under until up us use very voice wait walk wall want warm was wash watch water way we wear weather "
    "week weight well went west what wheel when where which while white who whole why wide wife wild will wind "
    "window winter wish with woman wonder wood word work world would write wrong year yellow yes yet you young your "
    "zone "
)
_VOCABULARY = tuple(_COMMON_WORDS.split())


def garbled(word: str) -> str:
    """The word that is taken for `word`: the most similar other one. The same word is always misheard the same way."""
    plain = "".join(c for c in word.lower() if c.isalnum())
    others = [known for known in _VOCABULARY if known != plain]
    return get_close_matches(plain, others, n=1, cutoff=0.0)[0]
