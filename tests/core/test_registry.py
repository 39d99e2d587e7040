"""What is known of services, and what a name stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpstore.core.registry import Registry
from mcpstore.errors import AmbiguousTool, DependencyCycle, ServiceNotFound, ToolNotFound
from mcpstore.models.catalog import Catalog, Prompt, Resource, Tool
from mcpstore.models.record import NamedList
from mcpstore.models.service import ServiceSpec


def spec(name, **fields):
    return ServiceSpec(name=name, transport="stdio", **fields)


def catalog(service, *tools):
    return Catalog(
        tools=NamedList(Tool(name=tool, service=service) for tool in tools),
        prompts=NamedList(Prompt(name=tool, service=service) for tool in tools),
        resources=NamedList([Resource(name="r", service=service, uri=f"{service}://r")]),
    )


@pytest.fixture
def registry():
    registry = Registry()
    for service, tools in {"files": ["read", "write"], "web": ["read", "search"]}.items():
        registry.put(spec(service))
        registry.publish(service, catalog(service, *tools))
    return registry


# --- services ----------------------------------------------------------------------------------------------


def test_services_keep_the_order_of_their_registration():
    registry = Registry()
    for name in ("b", "a", "c"):
        registry.put(spec(name))
    registry.put(spec("b", description="new"))

    assert list(registry) == ["b", "a", "c"]
    assert len(registry) == 3
    assert [each.description for each in registry.specs()] == ["new", "", ""]


def test_a_service_can_be_dropped_during_iteration(registry):
    for name in registry:
        registry.drop(name)

    assert len(registry) == 0


def test_a_replaced_specification_keeps_the_catalog(registry):
    registry.put(spec("files", description="new"))

    assert registry.spec("files").description == "new"
    assert registry.find_tool("write").service == "files"


def test_an_unknown_name_is_reported_with_the_known_ones(registry):
    assert "mail" not in registry
    with pytest.raises(ServiceNotFound, match="'mail'; known services: files, web"):
        registry.spec("mail")
    with pytest.raises(ServiceNotFound):
        registry.publish("mail", catalog("mail"))


def test_dropping_or_withdrawing_an_unknown_service_does_nothing(registry):
    registry.drop("mail")
    registry.withdraw("mail")

    assert registry.catalog("mail") == Catalog()
    assert len(registry) == 2


def test_a_dropped_service_offers_nothing(registry):
    registry.drop("web")

    assert "web" not in registry
    assert registry.find_tool("read").service == "files"
    assert registry.tools().names() == ["read", "write"]


def test_dependencies_that_would_become_a_cycle_are_refused():
    registry = Registry()
    registry.put(spec("a", depends_on=("b",)))
    registry.put(spec("b"))

    registry.check_dependencies(spec("b", depends_on=("c",)), spec("c"))
    with pytest.raises(DependencyCycle, match="a -> b -> a"):
        registry.check_dependencies(spec("b", depends_on=("a",)))
    assert registry.depends_on() == {"a": ("b",), "b": ()}


def test_an_agent_has_the_services_given_to_it():
    registry = Registry()
    registry.put(spec("files", agents=("writer", "reader")))
    registry.put(spec("web", agents=("reader",)))

    assert registry.services_of_agent("reader") == {"files", "web"}
    assert registry.services_of_agent("writer") == {"files"}
    assert registry.services_of_agent("unknown") == frozenset()


# --- what they offer ---------------------------------------------------------------------------------------


def test_only_published_tools_are_listed(registry):
    registry.withdraw("files")
    registry.withdraw("files")

    assert [tool.full_name for tool in registry.tools()] == ["web/read", "web/search"]
    assert registry.prompts().names() == ["read", "search"]
    assert [resource.uri for resource in registry.resources()] == ["web://r"]
    assert registry.catalog("files").tools.names() == ["read", "write"]  # known still, from when it was last asked


def test_a_scope_narrows_every_list(registry):
    web = frozenset({"web"})

    assert registry.tools(web).names() == ["read", "search"]
    assert registry.prompts(web).names() == ["read", "search"]
    assert [resource.service for resource in registry.resources(web)] == ["web"]
    assert registry.tools(frozenset()) == NamedList()


def test_the_list_of_all_tools_is_cached_until_it_changes(registry):
    before = registry.tools()

    assert registry.tools() is before
    registry.publish("files", catalog("files", "append"))
    assert registry.tools().names() == ["append", "read", "search"]


def test_publishing_again_replaces_the_catalog(registry):
    registry.publish("files", catalog("files", "append"))

    assert registry.find_tool("append").service == "files"
    with pytest.raises(ToolNotFound):
        registry.find_tool("write")


def test_the_first_of_two_tools_with_one_name_is_found(registry):
    twins = NamedList(Tool(name="twin", service="files", description=text) for text in ("first", "second"))
    registry.publish("files", Catalog(tools=twins))

    assert registry.find_tool("twin").description == "first"
    assert len(registry.tools()) == 4
    registry.withdraw("files")
    with pytest.raises(ToolNotFound):
        registry.find_tool("twin")


# --- names -------------------------------------------------------------------------------------------------


def test_an_unambiguous_bare_name_is_enough(registry):
    assert registry.find_tool("search").service == "web"
    assert registry.find_prompt("search").service == "web"


@pytest.mark.parametrize(("find", "kind"), [(Registry.find_tool, "tool"), (Registry.find_prompt, "prompt")])
def test_an_ambiguous_name_is_reported_with_its_candidates(registry, find, kind):
    with pytest.raises(AmbiguousTool, match=f"{kind} 'read' is offered by several services") as caught:
        find(registry, "read")

    assert caught.value.candidates == ("files/read", "web/read")


def test_a_scope_makes_a_name_unambiguous(registry):
    assert registry.find_tool("read", scope=frozenset({"web"})).service == "web"


def test_a_name_may_include_its_service(registry):
    assert registry.find_tool("files/read").service == "files"
    assert registry.find_tool("read", "files").service == "files"


@pytest.mark.parametrize(
    ("name", "service", "scope", "message"),
    [
        ("fly", None, None, "'fly'"),
        ("files/fly", None, None, "'files/fly'"),
        ("mail/read", None, None, "'mail/read'"),
        ("fly", "files", None, "'files/fly'"),
        ("read", "mail", None, "'mail/read'"),
        ("search", None, {"files"}, "'search'"),
        ("web/search", None, {"files"}, "'web/search'"),
        ("search", "web", {"files"}, "'web/search'"),
    ],
)
def test_tools_outside_the_scope_are_not_found(registry, name, service, scope, message):
    with pytest.raises(ToolNotFound, match=f"no service offers a tool called {message}"):
        registry.find_tool(name, service, frozenset(scope) if scope is not None else None)


def test_names_of_services_and_tools_may_contain_slashes():
    registry = Registry()
    for service, tool in {"a/b": "c/d", "a": "x"}.items():
        registry.put(spec(service))
        registry.publish(service, catalog(service, tool))

    assert registry.find_tool("a/b/c/d").service == "a/b"
    assert registry.find_tool("c/d").service == "a/b"
    assert registry.find_tool("a/x").service == "a"


names = st.sampled_from(["a", "b", "a/b", "b/a"])
moves = st.tuples(st.sampled_from(["put", "drop", "publish", "withdraw"]), names, st.lists(names, max_size=3))


@given(st.lists(moves, max_size=12))
def test_exactly_the_published_tools_are_found_after_any_operations(moves):
    registry, offered = Registry(), {}
    for move, service, tools in moves:
        if move == "put":
            registry.put(spec(service))
        elif move == "publish" and service in registry:
            registry.publish(service, catalog(service, *tools))
            offered[service] = set(tools)
        elif move in ("drop", "withdraw"):
            getattr(registry, move)(service)
            offered.pop(service, None)

    assert {tool.full_name for tool in registry.tools()} == {f"{s}/{t}" for s, tools in offered.items() for t in tools}
    for service, tools in offered.items():
        for tool in tools:
            assert registry.find_tool(tool, service) == registry.find_tool(tool, scope=frozenset({service}))
