"""The widget "Blot quantification": pictures, lanes, bands, results, settings, one status line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import qthrottled

from blotquant import edit
from blotquant.errors import BlotquantError, LayoutError
from blotquant.files import is_folder, is_plain_file
from blotquant.loaders import is_image
from blotquant.model import Layout, Point
from blotquant.pipeline.study import STUDY_FILE
from blotquant.recipe import Recipe

from . import tasks
from .actions import ACTIONS
from .canvas import LAYER_KEY, warm_up
from .document import Document
from .editor import Editor
from .file_dialogs import ask_folder, ask_image, ask_results
from .help_overlay import HelpOverlay
from .image_list import ImageList, PictureKey
from .keys import bindings
from .pages import BandsPage, LanesPage, Page, ResultsPage
from .profile_plot import ProfilePlot
from .settings_form import SettingsForm
from .study_mode import StudyMode
from .top_bar import TopBar
from .traffic import COLOURS, light_of

if TYPE_CHECKING:
    import napari.viewer

__all__ = ["Panel"]

_KEPT_DOCUMENTS = 8
_WIDTH, _WIDTH_OF_STUDY = 330, 410  # so that the titles of all pages are seen
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
        self._work = tasks.WorkSlot()
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
        self.destroyed.connect(_letting_go(self))
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
        self.top = TopBar()
        self.top.acted.connect(self.act)
        body.addWidget(self.top)
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
        self.study = StudyMode(self)
        self.tabs.addTab(_scrolled(self.study.samples), "Samples")
        self.tabs.addTab(_scrolled(self.study.statistics), "Statistics")
        self.settings.edited.connect(self._on_recipe)
        self.settings.said.connect(self.say)
        self.tabs.addTab(_scrolled(self.settings), "Settings")
        self.tabs.setUsesScrollButtons(True)
        self.show_study_pages(False)
        body.addWidget(self.tabs, 1)

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
            "export_study": self.study.ask_export,
            "target_row": self.study.choose_row,
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
        """Open a picture, all pictures of a folder, or the study that lies in it."""
        path = Path(path)
        if path.name == STUDY_FILE or is_plain_file(path / STUDY_FILE):
            try:
                self.study.open(path if is_folder(path) else path.parent)
            except (BlotquantError, OSError) as error:
                self.say(str(error))
            return
        if self.study.is_open and not self.list.has((str(path), part)):
            self.study.close()
            self.list.empty()
        if is_folder(path):
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
        known = self._documents.get(key) or self.study.document_at(key)
        if known is not None:
            self._show(known)
        elif not self.study.is_reading(key):
            self._open_anew(key)

    def _open_anew(self, key: PictureKey) -> None:
        task = tasks.opening(Path(key[0]), key[1], self._recipe())
        self.start_task(task, lambda result: self._opened(key, result))

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

    def adopt(self, key: PictureKey, document: Document) -> None:
        """Take a picture in that was opened elsewhere."""
        self.list.settle(key, document.blot.source.part)
        self._documents[_key_of(document)] = document

    def show_document(self, document: Document) -> None:
        """Show a picture that was taken in."""
        self.list.choose(_key_of(document))
        self._show(document)

    def forget_all(self) -> None:
        """Forget all pictures but the one that is shown until another one is."""
        self._documents.clear()
        if self.document is not None:
            self._let_go(self.document)
            self.document = None

    def show_study_pages(self, shown: bool) -> None:
        """Show or hide what only a study has."""
        for page in (self.study.samples, self.study.statistics):
            self.tabs.setTabVisible(self._place_of(page), shown)
        self.list.setMaximumHeight(170 if shown else 120)
        self.setMinimumWidth(_WIDTH_OF_STUDY if shown else _WIDTH)

    def show_page(self, title: str) -> None:
        """Turn to a page by its title."""
        titles = [self.tabs.tabText(place) for place in range(self.tabs.count())]
        self.tabs.setCurrentIndex(titles.index(title))

    def _place_of(self, page: QWidget) -> int:
        """Number of a page's tab."""
        areas = [self.tabs.widget(place) for place in range(self.tabs.count())]
        return next(place for place, area in enumerate(areas) if area.widget() is page)

    def _let_go(self, document: Document) -> None:
        document.changed.disconnect(self._on_changed)
        document.previewed.disconnect(self._on_preview)
        document.selected.disconnect(self._on_selected)
        document.said.disconnect(self.say)

    def _show(self, document: Document) -> None:
        """Make a document the one that is worked on."""
        old = self.document
        if old is not None and old is not document:
            self._let_go(old)
            if self.study.name_of(old) and self.study.name_of(document):
                document.select(old.selection.lanes)  # lanes of a membrane share their names
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
        self.study.follow(document)
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
            if document is not self.document
            and not document.history.can_undo
            and not self.study.name_of(document)
        ]
        for key in idle[: max(0, len(self._documents) - _KEPT_DOCUMENTS)]:
            del self._documents[key]

    def accept(self) -> None:
        """Keep the lanes as they are and go to the next picture."""
        document = self._need()
        document.accept()
        if not self.list.go_on():
            self.say("Accepted; this was the last image. Export writes the results.")

    def find_again(self) -> None:
        """Find lanes and bands anew; those drawn by hand stay, if so wished."""
        document = self._need()
        if self.study.name_of(document):
            self.study.find_again(document, keep=self.top.keep.isChecked())
            return

        def done(result: Layout | tasks.Failure) -> None:
            if isinstance(result, tasks.Failure):
                self.say(result.message)
                return
            layout = result
            if self.top.keep.isChecked():
                removed = document.history.removed_lanes()
                layout = edit.keep_hand_edits(document.layout, layout, removed)
            words = ", hand edits kept" if self.top.keep.isChecked() else ""
            if not document.commit(f"find lanes and bands anew{words}", layout):
                self.say("found the same lanes and bands again")

        self.start_task(tasks.finding(document.blot, document.recipe), done)

    def export(self, out: Path) -> None:
        """Write what ``blotquant run`` writes into a folder."""
        document = self._need()

        def done(result: Path | tasks.Failure) -> None:
            failed = isinstance(result, tasks.Failure)
            self.say(result.message if failed else f"results written to {result}")

        self.start_task(tasks.exporting(document.path, document.session(), out), done)

    @property
    def busy(self) -> bool:
        """Whether a task is running."""
        return self._work.busy or self.study.is_opening

    def stop(self) -> None:
        """Cancel what is running."""
        stopped = [self._work.stop(), self.study.stop()]
        if any(stopped):
            self.say("stopped")

    def start_task(
        self, task: Any, done: Callable[[Any], None], said: Callable[[Any], None] | None = None
    ) -> None:
        """Run a task; the answer to an older one is not waited for any more."""
        self._work.start(task, said=said or self.say, done=done)

    def let_go(self) -> None:
        """The panel is gone: what is still being worked on has nowhere to be shown."""
        self._work.stop()
        self.editor.close()
        self.study.let_go()

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
        self.list.show_tick(_key_of(document), document.accepted)

    def _on_changed(self) -> None:
        document = self._need()
        self.plot.refresh()
        for page in self.pages:
            page.refresh()
        self.settings.show_recipe(document.recipe)
        self.study.refresh()
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
            self._open_dropped(tag)
        elif isinstance(tag, dict) and not self.editor.canvas.owns(event.value):
            event.value.visible = False  # lanes that a reader brought: ours show them

    def _open_dropped(self, tag: dict[str, Any]) -> None:
        """Open what was dropped; all images of a study are one study, opened once."""
        folder = tag.get("study")
        if not folder:
            self.open(Path(tag["path"]), tag.get("part"))
        elif self.study.session is None or self.study.session.folder != Path(folder):
            self.open(Path(folder))

    def _take_over(self) -> None:
        """Images that were open before the panel."""
        for layer in list(self.viewer.layers):
            tag = layer.metadata.get(LAYER_KEY)
            if isinstance(tag, dict) and tag.get("kind") == "image":
                self._open_dropped(tag)
                continue
            source = getattr(layer.source, "path", None)
            if tag is None and source and is_plain_file(Path(source)) and is_image(source):
                self.open(Path(source))

    # --- files

    def _ask_image(self) -> None:
        if (path := ask_image(self)) is not None:
            self.open(path)

    def _ask_folder(self) -> None:
        if (path := ask_folder(self)) is not None:
            self.open(path)

    def _ask_export(self) -> None:
        document = self._need()
        if self.study.name_of(document):
            self.study.ask_export()
        elif (out := ask_results(self, document.path)) is not None:
            self.export(out)


def _key_of(document: Document) -> PictureKey:
    return str(document.path), document.blot.source.part


def _scrolled(widget: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(widget)
    return area


def _letting_go(panel: Panel) -> Callable[..., None]:
    """What is left to do when the panel is gone; holds it no longer than that."""

    def let_go(*_: object) -> None:
        panel.let_go()

    return let_go
