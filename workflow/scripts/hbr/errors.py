"""The one exception whose message is written for the user."""


class StudyError(Exception):
    """Something the user can mend: the message names the file or key and says what to write instead."""
