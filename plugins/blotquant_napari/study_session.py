"""A study under correction: its images by membrane, the lanes that they share, its sheet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from blotquant import edit
from blotquant.errors import LayoutError, StudyError
from blotquant.files import is_there
from blotquant.membrane_layout import Transform
from blotquant.model import Layout
from blotquant.names import same_target
from blotquant.pipeline.image import row_numbers
from blotquant.pipeline.membranes import images_together, sharing_lanes
from blotquant.recipe import Recipe
from blotquant.study import Study, StudyImage, pasted_cells, with_cells, with_lanes, with_row

from .document import Document
from .history import State
from .study_files import StudyFiles

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["StudySession"]

_IN_ROWS = ("target", "loading_control")


class StudySession:
    """A study that is open.

    Parameters
    ----------
    folder : Path
        Folder that holds ``study.toml``.

    Raises
    ------
    StudyError
        If study file or sample sheet cannot be read.
    """

    changed = Signal()  # the sheet or the study file
    touched = Signal()  # lanes, bands or settings of an image
    said = Signal(str)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = StudyFiles(folder)
        self.documents: dict[str, Document] = {}
        self.reasons: dict[str, str] = {}
        self.share = True
        self._linking = False
        self._shared: set[object] = set()  # deeds that were done in the other pictures too

    # --- what there is

    @property
    def study(self) -> Study:
        """The study as it is declared now."""
        return self.files.study

    @property
    def samples(self) -> pd.DataFrame:
        """The sample sheet as it is now."""
        return self.files.samples

    def add(self, name: str, document: Document) -> None:
        """Take a picture in that was opened."""
        self.documents[name] = document
        blocks = self.blocks(name)
        document.role = blocks[0].role if blocks else ""

        def stepped(before: State, after: State, how: str) -> None:
            self._follow(name, before, after, how)

        document.stepped.connect(stepped)

    def name_of(self, document: Document) -> str:
        """Name of a picture in the study; empty where it is none of it."""
        return next((name for name, one in self.documents.items() if one is document), "")

    def blocks(self, name: str) -> list[StudyImage]:
        """What the study says of a picture."""
        return [block for block in self.study.image if block.name == name]

    def membrane_of(self, name: str) -> str:
        """Membrane that a picture shows; the first, where it shows several."""
        return next((block.membrane for block in self.blocks(name)), "")

    def on_membrane(self, name: str) -> list[str]:
        """Pictures that share their lanes with a picture, itself among them."""
        for blocks in images_together(self.study.image):
            names = list(dict.fromkeys(block.name for block in blocks))
            if name in names:
                here = [one for one in names if one in self.documents]
                return next(
                    (list(group) for group in sharing_lanes(blocks, here) if name in group), [name]
                )
        return [name]

    def others(self, name: str) -> list[tuple[str, Document]]:
        """The other pictures of a picture's membrane that show lanes of the same kind."""
        mine = self.documents[name]
        return [
            (other, self.documents[other])
            for other in self.on_membrane(name)
            if other != name and self.documents[other].blot.orientation == mine.blot.orientation
        ]

    # --- lanes that are shared

    def _follow(self, name: str, before: State, after: State, how: str) -> None:
        """A picture was edited: make the edit in the others of its membrane."""
        if self._linking:
            return
        deed = after.deed if how != "undo" else before.deed
        turned = before.recipe.image != after.recipe.image
        if how == "commit" and self.share and not turned and before.layout != after.layout:
            self._shared.add(deed)
        with self._linked():
            if before.recipe != after.recipe:
                self._share_settings(name, before.recipe, after.recipe, how, deed)
            if deed in self._shared:
                self._share_lanes(name, before, after, how, deed)
            self._save_membrane(name)
        self.touched.emit()

    def _share_lanes(self, name: str, before: State, after: State, how: str, deed: object) -> None:
        what = after.log[-1].what if how == "commit" else f"{how} an edit"
        for _, other in self.others(name):
            if _travelled(other, how, deed):
                continue
            layout = edit.shared_edit(
                before.layout, after.layout, other.layout, shape=other.blot.shape
            )
            if layout != other.layout:
                other.commit(f"{what} (in {name})", layout, deed=deed)

    def _share_settings(
        self, name: str, before: Recipe, after: Recipe, how: str, deed: object
    ) -> None:
        """Settings are those of the whole study, but for how a picture is read."""
        sections = {
            section: getattr(after, section)
            for section in type(after).model_fields
            if section != "image" and getattr(after, section) != getattr(before, section)
        }
        for other_name, other in self.documents.items():
            if sections and other_name != name and not _travelled(other, how, deed):
                recipe = other.recipe.model_copy(update=sections)
                other.commit(f"change settings (in {name})", recipe=recipe, deed=deed)

    def _save_membrane(self, name: str) -> None:
        """A membrane is saved as a whole: a run would carry lanes to images without a layout."""
        for _, other in self.others(name):
            if other.autosave.path is not None and not is_there(other.autosave.path):
                other.save()

    @contextmanager
    def _linked(self) -> Iterator[None]:
        self._linking = True
        try:
            yield
        finally:
            self._linking = False

    # --- the shift between two images of a membrane

    def reference_of(self, name: str) -> str:
        """Picture that a picture's shift is measured from: the membrane's first, or none."""
        names = [one for one in self.on_membrane(name) if self.documents[one].layout.lanes]
        return names[0] if names and names[0] != name else ""

    def shift_of(self, name: str) -> Transform | None:
        """How a picture lies against its membrane's first; None for that one itself."""
        reference = self.reference_of(name)
        if not reference or not self.documents[name].layout.lanes:
            return None
        return edit.shift_between(self.documents[reference].layout, self.documents[name].layout)

    def set_shift(self, name: str, dcol: float, angle: float) -> None:
        """Move all lanes of one picture to where a shift puts them, in no other picture.

        Raises
        ------
        LayoutError
            If it is the membrane's first picture.
        """
        shift = self.shift_of(name)
        if shift is None:
            raise LayoutError("the membrane's first image has no shift: choose another one")
        document = self.documents[name]
        pivot = (shift.pivot[0] + shift.drow, shift.pivot[1] + shift.dcol)
        change = Transform(0.0, dcol - shift.dcol, angle - shift.angle, pivot)
        layout = edit.with_shift(document.layout, change, shape=document.blot.shape)
        with self._linked():
            document.commit(f"set the shift to {dcol:+.1f} px and {angle:+.2f} degrees", layout)
            self._save_membrane(name)
        self.touched.emit()

    def replace_layouts(
        self, name: str, found: Mapping[str, Layout], what: str, *, keep: bool
    ) -> bool:
        """Take lanes and bands that were found anew, in all pictures of a membrane.

        Parameters
        ----------
        name : str
            Picture that it was asked for; its hand edits are in `found` already.
        found : mapping of str to Layout
            By picture.
        what : str
            For the log.
        keep : bool
            Keep bands of the other pictures that were set by hand, and the names of their rows.

        Returns
        -------
        bool
            False where nothing changed.
        """
        deed = object()
        changed = False
        with self._linked():
            for one, layout in found.items():
                document = self.documents[one]
                merged = layout
                if keep and one != name:
                    removed = document.history.removed_lanes()
                    merged = edit.keep_hand_edits(document.layout, layout, removed)
                changed |= document.commit(what, merged, deed=deed)
        if changed:
            self._shared.add(deed)
            self.touched.emit()
        return changed

    # --- the sample sheet

    def lanes_of(self, membrane: str) -> int:
        """Lanes of a membrane, counted in its pictures or in the sheet, whichever has more."""
        rows = self.samples[self.samples["membrane"] == membrane]
        counts = [int(lane) for lane in rows["lane"].tolist() if isinstance(lane, int)]
        for name, document in self.documents.items():
            panels = {block.panel for block in self.blocks(name) if block.membrane == membrane}
            for panel in panels:
                ids = [one.id for one in document.layout.panels][panel - 1 : panel]
                counts.append(sum(lane.panel_id in ids for lane in document.layout.lanes))
        return max(counts, default=0)

    def set_cells(
        self, membrane: str, lane: int, column: str, cells: Sequence[Sequence[str]]
    ) -> None:
        """Fill cells of the sample sheet and save it.

        Raises
        ------
        BlotquantError
            If they do not fit, hold what their column cannot, or the sheet cannot be written.
        """
        samples = with_lanes(self.samples, membrane, self.lanes_of(membrane))
        self._change(samples=with_cells(samples, membrane, lane, column, cells))

    def paste(self, membrane: str, lane: int, column: str, text: str) -> int:
        """Fill in what was copied from a spreadsheet; gives back how many rows.

        Raises
        ------
        BlotquantError
            As `set_cells`; also where there is no text.
        """
        cells = pasted_cells(text)
        if not cells:
            raise StudyError("there is no text on the clipboard: copy a column first")
        self.set_cells(membrane, lane, column, cells)
        return len(cells)

    def undo_sheet(self) -> None:
        """Take the last change of the sheet or the study file back."""
        self._travel(self.files.undo(), "undone: a change of the sample sheet")

    def redo_sheet(self) -> None:
        """Make it again."""
        self._travel(self.files.redo(), "done again: a change of the sample sheet")

    def _travel(self, done: bool, words: str) -> None:
        self.said.emit(words if done else "there is nothing to undo or do again in the sheet")
        if done:
            self.changed.emit()

    def _change(self, **what: object) -> None:
        try:
            self.files.change(**what)  # type: ignore[arg-type]
        finally:
            self.changed.emit()  # also where the file was read anew

    # --- rows of bands that are targets

    def targets_of(self, name: str) -> list[tuple[StudyImage, str]]:
        """Targets that a picture shows, each with the id of its row; empty: found by itself."""
        document = self.documents[name]
        numbers = row_numbers(document.layout)
        found = []
        for block in self.blocks(name):
            if block.role not in _IN_ROWS:
                continue
            if block.row is not None:
                rows = [row for row, place in numbers.items() if place == (block.panel, block.row)]
            else:
                rows = [
                    row.id
                    for row in document.layout.rows
                    if same_target(row.target, block.target) and numbers[row.id][0] == block.panel
                ]
            found.append((block, rows[0] if len(rows) == 1 else ""))
        return found

    def set_row(self, name: str, block: StudyImage, row_id: str) -> None:
        """Say which row of bands is a target of a picture.

        Where the study file names the row's number, that is changed; else the row gets the
        target's name in the picture's layout, from where a run takes it too.

        Raises
        ------
        BlotquantError
            If there is no such row, or the study file cannot be written.
        """
        document = self.documents[name]
        place = next(k for k, one in enumerate(self.study.image) if one == block)
        if block.row is not None:
            numbers = row_numbers(document.layout)
            if row_id and numbers[row_id][0] != block.panel:
                raise LayoutError(f"{block.target} is looked for on membrane {block.panel} of it")
            number = numbers[row_id][1] if row_id else None
            self._change(text=with_row(self.files.text, self.study, place, number))
            self.said.emit(f"{block.target}: row {number or 'found by itself'} (study.toml)")
            return
        layout = document.layout
        for row in layout.rows:
            if row.id != row_id and same_target(row.target, block.target):
                layout = edit.name_row(layout, row.id, target="")
        if row_id:
            layout = edit.name_row(layout, row_id, target=block.target)
        with self._linked():
            document.commit(f"choose the row of {block.target}", layout)
            self._save_membrane(name)
        self.touched.emit()


def _travelled(document: Document, how: str, deed: object) -> bool:
    """Undo or redo in a picture what the same deed did to it, if that is what comes next."""
    if how == "undo" and document.history.now.deed is deed:
        document.undo()
    elif how == "redo" and document.history.next_deed is deed:
        document.redo()
    else:
        return False
    return True
