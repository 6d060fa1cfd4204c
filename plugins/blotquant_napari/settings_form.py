"""Settings as widgets, made from the recipe's fields; their tooltips are its descriptions."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from qtpy.QtCore import Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from blotquant import registry
from blotquant.errors import BlotquantError
from blotquant.files import write_atomically
from blotquant.recipe import Recipe

__all__ = ["SettingsForm"]

_REGISTERED = {("background", "method"): "backgrounds", ("normalization", "method"): "normalizers"}


class SettingsForm(QWidget):
    """All fields of a recipe.

    A change is checked by the recipe itself; what it refuses is said, and the field goes back.
    """

    edited = Signal(object)  # Recipe
    said = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._recipe = Recipe()
        self._fields: dict[tuple[str, str], QWidget] = {}
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        for section, info in Recipe.model_fields.items():
            layout.addWidget(self._section(section, info.annotation))
        buttons = QHBoxLayout()
        for words, slot in (("Load recipe…", self._load), ("Save recipe…", self._save)):
            button = QPushButton(words)
            button.clicked.connect(slot)
            buttons.addWidget(button)
        layout.addLayout(buttons)
        layout.addStretch(1)

    def field(self, section: str, key: str) -> QWidget:
        """The widget of one setting."""
        return self._fields[section, key]

    def show_recipe(self, recipe: Recipe) -> None:
        """Show these settings."""
        self._recipe = recipe
        for (section, key), widget in self._fields.items():
            text = _text(getattr(getattr(recipe, section), key))
            widget.blockSignals(True)
            if isinstance(widget, QComboBox):
                widget.setCurrentText(text)
            elif isinstance(widget, QLineEdit):
                widget.setText(text)
            widget.blockSignals(False)

    def _section(self, section: str, model: Any) -> QGroupBox:
        box = QGroupBox(section.capitalize())
        form = QFormLayout(box)
        form.setContentsMargins(6, 4, 6, 4)
        form.setVerticalSpacing(3)
        for key, info in model.model_fields.items():
            extra = info.json_schema_extra or {}
            unit = f" [{extra['unit']}]" if extra.get("unit") else ""
            widget = self._widget(section, key, info.annotation)
            widget.setToolTip(f"{info.description}{unit}")
            widget.setObjectName(f"{section}.{key}")
            form.addRow(key.replace("_", " ") + unit, widget)
            self._fields[section, key] = widget
        return box

    def _widget(self, section: str, key: str, kind: Any) -> QWidget:
        choices: tuple[str, ...] = ()
        if (section, key) in _REGISTERED:
            choices = registry.names(_REGISTERED[section, key])  # type: ignore[arg-type]
        elif get_origin(kind) is Literal:
            choices = get_args(kind)
        if choices:
            combo = QComboBox()
            combo.addItems(list(choices))
            combo.setMinimumContentsLength(8)
            combo.currentTextChanged.connect(lambda text: self._edit(section, key, text))
            return combo
        line = _Line()
        line.setPlaceholderText("auto")
        line.editingFinished.connect(lambda: self._edit(section, key, line.text()))
        return line

    def _edit(self, section: str, key: str, text: str) -> None:
        old = getattr(getattr(self._recipe, section), key)
        if text == _text(old):
            return
        tree = self._recipe.model_dump()
        tree[section][key] = _value(text, Recipe.model_fields[section].annotation, key)
        try:
            recipe = Recipe.parse(tree, "settings")
        except BlotquantError as error:
            self.said.emit(str(error))
            self.show_recipe(self._recipe)
            return
        self._recipe = recipe
        self.edited.emit(recipe)

    def _load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Load recipe", "", "Recipes (*.toml)")
        if name:
            self.load(Path(name))

    def load(self, path: Path) -> None:
        """Take the settings from a recipe file."""
        try:
            recipe = Recipe.from_toml(path)
        except BlotquantError as error:
            self.said.emit(str(error))
            return
        self.show_recipe(recipe)
        self.edited.emit(recipe)

    def _save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, "Save recipe", "recipe.toml", "Recipes (*.toml)"
        )
        if name:
            self.save(Path(name))

    def save(self, path: Path) -> None:
        """Write the settings as a recipe file."""
        try:
            write_atomically(path, self._recipe.to_toml().encode("utf-8"))
        except BlotquantError as error:
            self.said.emit(str(error))
        else:
            self.said.emit(f"recipe written: {path.name}")


class _Line(QLineEdit):
    """A line whose Enter ends the edit and means nothing more to the panel around it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Type."""
        super().keyPressEvent(event)
        event.accept()


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _value(text: str, model: Any, key: str) -> Any:
    """Text as the field takes it; the recipe checks it and says what is wrong."""
    kind = model.model_fields[key].annotation
    text = text.strip()
    if get_origin(kind) is tuple:
        return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]
    return None if text == "" else text
