"""One picture under correction: its state, selection, measurements and sidecar. Knows no Qt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from blotquant import edit
from blotquant.edit.turning import Turn
from blotquant.errors import BlotquantError, NothingFound, SessionError
from blotquant.flags import Flag
from blotquant.model import Band, Blot, Lane, Layout
from blotquant.pipeline import LOW_CONFIDENCE, detect, provenance, recipe_for_role
from blotquant.recipe import Recipe
from blotquant.result import LaneMeasurement
from blotquant.session import PictureIdentity, Session, as_stored, plain

from .autosave import Autosave, Opened, open_picture, reload
from .history import History, State
from .numbers import Numbers

__all__ = ["Document", "Selection", "found_in"]

_KEPT_BLOTS = 3
_KEPT_TEXTS = 50


@dataclass(frozen=True)
class Selection:
    """What lane strip, profile and table rows show as chosen: lanes, and at most one band."""

    lanes: tuple[str, ...] = ()
    band: edit.BandKey | None = None

    @property
    def lane(self) -> str:
        """The lane whose profile is shown; empty for none."""
        return self.band[0] if self.band else (self.lanes[-1] if self.lanes else "")


class Document:
    """A picture, its lanes and bands, and all that was done to them.

    Parameters
    ----------
    path : Path
    opened : Opened
    found : Layout
        As detected; the session's own layout wins.
    recipe : Recipe
        What it was found with; the session's own wins.

    Attributes
    ----------
    role : str
        What the picture shows where a study says so, as `blotquant.pipeline.measure` takes it.
    """

    changed = Signal()  # a commit, undo or redo
    stepped = Signal(object, object, str)  # the same: state before, state after, which of the three
    turned = Signal()  # the picture itself looks different now
    previewed = Signal()  # a drag in progress
    selected = Signal()
    said = Signal(str)  # for the status line
    role: str = ""

    def __init__(
        self,
        path: Path,
        opened: Opened,
        found: Layout | None = None,
        recipe: Recipe | None = None,
    ) -> None:
        self.path = path
        self.blot = opened.blot
        self.autosave: Autosave = opened.autosave
        self.note = opened.note
        self.parts = opened.parts
        self.shown: Layout
        self._texts: OrderedDict[int, tuple[State, str]] = OrderedDict()
        self._numbers = Numbers()
        session = opened.session
        recipe = _with_orientation(session.recipe if session else recipe or Recipe(), self.blot)
        layout = session.layout if session else as_stored(found or Layout())
        self.history = History(State(layout, recipe, session.edit_log if session else ()))
        self.shown = layout
        self.selection = Selection()
        self._asked = (recipe, "", recipe)
        self._read_with = recipe.image
        self._seen = {recipe.image: self.blot}

    @classmethod
    def open(cls, path: Path, part: str | None = None, recipe: Recipe | None = None) -> Document:
        """Open a picture at once: its sidecar's lanes, or those that are found.

        Raises
        ------
        BlotquantError
            If the picture cannot be read.
        """
        opened = open_picture(path, part, recipe)
        found = None if opened.session else found_in(opened.blot, recipe)
        return cls(path, opened, found, recipe)

    # --- state

    @property
    def name(self) -> str:
        """Name in tables and lists."""
        return self.blot.source.name

    @property
    def layout(self) -> Layout:
        """Lanes and bands as committed."""
        return self.history.now.layout

    @property
    def recipe(self) -> Recipe:
        """Settings as committed."""
        return self.history.now.recipe

    def preview(self, layout: Layout) -> None:
        """Show a layout while something is being dragged; nothing is kept."""
        self.shown = layout
        self.previewed.emit()

    @property
    def accepted(self) -> bool:
        """Whether somebody found lanes and bands right as they are."""
        return self.history.accepted

    def commit(
        self,
        what: str,
        layout: Layout | None = None,
        recipe: Recipe | None = None,
        deed: object = None,
    ) -> bool:
        """Make an edit, save it, and say so; False where nothing changed."""
        before = self.history.now
        done = self.history.commit(what, layout, recipe, deed)
        self._refresh(save=done)
        if done:
            self.said.emit(what)
            self.stepped.emit(before, self.history.now, "commit")
        return done

    def accept(self) -> None:
        """Keep lanes and bands as they are, and write down that they were looked at."""
        before = self.history.now
        if self.history.accept():
            self._refresh()
            self.stepped.emit(before, self.history.now, "commit")
        else:
            self.save()

    def undo(self) -> None:
        """Take the last edit back."""
        before = self.history.now
        last = before.log[-1].what if before.log else "edit"
        if self.history.undo():
            self._refresh()
            self.said.emit(f"undone: {last}")
            self.stepped.emit(before, self.history.now, "undo")
        else:
            self.said.emit("there is nothing to undo")

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        before = self.history.now
        if self.history.redo():
            self._refresh()
            log = self.history.now.log
            self.said.emit(f"done again: {log[-1].what if log else 'edit'}")
            self.stepped.emit(before, self.history.now, "redo")
        else:
            self.said.emit("there is nothing to do again")

    def turn(self, turn: Turn) -> None:
        """Turn or mirror the picture with its lanes; after a quarter turn lanes are found anew.

        Raises
        ------
        BlotquantError
            If it cannot be turned so, or not be read any more.
        """
        before = self.blot.orientation
        after = edit.next_orientation(before, turn)
        image = self.recipe.image.model_copy(update={"orientation": after})
        recipe = self.recipe.model_copy(update={"image": image})
        blot = self._read(recipe)
        layout = edit.turned(self.layout, before, after, self.blot.shape)
        if layout is None:
            layout = found_in(blot, recipe)
        self.commit(f"turn the picture: {before} to {after}", as_stored(layout), recipe)

    def set_recipe(self, recipe: Recipe) -> None:
        """Measure with other settings.

        Raises
        ------
        BlotquantError
            If the picture cannot be read with them.
        """
        recipe = _with_orientation(recipe, self.blot)
        if recipe.image != self.recipe.image:
            self._read(recipe)
        self.commit("change settings", recipe=recipe)

    def _refresh(self, *, save: bool = True) -> None:
        """After the state changed: show it, keep the selection sound, save."""
        turned = self.recipe.image != self._read_with
        if turned:
            self.blot = self._read(self.recipe)
            self._read_with = self.recipe.image
        self.shown = self.layout
        self.selection = _sound(self.selection, self.layout)
        if save:
            self.save()
        if turned:
            self.turned.emit()
        self.changed.emit()

    def _read(self, recipe: Recipe) -> Blot:
        """The picture as a recipe reads it; those seen last are kept for undo."""
        key = recipe.image
        if key not in self._seen:
            blot = reload(self.path, self.blot.source.part, recipe)
            if blot.source.sha256 != self.blot.source.sha256:
                raise SessionError(f"{self.name}: the file changed meanwhile; open it anew")
            self._seen[key] = blot
            while len(self._seen) > _KEPT_BLOTS:
                self._seen.pop(next(iter(self._seen)))
        return self._seen[key]

    # --- the sidecar

    def session(self) -> Session:
        """All that the sidecar holds."""
        blot = self.blot
        return Session(
            image=PictureIdentity(
                name=self.name,
                sha256=blot.source.sha256,
                part=blot.source.part,
                shape=blot.shape,
                orientation=blot.orientation,
                polarity=blot.polarity,
            ),
            layout=self.layout,
            recipe=self.recipe,
            provenance=plain(provenance(blot, self.recipe)),
            edit_log=self.history.now.log,
        )

    def to_json(self) -> str:
        """The sidecar's text, made once for each state."""
        now = self.history.now
        if id(now) not in self._texts:
            self._texts[id(now)] = (now, self.session().to_json().decode("utf-8"))
            if len(self._texts) > _KEPT_TEXTS:
                self._texts.popitem(last=False)
        return self._texts[id(now)][1]

    def save(self) -> None:
        """Write the sidecar; what stands in the way is said in the status line."""
        try:
            saved = self.autosave.save(self.to_json().encode("utf-8"))
        except (BlotquantError, OSError) as error:
            self.said.emit(f"not saved: {error}")
        else:
            if saved is None and self.autosave.blocked:
                self.said.emit(f"not saved: {self.autosave.blocked}")

    # --- selection

    def select(self, lanes: Iterable[str] = (), band: edit.BandKey | None = None) -> None:
        """Choose lanes, and perhaps a band of one of them."""
        chosen = tuple(dict.fromkeys(lanes))
        if band is not None and band[0] not in chosen:
            chosen = (*chosen, band[0])
        selection = _sound(Selection(chosen, band), self.shown)
        if selection != self.selection:
            self.selection = selection
            self.selected.emit()

    def toggle(self, lane_id: str) -> None:
        """Add a lane to the selection, or take it out."""
        lanes = self.selection.lanes
        if lane_id in lanes:
            self.select(name for name in lanes if name != lane_id)
        else:
            self.select((*lanes, lane_id))

    # --- numbers

    def measurement(self, lane_id: str) -> LaneMeasurement:
        """Numbers of a lane as it is shown now; measured again only where it changed."""
        return self._numbers.of(self.blot, self.shown, self._measured_with(), lane_id)

    def _measured_with(self) -> Recipe:
        """The settings with what the picture's role changes in them; one object for each."""
        recipe, role, _ = self._asked
        if recipe is not self.recipe or role != self.role:
            self._asked = (self.recipe, self.role, recipe_for_role(self.recipe, self.role))
        return self._asked[2]

    def flags_of(self, lane: Lane, flags: Flag) -> Flag:
        """Flags of a lane or band together with those of its picture, as the tables have them."""
        doubtful = Flag.LOW_CONFIDENCE if lane.confidence < LOW_CONFIDENCE else Flag.NONE
        return flags | self.blot.flags | doubtful

    def bands(self) -> Iterable[tuple[int, int, Band]]:
        """(lane number, band number, band) of all bands, in the order of the table."""
        for number, lane in enumerate(self.shown.lanes, 1):
            for index, band in enumerate(self.shown.bands_of(lane.id), 1):
                yield number, index, band


def found_in(blot: Blot, recipe: Recipe | None = None) -> Layout:
    """Lanes and bands that are found; none where there is nothing, to draw them by hand."""
    try:
        return detect(blot, recipe)
    except NothingFound:
        return Layout()


def _with_orientation(recipe: Recipe, blot: Blot) -> Recipe:
    image = recipe.image
    if image.orientation == blot.orientation:
        return recipe
    image = image.model_copy(update={"orientation": blot.orientation})
    return recipe.model_copy(update={"image": image})


def _sound(selection: Selection, layout: Layout) -> Selection:
    """The selection without what is no longer there."""
    ids = {lane.id for lane in layout.lanes}
    keys = {(band.lane_id, band.row_id) for band in layout.bands}
    lanes = tuple(name for name in selection.lanes if name in ids)
    return Selection(lanes, selection.band if selection.band in keys else None)
