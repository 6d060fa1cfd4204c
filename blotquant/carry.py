"""All images of one membrane on one lane layout: found where it shows best, carried to the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from .bands import detect_bands, find_bands
from .consensus import choose_reference, consensus_lanes
from .errors import NothingFound
from .lanes import find_lanes
from .membrane import find_panels
from .membrane_layout import (
    MembraneImage,
    MembraneLayout,
    Transform,
    carried_lanes,
    is_shown,
)
from .model import Blot, Lane, Layout
from .noise import estimate_noise
from .recipe import Recipe
from .registration import Registration, register
from .rows import row_shape

__all__ = ["MembraneCarry", "carry_lanes", "carry_membrane"]


@dataclass(frozen=True)
class MembraneCarry:
    """Shared lanes of a membrane, and each image's layout ready to be measured.

    Parameters
    ----------
    membrane_layout : MembraneLayout
    layouts : mapping of str to Layout
        By image; one without bands where no lane of the image holds any.
    registrations : mapping of str to Registration
        By image other than the reference.
    messages : tuple of str
        One line each: shifts not believed, lanes added or outside, images without bands.
    """

    membrane_layout: MembraneLayout
    layouts: Mapping[str, Layout]
    registrations: Mapping[str, Registration]
    messages: tuple[str, ...] = ()

    @property
    def reference(self) -> str:
        """Name of the image that the lanes were found on."""
        return self.membrane_layout.reference

    @property
    def transforms(self) -> dict[str, Transform]:
        """From the reference to each image."""
        return {image.name: image.transform for image in self.membrane_layout.images}


def carry_lanes(layout: Layout, transform: Transform, blot: Blot) -> Layout:
    """Lanes of one image as another image of the membrane shows them, without bands.

    Parameters
    ----------
    layout : Layout
        Of the reference image.
    transform : Transform
        From the reference to the other image.
    blot : Blot
        The other image.

    Returns
    -------
    Layout
        Lanes with ``source="carried"``, from the membrane's upper to its lower edge. One that
        lies outside the picture stays, unused and with confidence 0, so that lanes keep their
        numbers.
    """
    panels = find_panels(blot)
    return Layout(panels, carried_lanes(layout.lanes, transform, panels, blot.shape))


def carry_membrane(
    blots: Mapping[str, Blot], roles: Mapping[str, str], recipe: Recipe | None = None
) -> MembraneCarry:
    """Give all images of a membrane one lane layout.

    Lanes are found in every image by itself; the image that shows them best is the reference, and
    lanes that others show beside them are added. The shift and rotation to each other image is
    estimated (`blotquant.registration.register`) and bands are looked for on the carried lanes.

    Parameters
    ----------
    blots : mapping of str to Blot
        By name; images of one membrane and one scale.
    roles : mapping of str to str
        Role of each image as in the study file (target, loading_control, total_protein, ladder).
    recipe : Recipe, optional
        `finding.lane_count`, where given, is the membrane's.

    Returns
    -------
    MembraneCarry

    Raises
    ------
    NothingFound
        If no image shows lanes.
    """
    recipe = recipe or Recipe()
    alone = _found_alone(blots, recipe)
    reference = choose_reference(alone, roles, recipe.finding.lane_count)
    own = alone[reference]
    registrations = {
        name: register(blots[reference], blot, lanes=own.lanes)
        for name, blot in blots.items()
        if name != reference
    }
    messages = [found.message for found in registrations.values() if found.message]
    lanes, remarks = own.lanes, tuple[str, ...]()
    if recipe.finding.lane_count != len(own.lanes):
        believed = {
            name: found.transform for name, found in registrations.items() if found.believed
        }
        lanes, remarks = consensus_lanes(reference, alone, believed, roles, blots[reference].shape)
    messages += remarks
    images = []
    for name, blot in blots.items():
        transform = registrations[name].transform if name in registrations else Transform()
        image, notes = _image(name, blot, transform, lanes, own, recipe, name == reference)
        images.append(image)
        messages += notes
    shared = MembraneLayout(reference, Layout(own.panels, lanes).lanes, tuple(images))
    layouts = {name: shared.for_image(name) for name in blots}
    return MembraneCarry(shared, layouts, registrations, tuple(messages))


def _found_alone(blots: Mapping[str, Blot], recipe: Recipe) -> dict[str, Layout]:
    """Layout of each image by itself, of those that show lanes."""
    found: dict[str, Layout] = {}
    for name, blot in blots.items():
        panels, noise = find_panels(blot), estimate_noise(blot)
        try:
            lanes = find_lanes(blot, panels, noise, recipe.finding)
            found[name] = find_bands(blot, panels, lanes, noise, recipe.finding)
        except NothingFound:
            continue
    if not found:
        raise NothingFound(
            f"{', '.join(blots)}: none of the {len(blots)} images of the membrane shows lanes; "
            "draw them by hand in one of them"
        )
    return found


def _image(
    name: str,
    blot: Blot,
    transform: Transform,
    lanes: tuple[Lane, ...],
    own: Layout,
    recipe: Recipe,
    is_reference: bool,
) -> tuple[MembraneImage, list[str]]:
    """One image's place on the membrane, with the bands on its lanes."""
    panels = own.panels if is_reference else find_panels(blot)
    image = MembraneImage(name, blot.shape, transform, panels)
    if is_reference and lanes == own.lanes:
        return replace(image, rows=own.rows, bands=own.bands), []
    here = lanes if is_reference else carried_lanes(lanes, transform, panels, blot.shape)
    notes = []
    hidden = [str(k) for k, lane in enumerate(here, 1) if not is_shown(lane, blot.shape)]
    if hidden:
        notes.append(f"{name}: lane {', '.join(hidden)} of the membrane lies outside this image")
    shown = [lane for lane in here if is_shown(lane, blot.shape)]
    try:
        shape = _row_shape(own, transform)
        layout = detect_bands(blot, shown, recipe, panels=panels, shape=shape)
    except NothingFound:
        notes.append(f"{name}: no band in any of the {len(shown)} lanes; nothing to measure")
        return image, notes
    return replace(image, rows=layout.rows, bands=layout.bands), notes


def _row_shape(own: Layout, transform: Transform) -> dict[str, float]:
    """How far down rows lie in each lane, as the reference shows it, turned like the image."""
    departures = row_shape(own)
    if not departures:
        return {}
    places = {}
    for lane in own.lanes:
        row = (lane.top + lane.bottom) / 2
        moved, _ = transform(row + departures[lane.id], float(lane.center(row)))
        places[lane.id] = float(moved)
    middle = float(np.median(list(places.values())))
    return {lane: place - middle for lane, place in places.items()}
