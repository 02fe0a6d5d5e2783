"""The entry point of the `strongroom` command."""


def main() -> None:
    """Run the command that the process was started with, and end the process with its exit code."""
    try:
        # Not at the top: the libraries take a second to load, and Ctrl-C must end that second quietly as well.
        from cli.app import run_process  # noqa: PLC0415
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    raise SystemExit(run_process())
