"""Undo and redo without end: a list of immutable states, each with the log of how it came about."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from blotquant.edit import difference
from blotquant.model import Lane, Layout
from blotquant.recipe import Recipe
from blotquant.session import Edit, plain

__all__ = ["ACCEPTED", "History", "State"]

# In the log: somebody looked at lanes and bands, and found them right.
ACCEPTED = "accept the lanes and bands"


@dataclass(frozen=True)
class State:
    """What can be undone: lanes and bands, settings, and the log of edits that led here.

    Parameters
    ----------
    layout : Layout
    recipe : Recipe
    log : tuple of Edit
    deed : object
        What made this state: one and the same in all images that an edit was made in.
    """

    layout: Layout
    recipe: Recipe
    log: tuple[Edit, ...] = ()
    deed: object = field(default=None, compare=False)


@dataclass
class History:
    """States before and after the present one.

    Parameters
    ----------
    now : State
        As opened.
    """

    now: State
    _past: list[State] = field(default_factory=list)
    _future: list[State] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        """Whether there is a state to go back to."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether an undone state can be brought back."""
        return bool(self._future)

    @property
    def accepted(self) -> bool:
        """Whether the present was accepted, and not changed since."""
        return bool(self.now.log) and self.now.log[-1].what == ACCEPTED

    @property
    def next_deed(self) -> object:
        """What made the state that a redo would bring back; None where there is none."""
        return self._future[-1].deed if self._future else None

    def accept(self) -> bool:
        """Log that the present was looked at and is right; False where that is known.

        Nothing else has changed, so it is no step of its own: an undo takes the edit before it
        back, and the acceptance with it.
        """
        if self.accepted:
            return False
        time = datetime.now(UTC).isoformat(timespec="seconds")
        self.now = replace(self.now, log=(*self.now.log, Edit(time=time, what=ACCEPTED)))
        return True

    def commit(
        self,
        what: str,
        layout: Layout | None = None,
        recipe: Recipe | None = None,
        deed: object = None,
    ) -> bool:
        """Make a new present; False where nothing changed.

        Parameters
        ----------
        what : str
            The edit in words, for the log.
        layout : Layout, optional
        recipe : Recipe, optional
            What is not given stays.
        deed : object, optional
            What the edit is part of; it is its own deed otherwise.
        """
        new_layout = self.now.layout if layout is None else layout
        new_recipe = self.now.recipe if recipe is None else recipe
        if (new_layout, new_recipe) == (self.now.layout, self.now.recipe):
            return False
        edit = _log_entry(what, self.now, new_layout, new_recipe)
        log = (*self.now.log, edit)
        self._advance(State(new_layout, new_recipe, log, object() if deed is None else deed))
        return True

    def _advance(self, state: State) -> None:
        self._past.append(self.now)
        self._future.clear()
        self.now = state

    def undo(self) -> bool:
        """Go one state back, its log with it; False at the start."""
        if not self._past:
            return False
        self._future.append(self.now)
        self.now = self._past.pop()
        return True

    def redo(self) -> bool:
        """Bring back what was undone last; False where there is nothing."""
        if not self._future:
            return False
        self._past.append(self.now)
        self.now = self._future.pop()
        return True

    def removed_lanes(self) -> tuple[Lane, ...]:
        """Lanes that were deleted by hand, so that finding anew does not bring them back."""
        lanes = []
        for edit in self.now.log:
            if edit.what.startswith("delete") and isinstance(edit.before, dict):
                lanes += [Lane(**lane) for lane in edit.before.get("lanes", ())]
        return tuple(lanes)


def _log_entry(what: str, old: State, layout: Layout, recipe: Recipe) -> Edit:
    before, after = difference(old.layout, layout)
    if recipe != old.recipe:
        before["recipe"], after["recipe"] = (
            _settings(old.recipe, recipe),
            _settings(recipe, old.recipe),
        )
    time = datetime.now(UTC).isoformat(timespec="seconds")
    return Edit(time=time, what=what, before=plain(before), after=plain(after))


def _settings(recipe: Recipe, other: Recipe) -> dict[str, object]:
    """Settings in which a recipe is not like another, as ``section.key``."""
    mine, theirs = recipe.model_dump(), other.model_dump()
    return {
        f"{section}.{key}": value
        for section, values in mine.items()
        for key, value in values.items()
        if value != theirs[section][key]
    }
