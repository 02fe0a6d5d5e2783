"""Sealing: what has settled is appended to the log, and a signed checkpoint of it stands in the vault.

However it is cut off, and however many do it at once, the outcome is one log: the entries and the checkpoint are
committed to the ledger before they are put, made from it alone, and put once.
"""

from dataclasses import dataclass

from strongroom.house import House
from strongroom.ledger.checkpoints import latest_checkpoint, without_timestamp, without_witness
from strongroom.ledger.endings import unlogged_certificates
from strongroom.ledger.log import log_size, sealing_alone
from strongroom.ledger.recounts import recounts_not_logged
from strongroom.ledger.sealed_days import seal_is_due
from strongroom.pipeline.catch_up import catch_up
from strongroom.pipeline.learn_certificates import learn_certificates
from strongroom.pipeline.log_entries import append_waiting
from strongroom.pipeline.log_keys import NO_KEY, open_signers
from strongroom.pipeline.seal_checkpoint import head_of, seal_up_to
from strongroom.pipeline.timestamping import timestamp_checkpoints
from strongroom.pipeline.witness import send_to_witness

LATE_PATIENCE_S = 3_600
"""How long a late manifest waits for the next day's seal before it gets one of its own: not a checkpoint for each."""


@dataclass(frozen=True)
class Sealed:
    """What one sealing did. `size` is the log's, in its latest checkpoint; `not_sealed` says why nothing was done."""

    size: int = 0
    entries: int = 0
    timestamped: int = 0
    witnessed: int = 0
    not_sealed: str | None = None


def seal(house: House) -> Sealed:
    """Seal all that can be sealed now. Nothing new: nothing is written.

    Raises LogForked and ProofRefused when the ledger and the vault can't be one log, KeyUnusable, and the vault's and
    the ledger's errors. An authority or a witness that can't be had is told on the checkpoint and tried again.
    """
    signers = open_signers(house.settings)
    if signers is None:
        return Sealed(not_sealed=NO_KEY)
    with sealing_alone(house.engine) as alone:
        if not alone:
            return Sealed(not_sealed="another process is sealing")
        latest = catch_up(house, signers)
        learn_certificates(house)
        size_before = head_of(latest)[0]
        # what a sealing that was cut off has appended is sealed as it would have been, then what is new
        latest = seal_up_to(house, signers, latest, log_size(house.engine))
        append_waiting(house, signers)
        latest = seal_up_to(house, signers, latest, log_size(house.engine))
        size = head_of(latest)[0]
        return Sealed(
            size=size,
            entries=size - size_before,
            timestamped=timestamp_checkpoints(house),
            witnessed=send_to_witness(house),
        )


def needs_sealing(house: House) -> bool:
    """Whether a sealing has something to do: a settled day, late manifests, or what the last one left undone."""
    latest = latest_checkpoint(house.engine)
    return (
        seal_is_due(house.engine, LATE_PATIENCE_S)
        or bool(recounts_not_logged(house.engine))
        or log_size(house.engine) > head_of(latest)[0]
        or bool(unlogged_certificates(house.engine))
        or (house.settings.timestamp_url is not None and bool(without_timestamp(house.engine)))
        or (house.settings.witness is not None and bool(without_witness(house.engine)))
    )
