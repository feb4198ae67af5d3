"""Broken input."""

from parsers.submission import Problem


class ParseError(Exception):
    """Bytes that cannot be read. `problem` says of what kind, the message in what way."""

    def __init__(self, problem: Problem, detail: str = "") -> None:
        super().__init__(detail or problem.value)
        self.problem = problem
        self.detail = detail
