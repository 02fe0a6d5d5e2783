"""A customer's number or address, written so that every spelling of it is the same."""

import re

import phonenumbers

from strongroom.words import storable

LONGEST_ADDRESS = 320
"""Characters that are kept: 64 and 255 of an e-mail address, RFC 5321 section 4.5.3.1."""

_SCHEME = re.compile(r"(?:tel|sips?|mailto|callto|whatsapp):", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[\d\s().\-/]*\d[\d\s().\-/]*")
# what telephony writes where a caller withholds the number: no address of anybody
_WITHHELD = frozenset({"anonymous", "unavailable", "restricted", "private", "unknown", "blocked", "withheld"})


def normalised(address: str, region: str | None) -> str | None:
    """A number as E.164 (`+442079460000`), anything else without differences of case; None when it names nobody.

    `region` (ISO 3166, two letters) is where a number without a country's prefix is dialled; without it such a number
    is compared by its digits alone. A number in a SIP address counts as that number, whatever the host. Parameters,
    extensions and prefixes as `tel:` are left out.
    """
    bare, by_scheme = _bare(address)
    user = bare.partition("@")[0]
    if user.lower() in _WITHHELD or not bare:
        return None
    if by_scheme and _NUMBER.fullmatch(user):
        bare = user
    if not _NUMBER.fullmatch(bare):
        return bare.casefold()[:LONGEST_ADDRESS]
    return _number(bare, region)[:LONGEST_ADDRESS]


def _bare(address: str) -> tuple[str, bool]:
    """Without name, angle brackets, scheme and parameters: `"Anna" <sip:+44…@host;user=phone>` is `+44…@host`.

    And whether it had a scheme: what stands before the @ is then a number if it looks like one.
    """
    text = storable(address).strip()
    if text.endswith(">") and "<" in text:
        text = text[text.rindex("<") + 1 : -1].strip()
    by_scheme = False
    while scheme := _SCHEME.match(text):
        text = text[scheme.end() :].strip()
        by_scheme = by_scheme or scheme[0].lower() != "mailto:"
    return re.split(r"[;?]|\s*(?:ext\.?|x)\s*\d+$", text, maxsplit=1, flags=re.IGNORECASE)[0].strip(), by_scheme


def _number(text: str, region: str | None) -> str:
    digits = "".join(character for character in text if character.isdecimal())
    ascii_digits = "".join(str(int(character)) for character in digits)
    dialled = ("+" if text.startswith("+") else "") + ascii_digits
    if dialled.startswith("00") and region is None:
        dialled = "+" + dialled[2:]
    try:
        number = phonenumbers.parse(dialled, region)
    except phonenumbers.NumberParseException:
        return ascii_digits
    if not phonenumbers.is_possible_number(number):
        return dialled
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spellings(address: str, region: str | None) -> tuple[str, ...]:
    """What to look for when somebody asks for an address: as it is normalised, and a number with and without its plus.

    Some channels tell international numbers without the plus, and people write them so.
    """
    same = normalised(address, region)
    if same is None:
        return ()
    if same.isdecimal():
        return same, f"+{same}"
    if same.startswith("+") and same[1:].isdecimal():
        return same, same[1:]
    return (same,)
