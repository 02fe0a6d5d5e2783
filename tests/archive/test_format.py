"""docs/format.md is enough: a reader written from it alone derives everything in a bucket again."""

import ast
import sys
from pathlib import Path

import independent_reader
from archives import StartArchive
from custody_material import backdate

from embedded.bucket import connect
from strongroom.evidence.keys import file_signer, new_key_file
from strongroom.pipeline.seal import seal


def test_a_stranger_reads_the_bucket_by_the_page_alone(start_archive: StartArchive, tmp_path: Path) -> None:
    key = tmp_path / "log.pem"
    new_key_file(key, "example.com/format")
    archive = start_archive(
        conversations=4,
        settings={"STRONGROOM_LOG_KEY_FILE": str(key), "STRONGROOM_LOG_ORIGIN": "example.com/format"},
    )
    archive.archive_here()
    backdate(archive.engine, 1)
    seal(archive.house)
    verifier_key = str(file_signer(key, "example.com/format").verifier_key)
    found = independent_reader.read_everything(connect(archive.s3_endpoint), archive.bucket, verifier_key)
    [(entries, objects, lines)] = archive.rows(
        "SELECT (SELECT count(*) FROM log_entries), (SELECT count(*) FROM objects),"
        " (SELECT count(*) FROM custody_events)"
    )
    assert found == {"entries": entries, "objects": objects, "lines": lines}
    assert lines > 0


def test_the_reader_knows_nothing_of_strongroom() -> None:
    tree = ast.parse(Path(independent_reader.__file__).read_text(encoding="utf-8"))
    modules = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert modules - sys.stdlib_module_names <= {"cryptography"}
