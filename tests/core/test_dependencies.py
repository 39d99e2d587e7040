"""Which services are opened before which."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.core.dependencies import dependents, layers, start_order
from mcpstore.errors import DependencyCycle

SHOP = {"web": ["api"], "api": ["db", "cache"], "db": [], "cache": [], "mail": []}


@st.composite
def acyclic(draw):
    """Services that depend only on ones of a smaller number, in any order."""
    size = draw(st.integers(0, 8))
    needed = {n: draw(st.sets(st.integers(0, n - 1))) if n else set() for n in range(size)}
    return {f"s{n}": [f"s{m}" for m in sorted(needed[n])] for n in draw(st.permutations(range(size)))}


def test_services_are_layered_by_their_dependencies():
    assert layers(SHOP) == [["db", "cache", "mail"], ["api"], ["web"]]


def test_the_order_of_the_configuration_is_kept_among_independent_services():
    assert layers({"b": [], "a": [], "c": []}) == [["b", "a", "c"]]
    assert start_order({"b": ["c"], "a": [], "c": []}) == ["a", "c", "b"]


def test_no_services_have_no_layers():
    assert layers({}) == []
    assert start_order({}) == []


def test_a_missing_dependency_is_not_waited_for():
    assert layers({"web": ["nowhere"]}) == [["web"]]


@given(acyclic())
def test_every_service_comes_after_its_dependencies(depends_on):
    order = start_order(depends_on)

    assert sorted(order) == sorted(depends_on)
    for name, needed in depends_on.items():
        assert all(order.index(other) < order.index(name) for other in needed)


@given(acyclic())
def test_every_service_is_in_the_earliest_possible_layer(depends_on):
    number = {name: i for i, layer in enumerate(layers(depends_on)) for name in layer}

    for name, needed in depends_on.items():
        assert number[name] == max((number[other] + 1 for other in needed), default=0)


@pytest.mark.parametrize(
    ("depends_on", "cycle"),
    [
        ({"a": ["a"]}, ("a",)),
        ({"a": ["b"], "b": ["a"]}, ("a", "b")),
        ({"a": ["b"], "b": ["c"], "c": ["a"], "free": []}, ("a", "b", "c")),
        ({"before": ["a"], "a": ["b", "free"], "b": ["a"], "free": []}, ("a", "b")),
    ],
)
def test_a_cycle_is_reported_by_its_names(depends_on, cycle):
    with pytest.raises(DependencyCycle) as caught:
        layers(depends_on)

    assert caught.value.cycle == cycle
    assert " -> ".join([*cycle, cycle[0]]) in str(caught.value)


def cycle_in(depends_on):
    try:
        layers(depends_on)
    except DependencyCycle as caught:
        return caught.cycle
    return ()


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdefx"))))
def test_there_is_either_an_order_or_an_actual_cycle(depends_on):
    cycle = cycle_in(depends_on)

    assert cycle or sorted(start_order(depends_on)) == sorted(depends_on)
    assert len(set(cycle)) == len(cycle)
    assert all(after in depends_on[name] for name, after in zip(cycle, cycle[1:] + cycle[:1], strict=True))


def test_indirect_dependents_are_found():
    assert dependents(SHOP, "db") == ["web", "api"]
    assert dependents(SHOP, "web") == []
    assert dependents(SHOP, "nowhere") == []


def test_a_service_is_not_its_own_dependent():
    assert dependents({"a": ["b"], "b": ["a"]}, "a") == ["b"]
