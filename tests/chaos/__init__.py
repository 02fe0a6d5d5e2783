"""The chaos suite: a day is archived while everything it rests on is struck, and then judged. `make chaos`."""
