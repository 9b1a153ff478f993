"""What an audit found: one line a check, and a sentence a problem."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from hbr.errors import StudyError


@dataclass
class Check:
    """One check: what it says, on how many artifacts it was made, and the problems it met."""

    name: str
    artifacts: int = 0
    problems: list[str] = field(default_factory=list)

    def expect(self, holds: bool, problem: str) -> None:
        """Note ``problem`` unless it ``holds``."""
        if not holds:
            self.problems.append(problem)


class Findings:
    """The checks of one audit, in order."""

    def __init__(self) -> None:
        self.checks: list[Check] = []

    @contextmanager
    def check(self, name: str) -> Iterator[Check]:
        """Make one check; a damaged or missing file inside it is a problem of that check, not the end of the audit."""
        check = Check(name)
        self.checks.append(check)
        try:
            yield check
        except StudyError as error:
            check.problems.append(str(error))
        except FileNotFoundError as error:
            check.problems.append(f"{error.filename} is missing")
        # Whatever a tampered file does to a reader, the audit says so and goes on.
        except Exception as error:
            check.problems.append(f"a file cannot be read ({type(error).__name__}: {str(error).splitlines()[0][:200]})")

    @property
    def problems(self) -> list[str]:
        """Return all problems."""
        return [problem for check in self.checks for problem in check.problems]

    def __str__(self) -> str:
        width = max(len(check.name) for check in self.checks)
        lines = [f"{'check':<{width}}  artifacts  verdict"]
        for check in self.checks:
            verdict = f"{len(check.problems)} problems" if check.problems else "holds"
            lines.append(f"{check.name:<{width}}  {check.artifacts:>9}  {verdict}")
        return "\n".join(lines)
