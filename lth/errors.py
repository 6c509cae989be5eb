"""The one exception a user is meant to see."""

from lth.printable import LIMIT, escaped, printable


class UserError(Exception):
    """Something the user can put right, said in one sentence that names the file or key, the fault and what is allowed.

    Entry points (`workflow/scripts`, `lth`, the Snakefile) print it without a traceback and exit with 1;
    any other exception is a fault of ours and keeps its traceback. Its text is one line that can be printed as it is:
    unprintable characters are escaped, and what is longer than `lth.printable.LIMIT` is cut.

    Args:
        message: the sentence.
        advice: its end, which is never cut: a command that has to be run as it stands.
    """

    def __init__(self, message: object = "", advice: str = "") -> None:
        super().__init__(message, advice)

    def __str__(self) -> str:
        message, advice = self.args
        return printable(message) + escaped(advice)


def reason(error: Exception) -> str:
    """What a library's exception says, in a line that fits into a sentence of ours."""
    return printable((str(error).splitlines() or [type(error).__name__])[0], LIMIT // 2)
