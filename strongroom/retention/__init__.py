"""Which class a conversation falls in, how long it is kept and under which lock."""
