"""What pairing with loading controls has to tell: a line for each kind of news, not each image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from blotquant.normalize.strips import Strip

__all__ = ["News", "some"]

_SHOWN = 3


class News:
    """Lines for the user, one for each kind of news.

    Parameters
    ----------
    strips : sequence of Strip
        All of the run.
    wanted : tuple of str
        Names of the controls, where the user gave any.
    """

    def __init__(self, strips: Sequence[Strip], wanted: tuple[str, ...]) -> None:
        self._wanted = wanted
        self._study = any(strip.role for strip in strips)
        self._used: dict[str, set[str]] = {}
        self._several: dict[tuple[str, tuple[str, ...]], set[str]] = {}
        self._lost: set[str] = set()
        self._lacking: dict[tuple[str, ...], set[str]] = {}
        self._repeated: dict[tuple[str, str], str] = {}
        self._mismatch: dict[tuple[str, str], tuple[int, int]] = {}
        self._samples: dict[tuple[str, str], set[int]] = {}
        self._unnamed = {strip.image for strip in strips if not strip.target}

    def used(self, strip: Strip, what: str) -> None:
        """A target was divided by this."""
        self._used.setdefault(what, set()).add(strip.target)

    def several(self, strip: Strip, name: str, among: set[str]) -> None:
        """One of several controls of a membrane was taken."""
        self._several.setdefault((name, tuple(sorted(among))), set()).add(strip.membrane)

    def lost(self, strip: Strip) -> None:
        """The membrane shows no control."""
        self._lost.add(strip.image)

    def lacking(self, strip: Strip, names: Iterable[str]) -> None:
        """The membrane shows some of the controls only."""
        self._lacking.setdefault(tuple(sorted(names)), set()).add(strip.membrane or strip.image)

    def repeated(self, strip: Strip, name: str, image: str) -> None:
        """One of several pictures of a control was taken."""
        self._repeated[strip.membrane or strip.image, name] = image

    def mismatch(self, strip: Strip, control: Strip) -> None:
        """Target and control have other numbers of lanes."""
        self._mismatch[strip.image, control.image] = strip.lanes, control.lanes

    def other_sample(self, strip: Strip, control: Strip, lane: int) -> None:
        """A lane is missing from the control's image or holds another sample there."""
        self._samples.setdefault((strip.image, control.image), set()).add(lane)

    def lines(self) -> tuple[str, ...]:
        """All news, what was done first."""
        return (
            *(f"normalized to {what} ({self._how()})" for what in sorted(self._used)),
            *self._choices(),
            *self._faults(),
            *(
                [f"no loading control on the membrane of {some(self._lost)}: not normalized"]
                if self._lost
                else []
            ),
            *(
                [
                    f"no membrane and target in the name of {some(self._unnamed)}: measured, "
                    "not normalized"
                ]
                if self._unnamed
                else []
            ),
        )

    def _how(self) -> str:
        if self._wanted:
            return "as named"
        if self._study:
            return "as the study says"
        return "known by its name; --loading-control names another"

    def _choices(self) -> Iterable[str]:
        how = "loading_controls" if self._study else "--loading-control"
        for (name, among), membranes in sorted(self._several.items()):
            yield (
                f"{some(membranes)} {'show' if len(membranes) > 1 else 'shows'} several loading "
                f"controls ({', '.join(among)}): {name} was used; {how} names another"
            )
        for (membrane, name), image in sorted(self._repeated.items()):
            yield f"{membrane} has several images of {name}: {image} was used"

    def _faults(self) -> Iterable[str]:
        for (image, control), (ours, theirs) in sorted(self._mismatch.items()):
            yield (
                f"{image} has {ours} lanes and {control} has {theirs}: lanes cannot be paired by "
                "order, so there are no ratios; correct the lanes of one of them, or give --lanes"
            )
        for (image, control), lanes in sorted(self._samples.items()):
            yield (
                f"{image} lane {', '.join(map(str, sorted(lanes)))} is not in {control}, or holds "
                "another sample there: no ratio; correct the lanes or the sample sheet"
            )
        for names, membranes in sorted(self._lacking.items()):
            yield (
                f"{some(membranes)} without {', '.join(names)}: not normalized, since a mean over "
                "fewer controls is on another scale; name with loading_controls those that all "
                "membranes show"
            )


def some(items: Iterable[str]) -> str:
    """The first few of a list, and how many more there are."""
    names = sorted(set(items))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
