"""A draft of the answer to a person who asked for erasure: what went, what stays and on what ground, and their rights.

It names nobody: whoever sends it adds the name. GDPR, Articles 12(3), 12(4), 17(3).
"""

from strongroom.legal.endings import ClassCount, EndingList
from strongroom.legal.verdicts import LEGAL_CLAIMS, LEGAL_OBLIGATION

_GROUNDS = {
    LEGAL_OBLIGATION: "we are bound by law to keep them (Article 17(3)(b) GDPR)",
    LEGAL_CLAIMS: (
        "they are needed for the establishment, exercise or defence of legal claims (Article 17(3)(e) GDPR)"
    ),
}


def draft_answer(found: EndingList) -> str:
    """The answer as the list stands now; before it is carried out it says what will be done."""
    ended = found.count("ended")
    going = found.going
    stays = [one for one in found.counts if one.state in ("kept", "held", "refused")]
    lines = [
        f"Our reference: {found.ending.reference}",
        "",
        "Dear [name],",
        "",
        "You asked us to erase the personal data in the recordings and messages of your contacts with us.",
        "",
    ]
    if ended:
        lines += [f"We have erased {_contacts(ended)}; what we keep of that is a certificate without your data.", ""]
    if going:
        lines += [f"We will erase {_contacts(going)}.", ""]
    if stays:
        lines += ["We keep the following, and restrict its use to the purpose that is named:", ""]
        lines += [f"- {_stays(one)}" for one in stays]
        lines += [""]
    if not ended and not going and not stays:
        lines += ["We hold no recordings or messages of yours.", ""]
    lines += [
        "If you disagree you may complain to a supervisory authority, and seek a judicial remedy (Article 12(4) GDPR).",
        "",
        "Yours sincerely,",
        "[signature]",
    ]
    return "\n".join(lines) + "\n"


def _stays(one: ClassCount) -> str:
    many = _contacts(one.records)
    until = f"until {one.latest_end:%d %B %Y}"
    if one.state == "held" or one.article == LEGAL_CLAIMS:
        return f"{many}: {_GROUNDS[LEGAL_CLAIMS]}; as long as that lasts."
    if one.article == LEGAL_OBLIGATION:
        return f"{many}, {until}: {_GROUNDS[LEGAL_OBLIGATION]}: {one.basis}."
    return f"{many}: they can't be erased yet; we come back to you on them."


def _contacts(number: int) -> str:
    return "one contact" if number == 1 else f"{number:,} contacts"
