"""What is answered where something is wrong."""

import msgspec

from tipd.agent.problem import Problem


def test_a_problem_says_its_status_and_one_sentence() -> None:
    problem = Problem(410, "gone", headers=(("a", "b"),), close=True)
    assert msgspec.json.decode(problem.body()) == {"title": "Gone", "status": 410, "detail": "gone"}
    assert (str(problem), problem.headers, problem.close) == ("gone", (("a", "b"),), True)
