"""The widget "Blot quantification": pictures, lanes, bands, results, settings, one status line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import qthrottled

from blotquant import edit
from blotquant.errors import BlotquantError, LayoutError
from blotquant.loaders import is_image
from blotquant.model import Layout, Point
from blotquant.recipe import Recipe

from . import tasks
from .actions import ACTIONS
from .canvas import LAYER_KEY, warm_up
from .document import Document
from .editor import Editor
from .help_overlay import HelpOverlay
from .image_list import ImageList, PictureKey
from .keys import bindings
from .pages import BandsPage, LanesPage, Page, ResultsPage
from .profile_plot import ProfilePlot
from .settings_form import SettingsForm
from .traffic import COLOURS, light_of

if TYPE_CHECKING:
    import napari.viewer

__all__ = ["Panel"]

_KEPT_DOCUMENTS = 8
_HELLO = "Open a blot: drop an image or a folder, or press Open."
_LANES = "Drag a lane to move it, its edge for its width, its points to bend it. ? lists all keys."


class Panel(QWidget):
    """All of blotquant in one panel.

    Parameters
    ----------
    napari_viewer : napari.Viewer
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.setObjectName("blotquant panel")
        self.viewer = napari_viewer
        self.document: Document | None = None
        self._documents: dict[PictureKey, Document] = {}
        self._worker: Any = None
        self._busy = False
        self.editor = Editor(napari_viewer, self.act, self.say)
        self.plot = ProfilePlot()
        self.plot.key_pressed.connect(self._key_in_plot)
        self._help: HelpOverlay | None = None
        self._build()
        self._live = qthrottled(self._refresh_numbers, timeout=100)
        for key in ("?", "Shift+?"):  # a key of its own, or made with Shift
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.setContext(Qt.ShortcutContext.ApplicationShortcut)
            for pressed in (shortcut.activated, shortcut.activatedAmbiguously):
                pressed.connect(lambda: self.act("help"))
        self.viewer.window.add_dock_widget(self.plot, name="Profile", area="bottom")
        self.viewer.layers.events.inserted.connect(self._on_layer)
        self.destroyed.connect(_letting_go(self.editor, self.viewer, self._on_layer))
        warm_up()
        self.say(_HELLO)
        self._take_over()

    # --- what it is made of

    def _build(self) -> None:
        body = QVBoxLayout(self)
        body.setContentsMargins(6, 6, 6, 6)
        self.status = QLabel()
        self.status.setObjectName("blotquant status")
        self.status.setWordWrap(True)
        self.status.setMinimumHeight(3 * self.status.fontMetrics().lineSpacing() + 4)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        body.addWidget(self.status)
        body.addLayout(self._top_buttons())
        self.list = ImageList()
        self.list.chosen.connect(self._open)
        body.addWidget(self.list)
        self.tabs = QTabWidget()
        self.lanes_page, self.bands_page = LanesPage(), BandsPage()
        self.results_page, self.settings = ResultsPage(), SettingsForm()
        self.pages: tuple[Page, ...] = (self.lanes_page, self.bands_page, self.results_page)
        for page, title in zip(self.pages, ("Lanes", "Bands", "Results"), strict=True):
            page.acted.connect(self.act)
            self.tabs.addTab(_scrolled(page), title)
        self.settings.edited.connect(self._on_recipe)
        self.settings.said.connect(self.say)
        self.tabs.addTab(_scrolled(self.settings), "Settings")
        body.addWidget(self.tabs, 1)
        self.setMinimumWidth(330)

    def _top_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(3)
        entries = (
            ("Open…", "open", "Open an image"),
            ("Folder…", "open_folder", "Open all images of a folder"),
            ("Undo", "undo", "Ctrl+Z"),
            ("Redo", "redo", "Ctrl+Shift+Z"),
            ("Find again", "find", "Find lanes and bands anew, with the settings as they are"),
            ("Stop", "stop", "Stop what is running"),
            ("Next", "next", "Accept this image and go to the next (Enter)"),
            ("?", "help", "Keys and gestures"),
        )
        self.buttons: dict[str, QPushButton] = {}
        for index, (words, action, tip) in enumerate(entries):
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, action=action: self.act(action))
            grid.addWidget(button, index // 4, index % 4)
            self.buttons[action] = button
        self.keep = QCheckBox("keep my lanes when finding again")
        self.keep.setChecked(True)
        self.keep.setToolTip("Lanes and bands that you drew or moved stay as they are")
        grid.addWidget(self.keep, 2, 0, 1, 4)
        return grid

    # --- acting

    def say(self, words: str) -> None:
        """Show a line in the status line."""
        self.status.setText(" ".join(words.split()))

    def act(self, action: str, place: Point | None = None) -> None:
        """Do what a key or button stands for; what is refused is said in the status line."""
        own: dict[str, Callable[[], None]] = {
            "open": self._ask_image,
            "open_folder": self._ask_folder,
            "help": self._toggle_help,
            "stop": self.stop,
            "next": self.accept,
            "find": self.find_again,
            "export": self._ask_export,
            "turn_left": lambda: self._turn("left"),
            "turn_right": lambda: self._turn("right"),
            "mirror": lambda: self._turn("mirror"),
            "row_up": lambda: self._move_row(-1.0),
            "row_down": lambda: self._move_row(1.0),
        }
        try:
            if action in own:
                own[action]()
            elif self.document is None:
                self.say(_HELLO)
            else:
                ACTIONS[action](self.document, place)
        except BlotquantError as error:
            self.say(str(error))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys mean the same wherever the focus is."""
        if not self._key(event, None):
            super().keyPressEvent(event)

    def _key_in_plot(self, event: QKeyEvent) -> None:
        self._key(event, self.plot.place())

    def _key(self, event: QKeyEvent, place: Point | None) -> bool:
        pressed = QKeySequence(event.keyCombination())
        for key, action in bindings():
            names = (key, "Return") if key == "Enter" else (key,)
            for name in names:
                qt_name = name.replace("Control-", "Ctrl+").replace("Shift-", "Shift+")
                if QKeySequence(qt_name) == pressed:
                    self.act(action, place)
                    event.accept()
                    return True
        return False

    def _turn(self, turn: Any) -> None:
        self._need().turn(turn)

    def _move_row(self, drow: float) -> None:
        document = self._need()
        if document.selection.band is None:
            raise LayoutError("choose a band of the row first")
        row_id = document.selection.band[1]
        document.commit("move a row of bands", edit.move_row(document.layout, row_id, drow))

    def _need(self) -> Document:
        if self.document is None:
            raise LayoutError(_HELLO)
        return self.document

    def _toggle_help(self) -> None:
        if self._help is None:
            self._help = HelpOverlay(self.window())
        self._help.toggle()

    # --- pictures

    def open(self, path: Path, part: str | None = None) -> None:
        """Open a picture, or all pictures of a folder."""
        path = Path(path)
        if path.is_dir():
            files = sorted(file for file in path.iterdir() if is_image(file))
            if not files:
                self.say(f"{path.name}: there are no images in this folder")
                return
            for file in files:
                self.list.add((str(file), None))
            self.list.choose((str(files[0]), None))
            return
        self.list.add((str(path), part))
        self._open((str(path), part))

    def _open(self, key: PictureKey) -> None:
        if key in self._documents:
            self._show(self._documents[key])
            return
        task = tasks.opening(Path(key[0]), key[1], self._recipe())
        self._start(task, lambda result: self._opened(key, result))

    def _opened(self, key: PictureKey, result: Document | tasks.Failure) -> None:
        if isinstance(result, tasks.Failure):
            self.say(result.message)
            self.list.show_light(key, COLOURS["red"], result.message)
            return
        self.list.settle(key, result.blot.source.part)
        for part in result.parts:
            self.list.add((key[0], part))
        self._documents[key[0], result.blot.source.part] = result
        self._show(result)

    def _show(self, document: Document) -> None:
        """Make a document the one that is worked on."""
        old = self.document
        if old is not None and old is not document:
            old.changed.disconnect(self._on_changed)
            old.previewed.disconnect(self._on_preview)
            old.selected.disconnect(self._on_selected)
            old.said.disconnect(self.say)
        self.document = document
        if old is not document:
            document.changed.connect(self._on_changed)
            document.previewed.connect(self._on_preview)
            document.selected.connect(self._on_selected)
            document.said.connect(self.say)
        self.editor.show(document)
        self.plot.show_document(document)
        for page in self.pages:
            page.show_document(document)
        self.settings.show_recipe(document.recipe)
        self.list.mark_current(_key_of(document))
        self._light(document)
        count, bands = len(document.layout.lanes), len(document.layout.bands)
        found = f"{count} lanes, {bands} bands." if count else "No lanes found: draw them with A."
        self.say(document.note or f"{found} {_LANES}")
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        """Pictures without edits are opened again when they are wanted: memory stays flat."""
        idle = [
            key
            for key, document in self._documents.items()
            if document is not self.document and not document.history.can_undo
        ]
        for key in idle[: max(0, len(self._documents) - _KEPT_DOCUMENTS)]:
            del self._documents[key]

    def accept(self) -> None:
        """Keep the lanes as they are and go to the next picture."""
        document = self._need()
        document.save()
        if not self.list.accept():
            self.say("Accepted; this was the last image. Export writes the results.")

    def find_again(self) -> None:
        """Find lanes and bands anew; those drawn by hand stay, if so wished."""
        document = self._need()

        def done(result: Layout | tasks.Failure) -> None:
            if isinstance(result, tasks.Failure):
                self.say(result.message)
                return
            layout = result
            if self.keep.isChecked():
                removed = document.history.removed_lanes()
                layout = edit.keep_hand_edits(document.layout, layout, removed)
            words = ", hand edits kept" if self.keep.isChecked() else ""
            if not document.commit(f"find lanes and bands anew{words}", layout):
                self.say("found the same lanes and bands again")

        self._start(tasks.finding(document.blot, document.recipe), done)

    def export(self, out: Path) -> None:
        """Write what ``blotquant run`` writes into a folder."""
        document = self._need()

        def done(result: Path | tasks.Failure) -> None:
            failed = isinstance(result, tasks.Failure)
            self.say(result.message if failed else f"results written to {result}")

        self._start(tasks.exporting(document.path, document.session(), out), done)

    @property
    def busy(self) -> bool:
        """Whether a task is running."""
        return self._busy

    def stop(self) -> None:
        """Cancel what is running."""
        if self._worker is not None and self._busy:
            self._worker.quit()
            self._worker = None
            self._busy = False
            self.say("stopped")

    def _start(self, task: Any, done: Callable[[Any], None]) -> None:
        """Run a task; the answer to an older one is not waited for any more."""
        if self._worker is not None and self._busy:
            self._worker.quit()
        self._busy = True

        def finished(result: Any) -> None:
            if self._worker is worker:
                self._worker = None
                self._busy = False
                done(result)

        self._worker = worker = tasks.start(task, said=self.say, done=finished)

    def _recipe(self) -> Recipe | None:
        """Settings for a picture without a sidecar: those of the last one, not turned."""
        if self.document is None:
            return None
        recipe = self.document.recipe
        image = recipe.image.model_copy(update={"orientation": "0"})
        return recipe.model_copy(update={"image": image})

    # --- following the document

    def _light(self, document: Document) -> None:
        light, why = light_of(document)
        self.list.show_light(_key_of(document), COLOURS[light], why)

    def _on_changed(self) -> None:
        document = self._need()
        self.plot.refresh()
        for page in self.pages:
            page.refresh()
        self.settings.show_recipe(document.recipe)
        self._light(document)

    def _on_preview(self) -> None:
        self.plot.refresh()
        self._live()

    def _refresh_numbers(self) -> None:
        if self.document is not None and self.tabs.currentWidget() is not None:
            page = self.pages[self.tabs.currentIndex()] if self.tabs.currentIndex() < 3 else None
            if page is not None:
                for table in page._tables:
                    table.refresh()

    def _on_selected(self) -> None:
        self.plot.refresh()
        for page in self.pages:
            page.follow()

    def _on_recipe(self, recipe: Recipe) -> None:
        if self.document is None:
            return
        try:
            self.document.set_recipe(recipe)
        except BlotquantError as error:
            self.say(str(error))
            self.settings.show_recipe(self.document.recipe)

    def _on_layer(self, event: Any) -> None:
        """An image was dropped on the viewer, and our reader read it."""
        tag = event.value.metadata.get(LAYER_KEY)
        if isinstance(tag, dict) and tag.get("kind") == "image":
            self.open(Path(tag["path"]), tag.get("part"))
        elif isinstance(tag, dict) and not self.editor.canvas.owns(event.value):
            event.value.visible = False  # lanes that a reader brought: ours show them

    def _take_over(self) -> None:
        """Images that were open before the panel."""
        for layer in list(self.viewer.layers):
            tag = layer.metadata.get(LAYER_KEY)
            if isinstance(tag, dict) and tag.get("kind") == "image":
                self.open(Path(tag["path"]), tag.get("part"))
                continue
            source = getattr(layer.source, "path", None)
            if tag is None and source and Path(source).is_file() and is_image(source):
                self.open(Path(source))

    # --- files

    def _ask_image(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Open a blot")
        if name:
            self.open(Path(name))

    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, "Open a folder of blots")
        if name:
            self.open(Path(name))

    def _ask_export(self) -> None:
        document = self._need()
        name = QFileDialog.getExistingDirectory(
            self, "Folder of the results", str(document.path.parent)
        )
        if name:
            self.export(Path(name) / f"{document.path.stem}-results")


def _key_of(document: Document) -> PictureKey:
    return str(document.path), document.blot.source.part


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(widget)
    return area


def _letting_go(editor: Editor, viewer: Any, on_layer: Callable[..., None]) -> Callable[..., None]:
    """What is left to do when the panel is gone; holds the panel no longer than that."""

    def let_go(*_: object) -> None:
        editor.close()

    return let_go
