"""`python -m tests.s3proxy --upstream URL --port 0`: serves on 127.0.0.1 and prints `{"url": …}` once it listens."""

import argparse
import asyncio
import json
import sys

from .proxy import serve


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(prog="s3proxy", description=__doc__)
    parser.add_argument("--upstream", required=True, help="the S3 server's URL")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    arguments = parser.parse_args()

    async def run() -> None:
        async with serve(arguments.upstream, arguments.port) as url:
            sys.stdout.write(json.dumps({"url": url}) + "\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        raise SystemExit(0) from None


main()
