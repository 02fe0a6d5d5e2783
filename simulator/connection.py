"""Breaking a connection on purpose."""

import socket
import struct

from aiohttp import web


def reset(request: web.Request) -> None:
    """End the connection with a TCP reset, not with an orderly close."""
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        # Lingering for zero seconds makes the kernel send RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
