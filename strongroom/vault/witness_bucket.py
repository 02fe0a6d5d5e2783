"""A bucket that someone else keeps, to which each checkpoint is sent: ours to add to, not to change."""

from strongroom.errors import StrongroomError
from strongroom.vault.errors import AlreadyStands, s3_errors
from strongroom.vault.store import Store


class WitnessDisagrees(StrongroomError):
    """The witness has another checkpoint of this size: one of the two logs is not the one that was."""


def send_checkpoint(store: Store, key: str, note: bytes) -> None:
    """Put a checkpoint where the witness doesn't have it yet. Sent again, it is compared.

    Raises WitnessDisagrees, VaultUnreachable, VaultRefused.
    """
    try:
        with s3_errors(store.where(key)):
            store.once.put_object(
                Bucket=store.bucket,
                Key=key,
                Body=note,
                ContentType="text/plain; charset=utf-8",
                ChecksumAlgorithm="SHA256",
                IfNoneMatch="*",
            )
    except AlreadyStands:
        with s3_errors(store.where(key)):
            standing = store.patient.get_object(Bucket=store.bucket, Key=key)["Body"].read()
        if standing != note:
            raise WitnessDisagrees(
                "the witness has another checkpoint of this size",
                where=store.where(key),
                todo="compare both with `strongroom verify`: a log was forked, or one of the two was changed",
            ) from None
