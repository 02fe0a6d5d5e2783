"""Disposition: each month a list of the records whose retention has run out, with those that stay and why."""

from datetime import date

from strongroom.actor import FLEET, Actor
from strongroom.house import House
from strongroom.ledger.custody import NewEvent, append_events
from strongroom.ledger.ending_steps import Judge
from strongroom.ledger.endings import Ending, add_records, begin_list, find_ending, list_of_month
from strongroom.ledger.engine import transaction
from strongroom.ledger.lookup import database_clock
from strongroom.ledger.standing_records import expired, standing_records
from strongroom.legal.access import NotThere, Principal, Right
from strongroom.legal.drawing_up import on_the_list
from strongroom.legal.endings import require_undivided
from strongroom.legal.verdicts import disposition_judge
from strongroom.times import utc_now

KIND = "disposition"


def draw_up(house: House, principal: Principal) -> Ending:
    """Draw up a list of what may go now, for whoever asks. Raises Forbidden, LedgerUnreachable."""
    require_undivided(principal, Right.END)
    return _draw_up(house, principal.actor, None, "drawn up when it was asked for")


def draw_up_monthly(house: House) -> Ending:
    """The list of this UTC month: drawn up once, whoever is asked to and however often. Raises LedgerUnreachable."""
    month = database_clock(house.engine).date().replace(day=1)
    made = list_of_month(house.engine, month)
    if made is not None:
        return made
    return _draw_up(house, Actor(FLEET, house.actor.origin), month, f"drawn up for {month:%B %Y}")


def judge_of(house: House) -> Judge:
    """Who decides, when a list is drawn up and again when it is carried out."""
    return disposition_judge(utc_now, trial=house.settings.trial)


def _draw_up(house: House, by: Actor, month: date | None, cause: str) -> Ending:
    """In one transaction: a list is whole, or it is not there."""
    now, judge = database_clock(house.engine), judge_of(house)
    with transaction(house.engine) as connection:
        ending_id = begin_list(connection, KIND, by.name, cause, month=month, reference=None)
        if ending_id is not None:
            records = 0
            for batch in expired(connection, trial=house.settings.trial):
                found = standing_records(connection, batch)
                records += add_records(connection, ending_id, on_the_list(house, found, judge, now))
            details = {"list": ending_id, "kind": KIND, "records": records}
            append_events(connection, [NewEvent("listed", by, details=details)])
    made = find_ending(house.engine, ending_id) if ending_id is not None else list_of_month(house.engine, month or now)
    if made is None:
        raise NotThere("the list is not there", where="the ledger", todo="draw it up again")
    return made
