from edgesense.training.search import results
from edgesense.training.search.table import TableEvaluator


def chosen(search):
    return [row.candidate for row in results.rows(search.study)]


def test_the_same_seed_draws_the_same_candidates(searching):
    one, other = searching(name="one"), searching(name="other")
    one.run(14)
    other.run(14)
    assert chosen(one) == chosen(other)


def test_another_seed_draws_others(searching):
    one, other = searching(name="one"), searching(name="other", seed=2)
    one.run(4)
    other.run(4)
    assert chosen(one) != chosen(other)


def test_a_search_in_two_parts_draws_what_one_draws(searching):
    whole, first = searching(name="whole"), searching(name="parts")
    whole.run(14)
    first.run(6)
    searching(name="parts").run(14)
    assert chosen(whole) == chosen(first)


def test_processes_with_one_seed_draw_different_candidates(searching):
    drawn = []
    nested = searching()

    def during(candidate, step):
        if step == 1 and not drawn:
            drawn.append(candidate)
            nested.run(2)

    searching(TableEvaluator(during=during)).run(2)
    candidates = chosen(nested)
    assert len(candidates) == len(set(candidates)) >= 2
