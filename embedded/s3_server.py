"""`python -m embedded.s3_server`: moto's server, made to do some things as S3 does them.

moto 5.2.5 copies every version in the bucket, bytes included, to list those of one key: a day of a few thousand
conversations would take it hours. Here only what is below the prefix is copied; the answers are the same. And moto
forgets what sizes a lifecycle rule is for; here it gives the rules back as they were put. And moto takes the deletion
of a version for s3:DeleteObject, which the bucket policy denies to all; in S3 it is s3:DeleteObjectVersion.
"""

from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any

import xmltodict
from moto.s3.models import FakeBucket, S3Backend
from moto.s3.responses import S3Response
from moto.s3.utils import _VersionedKeyStore
from moto.server import main

_list_all: Any = S3Backend.list_object_versions
_set_lifecycle: Any = FakeBucket.set_lifecycle
_get_bucket_lifecycle: Any = S3Response.get_bucket_lifecycle
_key_response: Any = S3Response._key_response
_get_permission: Any = FakeBucket.get_permission
_deletes_version: ContextVar[bool] = ContextVar("deletes_version", default=False)


def _list_object_versions(self: S3Backend, bucket_name: str, *, prefix: str = "", **options: Any) -> Any:
    below = _VersionedKeyStore()
    for key, versions in self.get_bucket(bucket_name).keys.iterlists():
        if key.startswith(prefix):
            below.setlist(key, versions)
    backend = SimpleNamespace(get_bucket=lambda _: SimpleNamespace(keys=below))
    return _list_all(backend, bucket_name, prefix=prefix, **options)


def _keep_lifecycle(self: Any, rules: list[dict[str, Any]]) -> None:
    _set_lifecycle(self, rules)
    self.rules_as_put = rules


def _give_lifecycle(self: Any) -> Any:
    _get_bucket_lifecycle(self)  # raises where there are no rules
    rules = self.backend.get_bucket(self.bucket_name).rules_as_put
    return 200, {}, xmltodict.unparse({"LifecycleConfiguration": {"Rule": rules}})


def _respond(self: Any, *arguments: Any, **options: Any) -> Any:
    named = _deletes_version.set("versionId" in self.querystring)
    try:
        return _key_response(self, *arguments, **options)
    finally:
        _deletes_version.reset(named)


def _permission(self: Any, action: str, resource: str) -> Any:
    of_version = action == "s3:DeleteObject" and _deletes_version.get()
    return _get_permission(self, "s3:DeleteObjectVersion" if of_version else action, resource)


if __name__ == "__main__":
    for owner, name, method in (
        (S3Backend, "list_object_versions", _list_object_versions),
        (FakeBucket, "set_lifecycle", _keep_lifecycle),
        (S3Response, "get_bucket_lifecycle", _give_lifecycle),
        (S3Response, "_key_response", _respond),
        (FakeBucket, "get_permission", _permission),
    ):
        setattr(owner, name, method)
    main()
