"""How each kind of file shows that it is whole: one module a format, each with a `check(file, size)`.

A check raises `damage.NotWhole`, reads the file in small pieces and accepts no byte after the format's end.
"""
