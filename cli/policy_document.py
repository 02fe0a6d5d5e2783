"""`strongroom policy document`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import AsJson
from cli.connections import settings_of_process
from cli.output import open_console, print_json
from strongroom.errors import Misconfigured
from strongroom.pipeline.policy_document import document_sha256, policy_document
from strongroom.pipeline.policy_pdf import policy_document_pdf
from strongroom.retention.policy import load_policy
from strongroom.times import utc_now

EXAMPLE = "Example: strongroom policy document -o policy/"

FileArgument = Annotated[
    Path | None,
    typer.Argument(metavar="[FILE]", help="A policy file; the one of STRONGROOM_POLICY_FILE if not given."),
]
FolderOption = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="Where it is written; made where it is not there.")
]


def document(file: FileArgument = None, folder: FolderOption = Path(), as_json: AsJson = False) -> None:
    """Write the records retention policy as a document for counsel to sign, in Markdown and as a PDF.

    It is made from the policy file: matrix, bases, locks, erasure, disposition, roles and permissions. Each manifest
    names the SHA-256 of the Markdown, which the PDF shows. What is there already is written anew. With FILE it needs no
    settings.
    """
    policy = load_policy(file or settings_of_process().policy_file)
    name = f"retention-policy-{policy.version[:16]}"
    markdown, pdf = folder / f"{name}.md", folder / f"{name}.pdf"
    _write(markdown, policy_document(policy).encode())
    _write(pdf, policy_document_pdf(policy, utc_now()))
    if as_json:
        print_json(
            {
                "policy_version": policy.version,
                "document_sha256": document_sha256(policy),
                "markdown": str(markdown),
                "pdf": str(pdf),
            }
        )
        return
    console = open_console()
    console.print(f"wrote {markdown} and {pdf}", soft_wrap=True)
    console.print(f"policy version   {policy.version}", soft_wrap=True)
    console.print(f"document SHA-256 {document_sha256(policy)}", soft_wrap=True)


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise Misconfigured(
            f"the file can't be written: {error.strerror}", where=str(path), todo="name another folder with -o"
        ) from error
