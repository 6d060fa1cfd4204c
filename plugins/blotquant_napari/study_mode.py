"""Study mode: a folder with a study file is open, and its conclusions follow what is edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from qtpy.QtCore import QTimer

from blotquant.errors import LayoutError

from . import study_tasks, tasks
from .document import Document
from .file_dialogs import ask_results
from .image_list import ImageList, PictureKey
from .pages import Page
from .samples_page import SamplesPage
from .sharing_bar import SharingBar, TargetRows
from .statistics_page import StatisticsPage
from .study_session import StudySession
from .study_tasks import Concluded, Measured, OpenedMembrane, StudyState
from .traffic import COLOURS, light_of_lanes

__all__ = ["Host", "StudyMode"]

_SETTLED_MS = 300  # after the last change


class Host(Protocol):
    """What a study needs of the panel that it is shown in."""

    list: ImageList
    lanes_page: Page
    bands_page: Page
    document: Document | None

    def say(self, words: str) -> None:
        """Show a line in the status line."""

    def act(self, action: str) -> None:
        """Do what a button stands for."""

    def adopt(self, key: PictureKey, document: Document) -> None:
        """Take a picture in that was opened elsewhere."""

    def show_document(self, document: Document) -> None:
        """Show a picture that was taken in."""

    def forget_all(self) -> None:
        """Forget all pictures."""

    def show_study_pages(self, shown: bool) -> None:
        """Show or hide what only a study has."""

    def start_task(self, task: Any, done: Callable[[Any], None]) -> None:
        """Run a task in a thread."""


class StudyMode:
    """What the panel does where a study is open.

    Parameters
    ----------
    panel : Host
        Its list, pages and status line are used.
    """

    def __init__(self, panel: Host) -> None:
        self.panel = panel
        self.session: StudySession | None = None
        self.samples = SamplesPage(panel.say)
        self.statistics = StatisticsPage()
        self.sharing = SharingBar(panel.say)
        self.targets = TargetRows(panel.say)
        panel.lanes_page.body.insertWidget(0, self.sharing)
        panel.bands_page.body.insertWidget(1, self.targets)
        self.statistics.figure_chosen.connect(self._choose_figure)
        self.statistics.acted.connect(panel.act)
        self._figure = "panel"
        self._measured: dict[str, Measured] = {}
        self._work, self._reading = tasks.WorkSlot(), tasks.WorkSlot()
        self._again = False
        self._timer = QTimer(panel.list)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SETTLED_MS)
        self._timer.timeout.connect(self._conclude)

    # --- open and close

    @property
    def is_open(self) -> bool:
        """Whether a study is open."""
        return self.session is not None

    @property
    def is_opening(self) -> bool:
        """Whether images of the study are still being read."""
        return self._reading.busy

    @property
    def settled(self) -> bool:
        """Whether the conclusions are those of what is shown."""
        return not (self.is_opening or self._timer.isActive() or self._work.busy)

    def open(self, folder: Path) -> None:
        """Open a study: its images by membrane, the first as soon as it is read.

        Raises
        ------
        StudyError
            If study file or sample sheet cannot be read.
        """
        session = StudySession(folder)
        self.close()
        self.session = session
        self.samples.model.session = session
        session.share = self.sharing.share.isChecked()
        session.touched.connect(self.schedule)
        session.changed.connect(self._on_study)
        session.said.connect(self.panel.say)
        self._list_images(session)
        self.panel.show_study_pages(True)
        task = study_tasks.opening_study(session.study, folder, None)
        self._reading.start(task, said=self._on_yield, done=self._opened)

    def close(self) -> None:
        """Leave study mode; everything is saved already."""
        self._timer.stop()
        self._work.stop()
        if self.session is not None:
            self.session.touched.disconnect(self.schedule)
            self.session.changed.disconnect(self._on_study)
            self.session.said.disconnect(self.panel.say)
        self._reading.stop()
        self.session, self._measured = None, {}
        self.panel.forget_all()
        self.panel.show_study_pages(False)
        self.follow(None)

    def let_go(self) -> None:
        """The panel is gone: what is still being worked on has nowhere to be shown."""
        self.session = None
        self._work.stop()
        self._reading.stop()

    def stop(self) -> bool:
        """Read no more images; what that leaves out is said with the results."""
        session = self.session
        if session is None or not self._reading.stop():
            return False
        for name in dict.fromkeys(block.name for block in session.study.image):
            if name not in session.documents and name not in session.reasons:
                session.reasons[name] = f"{name}: was not read; open the study again"
        self._opened(None)
        return True

    def _list_images(self, session: StudySession) -> None:
        self.panel.list.empty()
        for membrane in session.study.membranes():
            self.panel.list.add_heading(f"Membrane {membrane}")
            for block in session.study.images_of(membrane):
                what = block.target or block.role.replace("_", " ")
                self.panel.list.add(self._key(session, block.name), f"{what}  ·  {block.name}")

    def _key(self, session: StudySession, name: str) -> PictureKey:
        document = session.documents.get(name)
        if document is not None:
            return str(document.path), document.blot.source.part
        file, _, page = name.partition("#")
        return str(session.folder / file), page or None

    def _on_yield(self, said: str | OpenedMembrane) -> None:
        if isinstance(said, str):
            if said:
                self.panel.say(said)
        elif self.session is not None:
            self._add(self.session, said)

    def _add(self, session: StudySession, opened: OpenedMembrane) -> None:
        """A membrane is read."""
        first = self.panel.document is None
        for name, document in opened.documents.items():
            key = self._key(session, name)
            session.add(name, document)
            self.panel.adopt(key, document)
            self.panel.list.show_tick(key, document.accepted)
        for name, reason in opened.reasons.items():
            session.reasons[name] = reason
            self.panel.list.show_light(self._key(session, name), COLOURS["red"], reason)
        if first and opened.documents:
            self.panel.show_document(next(iter(opened.documents.values())))

    def _opened(self, failure: tasks.Failure | None) -> None:
        """All membranes are read."""
        session = self.session
        if failure is not None:
            self.panel.say(failure.message)
        if session is None:
            return
        self.follow(self.panel.document)
        lost = len(session.reasons)
        words = f"{len(session.documents)} images of {len(session.study.membranes())} membranes"
        more = f"; {lost} could not be read (red in the list)" if lost else ""
        self.panel.say(f"Study open: {words}{more}. Enter accepts an image and goes to the next.")
        self.schedule()

    # --- follow what is shown and edited

    def is_reading(self, key: PictureKey) -> bool:
        """Whether a picture of the study is not read yet, or could not be."""
        if self.session is None:
            return False
        names = {block.name for block in self.session.study.image}
        mine = next((n for n in names if self._key(self.session, n) == key), None)
        if mine is None:
            return False
        reason = self.session.reasons.get(mine)
        self.panel.say(reason or f"{mine} is still being read")
        return True

    def document_at(self, key: PictureKey) -> Document | None:
        """Picture of the study by its file; without a part, the first that was read of it."""
        documents = self.session.documents.values() if self.session is not None else ()
        for document in documents:
            if str(document.path) == key[0] and key[1] in (None, document.blot.source.part):
                return document
        return None

    def name_of(self, document: Document | None) -> str:
        """Name of a picture in the study; empty where it is none of it."""
        if self.session is None or document is None:
            return ""
        return self.session.name_of(document)

    def follow(self, document: Document | None) -> None:
        """Show what the study says of a picture."""
        name = self.name_of(document)
        session = self.session if name else None
        membrane = session.membrane_of(name) if session is not None else ""
        self.samples.show_membrane(session, membrane)
        self.sharing.show_image(session, name)
        self.targets.show_image(session, name)

    def refresh(self) -> None:
        """The picture that is shown was edited."""
        name = self.name_of(self.panel.document)
        if self.session is not None and name:
            self.sharing.show_image(self.session, name)
            self.targets.show_image(self.session, name)
            if self.samples.model.rowCount() != self.session.lanes_of(self.samples.model.membrane):
                self.samples.show_membrane(self.session, self.samples.model.membrane)

    def _on_study(self) -> None:
        """The sheet or the study file changed."""
        self.follow(self.panel.document)
        self.schedule()

    def choose_row(self) -> None:
        """Key T: the chosen band's row is this picture's target; again: its next target.

        Raises
        ------
        LayoutError
            If no band is chosen, or no study is open.
        """
        document = self.panel.document
        name = self.name_of(document)
        if self.session is None or document is None or not name:
            raise LayoutError("targets belong to a study: open a folder with a study.toml")
        if document.selection.band is None:
            raise LayoutError("click a band of the target first, then press T")
        row_id = document.selection.band[1]
        targets = self.session.targets_of(name)
        if not targets:
            raise LayoutError("the study looks for no target in this image")
        here = [place for place, (_, row) in enumerate(targets) if row == row_id]
        place = (here[-1] + 1) % len(targets) if here else self._next_free(targets)
        self.session.set_row(name, targets[place][0], row_id)

    @staticmethod
    def _next_free(targets: list[Any]) -> int:
        return next((place for place, (_, row) in enumerate(targets) if not row), 0)

    # --- conclusions

    def schedule(self) -> None:
        """Conclude anew when nothing has changed for a moment."""
        if self.session is None:
            return
        self.statistics.show_working()
        if not self.is_opening:
            self._timer.start()

    def _choose_figure(self, name: str) -> None:
        self._figure = name
        self.schedule()

    def _conclude(self) -> None:
        session = self.session
        if session is None:
            return
        if self._work.busy:
            self._again = True
            return
        state = StudyState.of(session, dict(self._measured), self._figure)
        self._work.start(
            study_tasks.concluding(state), said=lambda words: None, done=self._concluded
        )

    def _concluded(self, concluded: Concluded | tasks.Failure) -> None:
        if self.session is None:
            return
        if isinstance(concluded, tasks.Failure):
            self.statistics.show_concluded(Concluded({}, reason=concluded.message))
            self.samples.show_problems([concluded.message])
        else:
            self._measured = dict(concluded.measured)
            self._show_lights(self.session, concluded)
            self.samples.show_problems([str(problem) for problem in concluded.problems])
            if not self._again:
                self.statistics.show_concluded(concluded)
        if self._again:
            self._again = False
            self._timer.start()

    def _show_lights(self, session: StudySession, concluded: Concluded) -> None:
        for name, document in session.documents.items():
            measured = concluded.measured.get(name)
            lanes = measured[1].measurements if measured is not None else {}
            light, why = light_of_lanes(document, lanes)
            self.panel.list.show_light(self._key(session, name), COLOURS[light], why)
            self.panel.list.show_tick(self._key(session, name), document.accepted)

    # --- long work

    def find_again(self, document: Document, *, keep: bool) -> None:
        """Find lanes and bands of the whole membrane anew."""
        session, name = self.session, self.name_of(document)
        if session is None:
            return
        names = session.on_membrane(name)

        def done(found: dict[str, Any] | tasks.Failure) -> None:
            if isinstance(found, tasks.Failure):
                self.panel.say(found.message)
                return
            words = "find lanes and bands anew" + (", hand edits kept" if keep else "")
            if not session.replace_layouts(name, found, words, keep=keep):
                self.panel.say("found the same lanes and bands again")

        task = study_tasks.finding_membrane(name, names, dict(session.documents), keep=keep)
        self.panel.start_task(task, done)

    def ask_export(self) -> None:
        """Ask for a folder, and write the study's results into it."""
        if self.session is None:
            return
        if (out := ask_results(self.panel.list, self.session.folder)) is not None:
            self.export(out)

    def export(self, out: Path) -> None:
        """Write what ``blotquant run`` writes of the study."""
        session = self.session
        if session is None:
            return
        sessions = {
            name: document.session()
            for name, document in session.documents.items()
            if document.layout.lanes
        }

        def done(result: Path | tasks.Failure) -> None:
            failed = isinstance(result, tasks.Failure)
            self.panel.say(result.message if failed else f"results written to {result}")

        self.panel.start_task(study_tasks.exporting_study(session.folder, sessions, out), done)
