"""The commands and their options; each makes one call."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from blotquant import __version__
from blotquant.cli.options import (
    FINDING,
    MEASURING,
    OUTPUT,
    POLARITY,
    Detector,
    Invert,
    Orientation,
    RecipeFile,
    SetOption,
    changes_of,
    lane_numbers,
)
from blotquant.files import is_folder

__all__ = ["command"]

app = typer.Typer(
    name="blotquant",
    help="Western blot quantification: from images to normalized integrated densities.",
    epilog="blotquant demo shows it at work. Each command has its own --help.",
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def command() -> Any:
    """The command, ready to be run on a list of words."""
    return typer.main.get_command(app)


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    if version:
        sys.stdout.write(f"blotquant {__version__}\n")
        raise typer.Exit


@app.command()
def run(  # the options, as typer reads them
    paths: Annotated[
        list[str],
        typer.Argument(metavar="PATH", help="Images or folders of images; URLs too (s3://...)."),
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            rich_help_panel=OUTPUT,
            help="Folder of the results, or URL; blotquant-results in the folder otherwise.",
        ),
    ] = None,
    recipe: RecipeFile = None,
    loading_control: Annotated[
        str | None,
        typer.Option(metavar="NAME", rich_help_panel=MEASURING, help="Target to normalize to."),
    ] = None,
    lanes: Annotated[
        int | None,
        typer.Option(metavar="N", rich_help_panel=FINDING, help="Lanes in each panel, if known."),
    ] = None,
    spacing: Annotated[
        float | None,
        typer.Option(metavar="PX", rich_help_panel=FINDING, help="Distance of lanes, if known."),
    ] = None,
    invert: Annotated[
        Invert | None,
        typer.Option(rich_help_panel=FINDING, help="yes: bands are dark; no: bands are light."),
    ] = None,
    orientation: Annotated[
        Orientation | None,
        typer.Option(
            rich_help_panel=FINDING, help="Turn counter-clockwise, or mirror left to right."
        ),
    ] = None,
    detector: Annotated[
        Detector | None,
        typer.Option(rich_help_panel=FINDING, help="film: optical density from clear film."),
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            rich_help_panel=MEASURING,
            help="lane, rolling_ball, valley, border, global, none, ...",
        ),
    ] = None,
    sensitivity: Annotated[
        float | None,
        typer.Option(
            metavar="SNR",
            rich_help_panel=FINDING,
            help="Signal to noise from which a band counts as found.",
        ),
    ] = None,
    reference_lanes: Annotated[
        str | None,
        typer.Option(
            metavar="1,2,3",
            rich_help_panel=MEASURING,
            help="Lanes whose geometric mean is set to 1.",
        ),
    ] = None,
    settings: SetOption = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes; all cores otherwise."),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="TCP://HOST:8786", help="Measure on the Dask cluster of this scheduler."
        ),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders of folders too.")
    ] = False,
    layouts: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            rich_help_panel=FINDING,
            help="Measure the lanes and bands of an earlier run (its folder or its layouts/).",
        ),
    ] = None,
    no_layouts: Annotated[
        bool,
        typer.Option(
            "--no-layouts",
            rich_help_panel=FINDING,
            help="Leave out layout files that lie beside the images.",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            rich_help_panel=OUTPUT,
            help="Replace older results instead of moving them to previous/.",
        ),
    ] = False,
    no_overlays: Annotated[
        bool,
        typer.Option("--no-overlays", rich_help_panel=OUTPUT, help="Draw no pictures of blots."),
    ] = False,
    no_study: Annotated[
        bool,
        typer.Option(
            "--no-study",
            rich_help_panel=MEASURING,
            help="Leave out the study.toml of the folder: names alone tell what images show.",
        ),
    ] = False,
    integrity: Annotated[
        bool | None,
        typer.Option(
            "--integrity/--no-integrity",
            help="Look for joined pieces and repeated regions; otherwise in 200 images at most.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            rich_help_panel=OUTPUT,
            help="Go on with an earlier run: only what is new, changed or failed is measured.",
        ),
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="S", help="Seconds that one image may take; 600 otherwise."),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", rich_help_panel=OUTPUT, help="Print one JSON object instead."),
    ] = False,
) -> int:
    """Find lanes and bands, measure and normalize them, and write tables and a report."""
    if layouts is not None and no_layouts:
        raise typer.BadParameter("--layouts and --no-layouts exclude each other")
    if scheduler is not None and jobs is not None:
        raise typer.BadParameter("--scheduler and --jobs exclude each other")
    if resume and overwrite:
        raise typer.BadParameter("--resume and --overwrite exclude each other")
    changes = changes_of(
        {
            "image.polarity": None if invert is None else POLARITY[invert],
            "image.orientation": None if orientation is None else orientation.value,
            "image.detector": None if detector is None else detector.value,
            "image.integrity": integrity,
            "finding.lane_count": lanes,
            "finding.lane_spacing": spacing,
            "finding.sensitivity": sensitivity,
            "background.method": background,
            "normalization.loading_control": loading_control,
            "normalization.reference_lanes": lane_numbers(reference_lanes),
        },
        settings or [],
    )
    from blotquant.cli.measure import Request, measure

    return measure(
        Request(
            paths=paths,
            out=out,
            recipe_file=recipe,
            changes=changes,
            jobs=jobs,
            scheduler=scheduler,
            recursive=recursive,
            layouts=layouts,
            use_layouts=not no_layouts,
            overwrite=overwrite,
            resume=resume,
            time_limit=time_limit,
            overlays=not no_overlays,
            use_study=not no_study,
            as_json=as_json,
        )
    )


@app.command()
def watch(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder that is being filled.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="Folder of the results; blotquant-results in the folder otherwise.",
        ),
    ] = None,
    recipe: RecipeFile = None,
    settings: SetOption = None,
    interval: Annotated[
        float, typer.Option(min=0.01, metavar="S", help="Seconds between two looks.")
    ] = 5.0,
    settle: Annotated[
        float,
        typer.Option(min=0.0, metavar="S", help="Seconds a file has to stay as it is."),
    ] = 2.0,
    once: Annotated[bool, typer.Option("--once", help="One round, then end: for cron.")] = False,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, metavar="N", help="Processes; all cores otherwise."),
    ] = None,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders of folders too.")
    ] = False,
    no_layouts: Annotated[
        bool,
        typer.Option("--no-layouts", help="Leave out layout files that lie beside the images."),
    ] = False,
    no_overlays: Annotated[
        bool, typer.Option("--no-overlays", help="Draw no pictures of blots.")
    ] = False,
    no_study: Annotated[
        bool, typer.Option("--no-study", help="Leave out the study.toml of the folder.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="S", help="Seconds that one image may take; 600 otherwise."),
    ] = None,
) -> int:
    """Measure what an imager drops into a folder, as it comes; nothing is tested meanwhile."""
    from blotquant.batch.run import TIME_LIMIT
    from blotquant.batch.watching import WatchSettings
    from blotquant.cli.watch import watch as rounds
    from blotquant.recipe import Recipe

    return rounds(
        WatchSettings.of(
            folder,
            out,
            interval=interval,
            settle=settle,
            recipe=None if recipe is None else Recipe.from_toml(recipe),
            changes=changes_of({}, settings or []),
            jobs=jobs,
            time_limit=time_limit or TIME_LIMIT,
            recursive=recursive,
            use_layouts=not no_layouts,
            overlays=not no_overlays,
            use_study=not no_study,
        ),
        once=once,
    )


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder of the blots.")],
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Sample sheet as study.xlsx with drop-downs.")
    ] = False,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into folders of folders too.")
    ] = False,
    recipe: RecipeFile = None,
) -> int:
    """Start a study: propose study.toml and a sample sheet, and number the lanes on a picture."""
    from blotquant.cli.study import init as start

    return start(folder, xlsx=xlsx, recursive=recursive, recipe_file=recipe)


@app.command()
def check(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="FOLDER|IMAGE", help="Folder with a study.toml, or images."),
    ],
    recipe: RecipeFile = None,
) -> int:
    """Say what is wrong with a study, or whether images are fit for measuring; compute nothing."""
    if len(paths) == 1 and (is_folder(paths[0]) or paths[0].name == "study.toml"):
        from blotquant.cli.study import check as look

        folder = paths[0] if is_folder(paths[0]) else paths[0].parent
        return look(folder, recipe_file=recipe)
    from blotquant.cli.fitness import check_images

    return check_images(paths, recipe_file=recipe)


@app.command()
def linearity(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Images of a dilution series, or folders.")
    ],
    loads: Annotated[
        Path,
        typer.Option(metavar="FILE", help="CSV with the columns lane and load (and image)."),
    ],
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Folder of the results.")
    ] = Path("blotquant-linearity"),
    row: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Only this row of bands.")
    ] = None,
    unit: Annotated[str, typer.Option(metavar="UNIT", help="Unit of the loads.")] = "",
    recipe: RecipeFile = None,
    settings: SetOption = None,
) -> int:
    """Judge a dilution series: linear range, limits of detection and quantification, a plot."""
    from blotquant.cli.linearity import linearity as judge

    changes = changes_of({}, settings or [])
    return judge(paths, loads, out=out, row=row, unit=unit, recipe_file=recipe, changes=changes)


@app.command("recipe")
def show_recipe(recipe: RecipeFile = None, settings: SetOption = None) -> int:
    """Print every setting with its default, unit and meaning, as TOML that `run --recipe` takes."""
    from blotquant.recipe import Recipe

    base = Recipe() if recipe is None else Recipe.from_toml(recipe)
    tree = base.model_dump()
    for section, values in changes_of({}, settings or []).items():
        tree.setdefault(section, {}).update(values)
    sys.stdout.write(Recipe.parse(tree, "--set").to_toml())
    return 0


@app.command()
def simulate(
    out: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")
    ] = None,
    kinds: Annotated[
        list[str] | None,
        typer.Option("--kind", "-k", metavar="KIND", help="Kind of difficulty; repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="First seed: same seed, same pixels.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="Blots of each kind.")] = 1,
    show: Annotated[bool, typer.Option("--list", help="Print the kinds and stop.")] = False,
) -> int:
    """Write simulated blots, each with its truth beside it: for planning, teaching and tests."""
    from blotquant.simulate import KINDS, write_demo_set

    if show:
        sys.stdout.write("".join(f"{kind}\n" for kind in KINDS))
        return 0
    if out is None:
        raise typer.BadParameter("say where to write: -o FOLDER (or --list for the kinds)")
    written = write_demo_set(out, kinds=kinds or None, seed=seed, count=count)
    sys.stdout.write("".join(f"{path}\n" for path in written))
    return 0


@app.command()
def demo(
    out: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where to write.")
    ] = Path("blotquant-demo"),
) -> int:
    """Simulate a whole study, measure and compare it, and say where its report is."""
    from blotquant.cli.measure import Request, measure
    from blotquant.simulate import write_study

    write_study(out / "study")
    return measure(Request(paths=[out / "study"], out=out / "results", overwrite=True))


@app.command()
def view(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[IMAGE | FOLDER]", help="What to open; nothing: an empty window."),
    ] = None,
) -> int:
    """Open napari, to look at lanes and bands and to correct them by hand."""
    from blotquant.cli.window import open_window

    return open_window(paths or [])
