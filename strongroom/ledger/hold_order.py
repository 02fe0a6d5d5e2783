"""In which order holds change: nothing is indexed, disposed of or erased while one is being placed or released."""

from sqlalchemy import Connection, func, select

_LOCK = "strongroom.holds"


def await_other_holds(connection: Connection) -> None:
    """Until this transaction ends no matter is opened, grows or is released by another one.

    To be asked for before any row is changed. Who takes a record out of the archive asks for it as well, and then
    whether it is held: a hold is placed before that, and seen, or after it, and finds the record gone.
    """
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(_LOCK))))


def keep_holds(connection: Connection) -> None:
    """The same, beside others that only want them to stay as they are: what is indexed is looked for by all matters."""
    connection.execute(select(func.pg_advisory_xact_lock_shared(func.hashtext(_LOCK))))
