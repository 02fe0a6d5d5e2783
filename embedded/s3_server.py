"""`python -m embedded.s3_server`: moto's server, with the one call made fast that a vault makes twice for each object.

moto 5.2.5 copies every version in the bucket, bytes included, to list those of one key: a day of a few thousand
conversations would take it hours. Here only what is below the prefix is copied; the answers are the same.
"""

from types import SimpleNamespace
from typing import Any

from moto.s3.models import S3Backend
from moto.s3.utils import _VersionedKeyStore
from moto.server import main

_list_all: Any = S3Backend.list_object_versions


def _list_object_versions(self: S3Backend, bucket_name: str, *, prefix: str = "", **options: Any) -> Any:
    below = _VersionedKeyStore()
    for key, versions in self.get_bucket(bucket_name).keys.iterlists():
        if key.startswith(prefix):
            below.setlist(key, versions)
    backend = SimpleNamespace(get_bucket=lambda _: SimpleNamespace(keys=below))
    return _list_all(backend, bucket_name, prefix=prefix, **options)


if __name__ == "__main__":
    setattr(S3Backend, "list_object_versions", _list_object_versions)  # noqa: B010  a method, to the type checker
    main()
