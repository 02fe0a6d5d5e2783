"""The retention class as an object's tag: what the lifecycle's rules go by."""

from typing import TYPE_CHECKING

from strongroom.vault.errors import s3_errors
from strongroom.vault.store import Store

if TYPE_CHECKING:  # the stubs are there when types are checked, not where Strongroom runs
    from mypy_boto3_s3.type_defs import TagTypeDef

CLASS_TAG = "retention-class"


def require_class_tag(store: Store, key: str, version_id: str, retention_class: str) -> None:
    """Give a version the tag of its class where it has none. One request, two where it lacks.

    A tag that names another class is left: `strongroom vault check` names it. Raises NotStored, VaultUnreachable,
    VaultRefused.
    """
    with s3_errors(store.where(key)):
        tags = store.patient.get_object_tagging(Bucket=store.bucket, Key=key, VersionId=version_id)["TagSet"]
        if any(tag["Key"] == CLASS_TAG for tag in tags):
            return
        wanted: list[TagTypeDef] = [*tags, {"Key": CLASS_TAG, "Value": retention_class}]
        store.patient.put_object_tagging(Bucket=store.bucket, Key=key, VersionId=version_id, Tagging={"TagSet": wanted})


def set_class_tag(store: Store, key: str, version_id: str, retention_class: str) -> None:
    """Make the tag of a version name its class, whatever it named; its other tags stay. One request, or two.

    Raises NotStored, VaultUnreachable, VaultRefused.
    """
    with s3_errors(store.where(key)):
        tags = store.patient.get_object_tagging(Bucket=store.bucket, Key=key, VersionId=version_id)["TagSet"]
        others = [tag for tag in tags if tag["Key"] != CLASS_TAG]
        wanted: list[TagTypeDef] = [*others, {"Key": CLASS_TAG, "Value": retention_class}]
        if [tag for tag in tags if tag["Key"] == CLASS_TAG] != wanted[-1:]:
            store.patient.put_object_tagging(
                Bucket=store.bucket, Key=key, VersionId=version_id, Tagging={"TagSet": wanted}
            )
