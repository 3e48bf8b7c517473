"""Wishes for no more calls in words of their own, and phrases that only sound like one: written before the patterns."""

from __future__ import annotations

import pytest

from dialer.conversation.optout import wants_out

ASKS = """
I never want to hear from you people again
I want to be erased from your system
I don't want to hear from you anymore
I do not wish to be contacted by your company
We don't ever want to hear from you guys again
I'd like to be removed from your list
I would like to be taken off your calling list
please have my number removed
get my number out of your system
you need to delete my details
could you wipe my data from your records
erase everything you have on me
forget you ever had my number
forget my number
make sure nobody calls me again
see to it that I'm not called again
I don't want anybody from your company calling this number
stop ringing me up
stop with the calls
enough with these calls already
that's enough calls from you
these calls have to stop
this harassment needs to stop
quit harassing me
stop calling me a hundred times a day
stop calling us the whole day long
never call this old number again
never call this house again
stop bothering my mother with these calls
you people need to stop calling here
don't you dare call here again
do not contact me ever again
don't phone this house again
never ring this number again
never contact us again
I said no more phone calls
no further contact please
I want no further calls from you
I don't want to get any calls like this
I don't want any more of these calls
I'm asking you not to call me anymore
I've told you people not to call this number
I'm on the do not call registry
add me to your do not call list
put us on the no call list
block my number on your side
cross my name off your list
strike my name from your list
scratch me off your list
take my name off whatever list this is
remove us from your records
I want my name taken off
I want out of your database
I withdraw my permission to call me
you don't have my permission to call me
you no longer have my consent
I'm opting out
leave us in peace
leave my family alone
go away and don't come back
don't bother calling again
there's no need to ever call me again
please don't reach out to me again
cease all communication with me
मैं आप लोगों से दोबारा कभी बात नहीं करना चाहता
मुझे आपके सिस्टम से मिटा दिया जाए
मेरा नाम अपनी सूची से काट दिया जाए
मेरी सारी जानकारी मिटा दीजिए
मुझे आपकी तरफ़ से कोई फ़ोन नहीं आना चाहिए
हमें फ़ोन करने की कोई ज़रूरत नहीं है आगे से
बार बार फ़ोन करके हमें परेशान करना बंद कीजिए
ये रोज़ रोज़ की कॉल्स बंद होनी चाहिए
आप मुझे फ़ोन करना छोड़ दीजिए
मुझे अपनी लिस्ट में मत रखिए
दोबारा इस घर में फ़ोन मत कीजिएगा
मुझे चैन से रहने दो, कॉल मत करो
mujhe apne system se mita do
main aap logon se dobara baat nahi karna chahta
mera data apne record se delete kar do
mujhe aapki taraf se koi phone nahi aana chahiye
yeh roz roz ke calls band hone chahiye
mujhe phone karna chhod do
mera naam list se kaat dijiye
dobara is ghar mein phone mat karna
mujhe apni list mein mat rakho
hamein phone karne ki zaroorat nahi hai aage se
""".strip().splitlines()

MEANS_SOMETHING_ELSE = """
don't call me before five
I never want to miss it
stop, let me think
remove the old card
take me off speaker
I never want to hear that song again
I want to hear from you again next week
I'd love to hear from you again
I don't want to hear about the price yet
I never heard from you people
I haven't heard from you before
I want to be sure about your system
I want to be included in your system
I want the stain erased from my carpet
is my data safe in your system
delete that last appointment
delete the second item from my order
remove the tax from the price
remove my old address and take the new one
take my name down please
take my number down
take the old panels off my roof
take a dollar off the list price
can you take something off the price
get me off this plan and onto the cheaper one
get my number from the website
get back to me tomorrow
I forgot my number
don't forget my number
don't forget to call me
forget the discount, what is the full price
forget it, tell me about the warranty
make sure somebody calls me back
make sure nobody calls before nine
don't call it a subscription
I'll never call this boring
stop calling it a scam
don't text me, call me
I would never call you a liar
I never called you
nobody calls me by that name
stop, stop, what did you say the price was
stop the recording please
stop the washing machine, I can't hear
can you stop the payment
when does the contract stop
how do I stop the automatic renewal
that's enough, I understood the offer
enough about me, what does it cost
these calls are recorded, right
no more questions, I'll take it
no more than fifty dollars
no further questions
I don't want any more sugar
I don't want that kind of panel
I don't wish to be rude but I'm in a meeting
leave me a message
leave it with me
leave my details as they are
leave the box by the door
don't bother, I found it
don't bother with the brochure, just tell me
there's no need to call twice, once is fine
I'm on the list already
add me to the list
put me on your list for spring
block the calendar for Tuesday
cross the street and it's the blue house
I have your permission then
you have my permission to call me
I don't have permission to decide that
my consent form is signed
go ahead
come back to me on Monday
don't reach out to my boss, talk to me
my old company went out of business
I want out of my contract with the other provider
मुझे आपसे बात करके अच्छा लगा
मैं अभी बात नहीं करना चाहता
मैं आपसे कल बात करना चाहता हूँ
पुराना पता हटा दीजिए
पुरानी कार्ड की जानकारी हटा दीजिए
मुझे लिस्ट भेज दीजिए
मुझे फ़ोन करने में कोई दिक्कत नहीं है
आज फ़ोन करने की ज़रूरत नहीं है, कल कीजिए
ये मशीन बंद होनी चाहिए
मुझे अपनी लिस्ट में रखिए
मेरा नंबर काट कर नया लिखिए
purana address hata dijiye
main abhi baat nahi karna chahta
mujhe kal baat karni hai
mujhe list bhej do
card ki jaankari mita do
machine band honi chahiye
mujhe apni list mein rakho
aaj phone karne ki zaroorat nahi hai, kal karo
""".strip().splitlines()


@pytest.mark.parametrize("words", ASKS)
def test_asks_for_no_more_calls(words: str) -> None:
    assert wants_out(words)


@pytest.mark.parametrize("words", MEANS_SOMETHING_ELSE)
def test_means_something_else(words: str) -> None:
    assert not wants_out(words)
