"""Who runs a command, as the custody chain names them."""

import os
import pwd
import socket

from strongroom.actor import Actor


def operator() -> Actor:
    """The account this runs under, as the system knows it (the environment could name anyone), and its host."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"uid {os.getuid()}"
    return Actor(name, socket.gethostname())
