"""``guardlayer permissions``: the policies of a knowledge layer, and what they say."""

from __future__ import annotations

import json as json_
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from guardlayer.cli import options
from guardlayer.cli.exits import Exit
from guardlayer.cli.screen import Screen, line
from guardlayer.errors import InputError

group = typer.Typer(no_args_is_help=True, help="Set and show the policies, and ask what they let somebody read.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="permissions")


@options.command(
    group, 'guardlayer permissions set policies.cedar -k acme.db --author dana --reason "salaries are private"'
)
def set_(
    *,
    policies: Annotated[Path, typer.Argument(metavar="FILE", help="Cedar policies.")],
    author: Annotated[str, typer.Option("--author", metavar="WHO", help="Who wrote them.")],
    reason: Annotated[str, typer.Option("--reason", metavar="WHY", help="Why.")],
    entities: Annotated[
        Path | None, typer.Option("--entities", metavar="FILE", help="Groups, roles and the like: Cedar's JSON.")
    ] = None,
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Put policies in force, from the very next question on; the versions before are kept."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    known = _json(entities) if entities is not None else []
    with open_required(knowledge, create=True) as kb:
        version = kb.permissions.set(_text(policies), author=author, reason=reason, entities=known)
    if screen.json:
        screen.data(_entry(version))
        return
    screen.show(line(f"version {version.version} is in force  {version.digest}"))


@options.command(group, "guardlayer permissions history -k acme.db")
def history(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """List the versions of the policies, oldest first."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        versions = kb.permissions.history()
    if screen.json:
        screen.data([_entry(one) for one in versions])
        return
    for one in versions:
        screen.show(
            line(f"{one.version}  {one.recorded:%Y-%m-%d %H:%M}  {one.digest[:19]}  {one.author}: {one.reason}")
        )
    if not versions:
        screen.note("no policies are recorded: with Guard(permissions=kb.permissions) nothing would be permitted")


@options.command(group, "guardlayer permissions show -k acme.db > policies.cedar")
def show(*, knowledge: options.KnowledgeOne = None, json: options.Json = False) -> None:
    """Print the policies in force."""
    from guardlayer.cli.building import open_required

    screen = Screen.of(json=json)
    with open_required(knowledge) as kb:
        version = kb.permissions.current()
    if screen.json:
        screen.data({**_entry(version), "policies": version.policies, "entities": list(version.entities)})
        return
    screen.show(version.policies)


@options.command(group, 'guardlayer permissions ask -k acme.db --principal sam --in groups=sales Acme "list price"')
def ask(
    *,
    entity: Annotated[str, typer.Argument(metavar="ENTITY", help="Name or alias of what a fact is about.")],
    attribute: Annotated[str, typer.Argument(metavar="ATTRIBUTE", help="Name or synonym of what is said about it.")],
    principal: Annotated[str, typer.Option("--principal", metavar="ID", help="Who asks.")],
    attributes: Annotated[
        list[str],
        typer.Option("--in", metavar="NAME=VALUE", help="What is known of them: groups=hr, roles=admin. Repeatable."),
    ] = [],  # noqa: B006 - typer copies it
    knowledge: options.KnowledgeOne = None,
    json: options.Json = False,
) -> None:
    """Say which facts of a key a principal may read, and which policies decide. Exit code 1 where one is denied."""
    from guardlayer.cli.building import open_required
    from guardlayer.knowledge.permissions import Access
    from guardlayer.knowledge.permissions.model import READ, resource_of_fact
    from guardlayer.types import Principal

    screen = Screen.of(json=json)
    who = Principal(principal, attributes=_attributes(attributes))
    with open_required(knowledge) as kb:
        facts = kb.history(entity, attribute)
        rulings = kb.permissions.decide([Access(who, READ, resource_of_fact(fact)) for fact in facts])
        digest = kb.permissions.digest
    entries: list[dict[str, Any]] = [
        {
            "fact": fact.id, "version": fact.version, "value": fact.value, "allowed": ruling.allowed,
            "policies": list(ruling.policies), "error": ruling.error,
        }
        for fact, ruling in zip(facts, rulings, strict=True)
    ]  # fmt: skip
    if screen.json:
        screen.data({"principal": principal, "digest": digest, "facts": entries})
    else:
        for entry in entries:
            word = "may read" if entry["allowed"] else "may not read"
            by = ", ".join(entry["policies"]) or entry["error"] or "no policy permits it"
            screen.show(
                line(f"{principal} {word} {entry['fact']} version {entry['version']}: {entry['value']}  ({by})")
            )
        if not entries:
            screen.note("nothing is recorded for this key")
    if not entries or not all(entry["allowed"] for entry in entries):
        raise typer.Exit(Exit.FINDINGS)


def _attributes(settings: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for setting in settings:
        name, mark, value = setting.partition("=")
        if not mark or not name:
            raise InputError(f"--in takes NAME=VALUE, not {setting!r}")
        if name in ("groups", "roles", "tenants"):
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def _entry(version: Any) -> dict[str, Any]:
    return {
        "version": version.version, "digest": version.digest, "recorded": version.recorded.isoformat(),
        "author": version.author, "reason": version.reason,
    }  # fmt: skip


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read ({error})", path=str(path)) from error


def _json(path: Path) -> list[dict[str, Any]]:
    try:
        found = json_.loads(_text(path))
    except json_.JSONDecodeError as error:
        raise InputError(f"not JSON ({error})", path=str(path)) from error
    if not isinstance(found, list):
        raise InputError("Cedar entities are a list of objects", path=str(path))
    return found
