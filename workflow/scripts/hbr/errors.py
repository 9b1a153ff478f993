"""The one exception whose message is written for the user."""


class StudyError(Exception):
    """Something the user can mend: the message names the file or key and says what to write instead."""


def is_lack_of_memory(error: BaseException) -> bool:
    """Return whether an exception says that memory was not enough."""
    # Torch has exceptions of its own, and scripts without it must not import it to know them.
    return isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError" or "can't allocate memory" in str(error)


def one_line(error: BaseException) -> str:
    """Return what an exception says, in one line."""
    return " ".join(str(error).split())


def printable(line: str) -> str:
    """Return a line as it may be shown: a file may be called anything, and must neither break it nor speak to the terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
