"""Which files a batch is about, where its results go, and with which settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from napari_celltrack.batch.folder_contents import PatternOffer, Place
from napari_celltrack.gui.file_recipe import recipe_for_files
from napari_celltrack.gui.forms.rows import quiet_button
from napari_celltrack.gui.forms.wheel import no_accident
from napari_celltrack.gui.session import Session
from napari_celltrack.gui.single_shot import single_shot
from napari_celltrack.gui.theme import ROW_GAP_PX, set_role, set_state
from napari_celltrack.recipe import Recipe
from napari_celltrack.text import plural

#: Paths are long, so the column of labels is narrower than where labels are sentences.
_LABEL_PX = 56
#: How long nothing must be typed before it counts, in ms.
_REST_MS = 250
_RECIPE_FILES = "Recipe (*.yaml *.yml)"
_AS_TUNED, _FROM_FILE = "as tuned in this window", "from a file…"
#: Name of the folder of results, unless the user says otherwise.
_RESULTS = "results"


class BatchInputs(QWidget):
    """Edits the place of a batch, and chooses where its recipe comes from.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: Folder, pattern or results were changed; a :class:`Place` or None.
    placeChanged = Signal(object)
    #: The settings in this window are meant.
    tunedChosen = Signal()
    #: A file of settings was chosen.
    fileChosen = Signal(str)
    #: Why what is entered cannot be used; empty when it can.
    refused = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{prefix}_inputs")
        #: Where a dialog begins when there is no folder yet.
        self.begin_at = ""
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setVerticalSpacing(ROW_GAP_PX)
        self._rows.setHorizontalSpacing(6)
        self._rows.setColumnMinimumWidth(0, _LABEL_PX)
        self._rows.setColumnStretch(1, 1)
        self._folder = self._line(f"{prefix}_folder", "The folder with the images.")
        self._folder.setPlaceholderText("choose a folder of images")
        self._files = self._line(
            f"{prefix}_pattern",
            "Which files: *.tif for some; {condition}_w{well}_*.tif to read conditions from the "
            "names; {channel} and {t} where the channels or time points of one movie are files of "
            "their own. Empty for all images.",
        )
        self._files.setPlaceholderText("all images")
        self._results = self._line(
            f"{prefix}_results", "Where the results go: a folder for each file, and a summary."
        )
        self._recipe = QComboBox()
        self._recipe.setObjectName(f"{prefix}_recipe_from")
        self._recipe.setToolTip("With which settings: those of the other docks, or a saved recipe.")
        self._recipe.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._recipe.addItem(_AS_TUNED)
        self._recipe.addItem(_FROM_FILE)
        no_accident(self._recipe)
        self._add("Folder", self._folder, f"{prefix}_choose_folder", self._choose_folder)
        self._add("Files", self._files)
        self._offered = OfferRow(prefix)
        self._offered.chosen.connect(self._files.setText)
        self._rows.addWidget(self._offered, self._rows.rowCount(), 1)
        self._add("Results", self._results, f"{prefix}_choose_results", self._choose_results)
        self._add("Recipe", self._recipe)
        self._rest = single_shot(self, _REST_MS, self._tell)
        self._own_results = False
        self._folder.textChanged.connect(self._on_folder)
        self._files.textChanged.connect(self._on_files)
        self._results.textChanged.connect(lambda _: self._rest.start())
        self._results.textEdited.connect(self._on_results)
        self._recipe.activated.connect(self._on_recipe)

    def place(self) -> Place | None:
        """Return what is entered, or None without a folder."""
        folder, results = self._folder.text().strip(), self._results.text().strip()
        if not folder:
            return None
        home = Path(folder).expanduser()
        out = Path(results).expanduser() if results else home / _RESULTS
        return Place(home, self._files.text().strip(), out)

    def offer(self, offer: PatternOffer | None) -> None:
        """Offer a pattern that puts files together to movies, or none."""
        self._offered.set_offer(offer)

    def set_recipe_file(self, path: str | None) -> None:
        """Show which file the settings are from; None for those of this window."""
        while self._recipe.count() > 2:
            self._recipe.removeItem(1)
        if path is not None:
            self._recipe.insertItem(1, Path(path).name, path)
        self._recipe.setCurrentIndex(0 if path is None else 1)

    def set_problem(self, is_wrong: bool) -> None:
        """Mark folder and files as wrong, or as right."""
        for line in (self._folder, self._files):
            set_state(line, "wrong", is_wrong)

    # Laying out

    def _line(self, name: str, tooltip: str) -> QLineEdit:
        line = QLineEdit()
        line.setObjectName(name)
        line.setToolTip(tooltip)
        return line

    def _add(
        self, title: str, widget: QWidget, name: str = "", choose: Callable[[], None] | None = None
    ) -> None:
        row = self._rows.rowCount()
        label = QLabel(title)
        label.setBuddy(widget)
        widget.setAccessibleName(title)
        self._rows.addWidget(label, row, 0)
        if choose is None:
            self._rows.addWidget(widget, row, 1)
            return
        button = quiet_button("…", name, f"Choose: {widget.toolTip()}")
        button.clicked.connect(lambda _checked: choose())
        pair = QHBoxLayout()
        pair.setSpacing(2)
        pair.addWidget(widget, 1)
        pair.addWidget(button)
        self._rows.addLayout(pair, row, 1)

    # From the user

    def _on_files(self, text: str) -> None:
        if text.strip():
            self.offer(None)
        self._rest.start()

    def _on_folder(self, text: str) -> None:
        if not self._own_results:
            folder = text.strip().rstrip("/")
            self._results.setText(f"{folder}/{_RESULTS}" if folder else "")
        self._rest.start()

    def _on_results(self, text: str) -> None:
        self._own_results = bool(text.strip())

    def _on_recipe(self, index: int) -> None:
        if self._recipe.itemText(index) == _FROM_FILE:
            path, _ = QFileDialog.getOpenFileName(self, "Recipe", self._start(), _RECIPE_FILES)
            if path:
                self.fileChosen.emit(path)
            else:
                self._recipe.setCurrentIndex(1 if self._recipe.count() > 2 else 0)
        elif index == 0:
            self.set_recipe_file(None)
            self.tunedChosen.emit()

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder of images", self._start())
        if path:
            self._folder.setText(_with_tilde(Path(path)))

    def _choose_results(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Folder for results", self._start())
        if path:
            self._own_results = True
            self._results.setText(_with_tilde(Path(path)))

    def _start(self) -> str:
        place = self.place()
        return str(place.folder) if place else self.begin_at

    def _tell(self) -> None:
        self.placeChanged.emit(self.place())


class OfferRow(QWidget):
    """Says that several files look like one movie, with a button that puts them together.

    Parameters
    ----------
    prefix : str
        Beginning of the object names.
    """

    #: The pattern that was offered is wanted.
    chosen = Signal(str)

    def __init__(self, prefix: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pattern = ""
        self._words = QLabel()
        self._words.setObjectName(f"{prefix}_offer")
        set_role(self._words, "hint")
        button = QPushButton("Put together")
        button.setObjectName(f"{prefix}_put_together")
        button.clicked.connect(lambda _checked: self.chosen.emit(self._pattern))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._words, 1)
        row.addWidget(button)
        self.set_offer(None)

    def set_offer(self, offer: PatternOffer | None) -> None:
        """Show an offer, or nothing."""
        self.setVisible(offer is not None)
        if offer is None:
            return
        self._pattern = offer.pattern
        movies = plural(offer.n_movies, "movie")
        self._words.setText(f"{offer.n_files:,} files look like {offer.n_movies:,} {movies}.")
        self.setToolTip(f"By their names, which fit {offer.pattern}")


class BatchRecipe:
    """Chooses between the settings that the docks share and those of a file.

    Parameters
    ----------
    session : Session
        Of the window.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of_file: Recipe | None = None
        self._stand_in: tuple[Recipe, Recipe] | None = None

    def value(self) -> Recipe:
        """Return the settings that a run begins with now."""
        if self._of_file is not None:
            return self._of_file
        if self._stand_in is not None and self._stand_in[0] == self._session.recipe:
            return self._stand_in[1]
        return recipe_for_files(self._session)

    def use_window(self) -> None:
        """Take the settings of the docks, as they are when a run begins."""
        self._of_file = None

    def use_file(self, path: str) -> None:
        """Take the settings of a file.

        Raises
        ------
        RecipeError
            If it cannot be read, or is no recipe; then those of the docks are taken.
        """
        self._of_file = None
        self._of_file = Recipe.load(path)

    def set_export(self, export: tuple[Any, ...]) -> None:
        """Change which files a run writes, in whatever settings are used."""
        if self._of_file is not None:
            self._of_file = self._of_file.replace(export=export)
            return
        self._stand_in = None
        self._session.update(export=export)

    def keep(self, recipe: Recipe) -> None:
        """Go on with a recipe as long as the docks show what they show now.

        Opening a result changes the settings of the docks, but not what the batch is to run.
        """
        self._stand_in = (self._session.recipe, recipe)


def _with_tilde(path: Path) -> str:
    """Return a path with the home folder as ``~``, which leaves room for what differs."""
    home = Path.home()
    return f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
