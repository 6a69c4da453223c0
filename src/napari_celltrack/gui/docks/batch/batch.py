"""The dock *Batch*, which answers: can I do that to all of them."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QVBoxLayout
from typing_extensions import override

from napari_celltrack.batch import Item
from napari_celltrack.batch.earlier import Earlier
from napari_celltrack.batch.file_lines import FileLine
from napari_celltrack.batch.folder_contents import (
    FolderContents,
    Place,
    find_files,
    find_offer,
)
from napari_celltrack.batch.plan import Plan
from napari_celltrack.batch.progress import BatchProgress, News
from napari_celltrack.errors import CelltrackError
from napari_celltrack.gui.docks.batch.batch_inputs import BatchInputs, BatchRecipe
from napari_celltrack.gui.docks.batch.batch_job import (
    BatchJob,
    FileOpener,
    LookAhead,
    begin_run,
)
from napari_celltrack.gui.docks.batch.batch_options import BatchOptions
from napari_celltrack.gui.docks.batch.contact_sheet import ContactSheet
from napari_celltrack.gui.docks.batch.file_table import FileTable, ProgressRows
from napari_celltrack.gui.docks.batch.plan_box import PlanBox, StartRow
from napari_celltrack.gui.docks.dock import Dock, Said
from napari_celltrack.gui.forms.rows import heading
from napari_celltrack.gui.lane import Lane, one_result
from napari_celltrack.gui.theme import set_state
from napari_celltrack.recipe import Recipe
from napari_celltrack.results.run_folder import RunFolder
from napari_celltrack.text import plural

if TYPE_CHECKING:
    import napari

_KEPT = "Stopping keeps what is finished; starting again does only the rest."
_STOPPING = "Stopping after the frame in work. What is finished is kept."
_STOPPED = "Stopped; what is finished is kept."
_NO_FOLDER = "Choose the folder with your images; the settings are those of the other docks."
#: How long settings must stay as they are before what they take is computed anew, in ms.
_PLAN_REST_MS = 500


class Batch(Dock):
    """Run the settings of the other docks, or of a file, on all files of a folder.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer this dock belongs to.
    """

    prefix = "batch"

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        self._contents: FolderContents | None = None
        self._earlier: Earlier | None = None
        self._progress_of: BatchProgress | None = None
        self._results: Path | None = None
        self._overrides_file: Path | None = None
        self._planned: Plan | None = None
        #: What is said where there is nothing else to say.
        self._at_rest = _KEPT
        #: What the sheet of tried files is about.
        self._tried: Hashable = None
        super().__init__(napari_viewer)

    # Laying out

    @override
    def fill(self, column: QVBoxLayout) -> None:
        self._live.setVisible(False)
        self._recipe = BatchRecipe(self.session)
        self._inputs = BatchInputs(self.prefix)
        self._options = BatchOptions(self.prefix)
        column.addWidget(self._inputs)
        column.addWidget(self._options)
        self._plan = PlanBox(self.prefix)
        column.addWidget(heading("What it will take", self._plan.room))
        column.addWidget(self._plan)
        self._start = StartRow(self.prefix)
        column.addWidget(self._start)
        self._table = FileTable(self.prefix)
        column.addWidget(self._table, 1)
        self._below = ProgressRows(self.prefix)
        column.addWidget(self._below)
        self._job = BatchJob(self)
        self._sheet: ContactSheet | None = None
        self._opening = FileOpener(self, self.recipe)
        self._ahead = LookAhead(self)
        self._lanes = {name: Lane(f"celltrack batch {name}", self) for name in ("files", "names")}
        self._plan_rest = self.timer(_PLAN_REST_MS, self._look_ahead)
        self._connect_parts()
        self._show_running()

    def _connect_parts(self) -> None:
        self._inputs.placeChanged.connect(self._look_for_files)
        self._inputs.tunedChosen.connect(self._use_tuned)
        self._inputs.fileChosen.connect(self._use_file)
        self._options.exportChanged.connect(self._take_export)
        self._options.optionsChanged.connect(lambda _: self._plan_rest.start())
        self._options.overridesChosen.connect(self._take_overrides)
        self._start.tryAsked.connect(self._try_few)
        self._start.startAsked.connect(self._begin)
        self._below.stopAsked.connect(self._halt)
        self._table.opened.connect(self._open_line)
        self._table.chosen.connect(self._tell_more)
        self.take_refusals(self._inputs.refused)
        self._ahead.outdated.connect(self._forget_outlook)
        self._ahead.planned.connect(self._take_plan)
        self._ahead.foundEarlier.connect(self._take_earlier)
        self._ahead.refused.connect(self._refuse_plan)
        self._ahead.failed.connect(self.fail)
        self._job.told.connect(self._on_news)
        self._job.ended.connect(self._on_end)

    # Which settings

    def recipe(self) -> Recipe:
        """Return the settings that a run begins with now."""
        return self._recipe.value()

    def _use_tuned(self) -> None:
        self._recipe.use_window()
        self.refresh()

    def _use_file(self, path: str) -> None:
        try:
            self._recipe.use_file(path)
        except CelltrackError as error:
            self._inputs.set_recipe_file(None)
            self.refresh()
            self.fail(error)
            return
        self._inputs.set_recipe_file(path)
        self.refresh()

    def _take_export(self, export: tuple[Any, ...]) -> None:
        self._recipe.set_export(export)
        self.refresh()

    @override
    def refresh(self) -> None:
        self._options.set_export(self.recipe().export)
        layer = self.session.layer
        path = layer.source.path if layer is not None else None
        self._inputs.begin_at = str(Path(path).parent) if path else ""
        if self._contents is None and self._inputs.place() is None:
            self.figure("–", "files")
        self._show_sheet()
        self._show_progress()
        self._plan_rest.start()

    @override
    def about(self) -> Hashable:
        # The slider of the window has nothing to do with the files.
        return self._inputs.place(), self.recipe()

    @override
    def in_words(self) -> Said:
        contents = self._contents
        if self._job.running:
            return Said(_STOPPING if self._job.stopping else _KEPT)
        if contents is None or contents.place != self._inputs.place():
            return Said("" if self._inputs.place() else _NO_FOLDER)
        if contents.problem:
            return Said(contents.problem, True)
        known = (self._planned, self._earlier) if self._is_outlook_now() else (None, None)
        return Said(contents.before_run(*known) or self._at_rest)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        """Look ahead with the settings now, which is not done while the dock is hidden."""
        super().showEvent(event)
        self._plan_rest.start()

    @override
    def _state_in_words(self) -> Said:
        # What is wrong with the movie in the window is said in the other docks.
        return self.in_words()

    @override
    def _drop_sentences(self) -> None:
        # Nor have cells that were painted there.
        self.show_foot()

    @override
    def _show_problem(self, sentence: str) -> None:
        if sentence != self.session.problem:
            super()._show_problem(sentence)

    # Which files

    def _look_for_files(self, place: Place | None) -> None:
        for lane in self._lanes.values():
            lane.cancel()
        self._inputs.refused.emit("")
        self.show_foot()
        if place is None:
            self._inputs.offer(None)
            self._forget_files()
            self.refresh()
            return
        set_state(self._number, "stale", True)
        find = one_result(find_files, place, self._overrides_file)
        self._lanes["files"].submit(find, self._take_files, self._refuse_files)
        self._lanes["names"].submit(one_result(find_offer, place), self._inputs.offer, self.fail)

    def _take_files(self, contents: FolderContents) -> None:
        self._contents, self._earlier, self._planned = contents, None, None
        self._at_rest = _KEPT
        self._inputs.set_problem(False)
        n_files, ignored = len(contents.inputs.items), contents.inputs.ignored
        n_ignored = f"{len(ignored):,} ignored" if ignored else ""
        changed = f"{len(contents.changed):,} with overrides" if contents.changed else ""
        self.figure(
            f"{n_files:,} {plural(n_files, 'file')}",
            _together(n_ignored, *contents.conditions(), changed),
        )
        self._table.set_inputs(contents.inputs)
        self._options.set_overrides(
            contents.overrides_file, contents.changes, begin_at=str(contents.place.folder)
        )
        self._set_results(contents.place.results)
        self.say("")
        self._show_running()
        self._show_progress()
        self._look_ahead()

    def _refuse_files(self, error: Exception) -> None:
        self._forget_files()
        self._inputs.set_problem(True)
        self.figure("0 files", "")
        if isinstance(error, CelltrackError):
            self._inputs.refused.emit(str(error))
        else:
            self.fail(error)

    def _forget_files(self) -> None:
        self._contents = self._earlier = self._planned = None
        self._ahead.forget()
        self._table.set_inputs(None)
        self._plan.set_plan(None)
        self._inputs.set_problem(False)
        self._show_running()
        self._show_progress()

    def _is_outlook_now(self) -> bool:
        """Whether what is known of a run is about the files and settings now."""
        return self._ahead.is_about(self._contents, self.recipe())

    def _forget_outlook(self) -> None:
        """Forget what a run would take and keep: it is found out anew."""
        self._earlier = self._planned = None
        self._show_progress()
        self.show_foot()

    def _take_overrides(self, path: str) -> None:
        self._overrides_file = Path(path) if path else None
        self._look_for_files(self._inputs.place())

    # What it will take, and what is there already

    def _look_ahead(self) -> None:
        """Have it found out what a run will take and keep, if anything has changed."""
        contents, recipe, options = self._contents, self.recipe(), self._options.value()
        # While another tab is in front it can wait.
        is_hidden = self.window().isVisible() and not self.isVisible()
        if contents is None or self._job.running or is_hidden:
            return
        if self._ahead.look(contents, recipe, options):
            self._plan.set_busy()

    def _take_plan(self, plan: Plan, is_timing: bool) -> None:
        self._planned = plan
        self._plan.set_plan(plan, is_timing)
        self.show_foot()

    def _refuse_plan(self, error: Exception) -> None:
        self._plan.set_plan(None)
        self.fail(error)

    def _take_earlier(self, earlier: Earlier) -> None:
        if self._job.running:
            return
        self._earlier = earlier
        self._table.set_earlier(earlier.results, earlier.same)
        self.show_foot()
        self._show_progress()

    # Trying

    def _try_few(self) -> None:
        contents = self._contents
        if contents is None:
            self.say(_NO_FOLDER, wrong=True)
            return
        if self._sheet is None:
            self._sheet = ContactSheet(self.prefix, self)
            self._sheet.chosen.connect(self._open_file)
            self._sheet.failed.connect(self.fail)
        self._tried = self.about()
        self._sheet.try_on(contents.inputs.items, contents.recipe_of(self.recipe()))

    def _show_sheet(self) -> None:
        """Say on the sheet whether it is of the files and settings now."""
        if self._sheet is not None:
            self._sheet.set_current(self._tried == self.about())

    # Running

    def _begin(self) -> None:
        contents = self._contents
        if contents is None or contents.problem:
            self.say(contents.problem if contents else _NO_FOLDER, wrong=True)
            return
        if self._job.running:
            return
        options, recipe = self._options.value(), self.recipe()
        self._ahead.give_way(contents, recipe, options)
        self._progress_of = BatchProgress(len(contents.inputs.items))
        self._table.set_waiting()
        self._set_results(contents.place.results)
        self.say("")
        self._job.start(partial(begin_run, recipe, contents, options, self._plan.strategy()))
        self._show_running()
        self._show_progress()
        self.show_foot()

    def _halt(self) -> None:
        self._job.stop()
        self.say("")
        self._show_running()

    def _on_news(self, news: News) -> None:
        if self._progress_of is not None:
            self._progress_of.tell(news)
        self._table.tell(news)
        self._show_progress()

    def _on_end(self, is_stopped: bool, error: Exception | None) -> None:
        self._table.rest()
        self._table.show_problems()
        progress = self._progress_of
        if is_stopped:
            # A file may have been finished while the run was stopping.
            self._progress_of = None
            self._ahead.forget_earlier()
        self._show_running()
        self._show_progress()
        if error is not None:
            self.fail(error)
            return
        if is_stopped:
            self._at_rest = _STOPPED
            self.show_foot()
        elif progress is not None:
            kept = RunFolder(self._results).record().put_aside if self._results else ()
            self.say(" ".join((progress.end_words(), *kept)), wrong=bool(progress.n_failed))
        self._look_ahead()

    def _show_running(self) -> None:
        is_running, is_ready = self._job.running, self._contents is not None
        for widget in (self._inputs, self._options):
            widget.setEnabled(not is_running)
        self._plan.set_ready(not is_running)
        self._start.set_ready(is_ready and not is_running)
        self._below.set_running(is_running, self._job.stopping, self._results)

    def _show_progress(self) -> None:
        progress = self._progress_of
        if progress is not None:
            self._below.set_progress(progress.part, progress.words())
            return
        n_files = len(self._contents.inputs.items) if self._contents else 0
        earlier = self._earlier if self._is_outlook_now() else None
        n_same = len(earlier.same) if earlier else 0
        words = f"{n_same:,} of {n_files:,}" if n_files and earlier else ""
        self._below.set_progress(n_same / max(n_files, 1), words)

    def _set_results(self, results: Path) -> None:
        if results != self._results:
            self._results = results
            self._progress_of = None

    # Opening

    def _tell_more(self, line: FileLine) -> None:
        """Say at the foot what there is no room for in the table, until another line is chosen."""
        self.say(line.more.replace("\n", ": "), wrong=line.tone == "problem")

    def _open_line(self, line: FileLine) -> None:
        results = self._results
        if line.item is None:
            return
        if not line.has_result or results is None:
            self._open_file(line.item)
        else:
            self._opening.open_result(results / line.item.name, line.file, self._recipe.keep)

    def _open_file(self, item: Item) -> None:
        self._opening.open_file(item, self.recipe())

    @override
    def _restyle(self, event: Any = None) -> None:
        super()._restyle(event)
        if (viewer := self.viewer) is not None:
            self._table.restyle(viewer.theme)
            self._plan.diagram.restyle(viewer.theme)


def _together(*parts: str) -> str:
    """Put what there is side by side; where there is little room it breaks between two parts."""
    return " · ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts if part)
