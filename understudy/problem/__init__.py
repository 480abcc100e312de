"""A problem: what is predicted, from what, at what cost. One YAML each, read into ``ProblemSpec``."""

from understudy.problem.columns import Column, Table
from understudy.problem.features import Input, View, parse_span
from understudy.problem.learning import Candidate
from understudy.problem.load import load_problem, parse_problem
from understudy.problem.spec import ProblemSpec

__all__ = [
    "Candidate",
    "Column",
    "Input",
    "ProblemSpec",
    "Table",
    "View",
    "load_problem",
    "parse_problem",
    "parse_span",
]
