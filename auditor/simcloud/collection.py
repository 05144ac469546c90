"""Resources of one kind in one account: their ids, and each of them only when it is asked for.

So an estate of a million instances costs little more than their ids. What a scenario touches is
kept; what is only read is made again, or served from the cache of rendered fragments.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

Resource = dict[str, Any]
"""A resource in the words of its cloud's protocol."""
Make = Callable[[int], Resource]
"""Makes the resource whose id was given at a place in the list of ids."""

CACHED_BYTES = 1_500_000_000
"""Rendered fragments that one collection keeps; beyond that it renders on each read."""


def _nowhere(_id: str) -> str:
    return ""


class Collection:
    """Resources by id, in the order in which they are listed, scope by scope."""

    def __init__(
        self,
        ids: Iterable[str] = (),
        make: Make | None = None,
        *,
        render: Callable[[Resource], bytes],
        scope_of: Callable[[str], str] = _nowhere,
        hidden: Iterable[str] = (),
    ) -> None:
        """`scope_of` tells the scope by the id; without it all are in the one scope ``.

        Ids in `hidden` are left out of `ids(managed=False)`.
        """
        self._render = render
        self._scope_of = scope_of
        self._hidden = frozenset(hidden)
        self.fill(ids, make)

    def fill(self, ids: Iterable[str], make: Make | None) -> None:
        """List resources in place of any there were, made when they are asked for."""
        self._index = {id_: index for index, id_ in enumerate(ids)}
        self._scopes: dict[str, list[str]] = {}
        for id_ in self._index:
            self._scopes.setdefault(self._scope_of(id_), []).append(id_)
        self._make = make
        self._owned: dict[str, Resource] = {}
        self._visible: list[str] | None = None
        self.forget_all()

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._index

    def scope(self, scope: str) -> list[str]:
        """Return the ids in one scope, in listing order."""
        return self._scopes.get(scope, [])

    def ids(self, *, managed: bool = True) -> list[str]:
        """Return all ids in listing order, without the hidden ones if they are not wanted."""
        if managed or not self._hidden:
            return self._all()
        if self._visible is None:
            self._visible = [id_ for id_ in self._all() if id_ not in self._hidden]
        return self._visible

    def get(self, id_: str) -> Resource:
        """Return a resource to read; changes to it may be lost, see `edit`."""
        owned = self._owned.get(id_)
        if owned is not None:
            return owned
        index = self._index[id_]
        if self._make is None:
            raise KeyError(id_)
        return self._make(index)

    def edit(self, id_: str) -> Resource:
        """Return a resource to change in place, while holding the lock of the estate."""
        resource = self._owned[id_] = self.get(id_)
        self.forget(id_)
        return resource

    def forget(self, id_: str) -> None:
        """Drop the rendered fragment of a resource."""
        self._cached -= len(self._fragments.pop(id_, b""))

    def forget_all(self) -> None:
        """Drop all rendered fragments: something that all of them show has changed."""
        self._fragments: dict[str, bytes] = {}
        self._cached = 0

    def add(self, id_: str, resource: Resource) -> None:
        """List a new resource after all others of its scope."""
        if id_ in self._index:
            raise ValueError(f"{id_} exists already")
        self._index[id_] = -1
        self._scopes.setdefault(self._scope_of(id_), []).append(id_)
        self._owned[id_] = resource
        self._visible = None

    def remove(self, id_: str) -> None:
        """Stop listing a resource."""
        del self._index[id_]
        self._scopes[self._scope_of(id_)].remove(id_)
        self._owned.pop(id_, None)
        self.forget(id_)
        self._visible = None

    def shuffle(self, rng: random.Random) -> None:
        """List the same resources in another order, each in its scope."""
        for scope in sorted(self._scopes):
            rng.shuffle(self._scopes[scope])
        self._visible = None

    def fragment(self, id_: str) -> bytes:
        """Return a resource as its cloud lists it."""
        cached = self._fragments.get(id_)
        if cached is None:
            cached = self._render(self.get(id_))
            if self._cached < CACHED_BYTES:
                self._fragments[id_] = cached
                self._cached += len(cached)
        return cached

    def _all(self) -> list[str]:
        if len(self._scopes) == 1:
            (only,) = self._scopes.values()
            return only
        return [id_ for scope in sorted(self._scopes) for id_ in self._scopes[scope]]
