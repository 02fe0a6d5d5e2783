"""Which S3 operation a request is: by its method, whether its path names a key, and its query."""

from collections.abc import Mapping

_BY_QUERY = {
    ("PUT", True, "partNumber"): "UploadPart",
    ("PUT", True, "retention"): "PutObjectRetention",
    ("PUT", True, "legal-hold"): "PutObjectLegalHold",
    ("PUT", True, "tagging"): "PutObjectTagging",
    ("POST", True, "restore"): "RestoreObject",
    ("POST", True, "uploads"): "CreateMultipartUpload",
    ("POST", True, "uploadId"): "CompleteMultipartUpload",
    ("DELETE", True, "uploadId"): "AbortMultipartUpload",
    ("GET", True, "retention"): "GetObjectRetention",
    ("GET", True, "tagging"): "GetObjectTagging",
    ("GET", False, "versions"): "ListObjectVersions",
    ("GET", False, "object-lock"): "GetObjectLockConfiguration",
    ("GET", False, "versioning"): "GetBucketVersioning",
}
_PLAIN = {
    ("PUT", True): "PutObject",
    ("GET", True): "GetObject",
    ("HEAD", True): "HeadObject",
    ("DELETE", True): "DeleteObject",
    ("PUT", False): "CreateBucket",
    ("GET", False): "ListObjects",
    ("HEAD", False): "HeadBucket",
    ("DELETE", False): "DeleteBucket",
}


def operation_of(method: str, path: str, query: Mapping[str, str]) -> str:
    """The operation's name in the S3 API reference; of configuration requests, the method and what is configured."""
    has_key = "/" in path.strip("/")
    for (known_method, known_key, parameter), name in _BY_QUERY.items():
        if (method, has_key) == (known_method, known_key) and parameter in query:
            return name
    subresource = next((name for name, value in query.items() if not value), "")
    if subresource:
        return f"{method} ?{subresource}"
    return _PLAIN.get((method, has_key), method)
