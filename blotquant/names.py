"""What an image's name may say: membrane, target, and whether it is a usual loading control.

Names are hints. They pair a target with a loading control and never change what is measured, so
anything that could be a date, a time, a number, an exposure or a channel is not read as a target.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

__all__ = [
    "CONTROLS",
    "Control",
    "ControlKind",
    "canonical",
    "control_kind",
    "membrane_identity",
    "parse_name",
    "same_target",
    "target_key",
]

ControlKind = Literal["loading_control", "total_protein"]


class Control(NamedTuple):
    """A usual loading control: its name here, its kind, and the spellings it is known by."""

    name: str
    kind: ControlKind
    spelling: str


# Spellings are patterns over `_key` (lower case, Latin letters for Greek ones, no punctuation) that
# have to match in full: so p-H3, H3K27me3, acetyl-tubulin or cleaved lamin are not controls.
# The order is the order of preference where a membrane shows several and none is named.
CONTROLS: tuple[Control, ...] = (
    Control("beta-actin", "loading_control", r"(pan|total)?b?actins?|actb"),
    Control("GAPDH", "loading_control", r"ga3?pdh"),
    Control("alpha-tubulin", "loading_control", r"atubulins?|atub|tuba|tuba1[abc]"),
    Control("beta-tubulin", "loading_control", r"btubulins?|btub|tubb|tubb5"),
    Control("tubulin", "loading_control", r"(pan|total)?tubulins?"),
    Control("vinculin", "loading_control", r"vinculin|vcl"),
    Control("HSP90", "loading_control", r"hsp90(a|b|ab)?|heatshockprotein90"),
    Control("calnexin", "loading_control", r"calnexin|canx"),
    Control("cyclophilin", "loading_control", r"cyclophilin[ab]?|ppi[ab]|cypa"),
    Control("cofilin", "loading_control", r"(total)?cofilin1?|cfl1"),
    Control("lamin A/C", "loading_control", r"laminac?|lmna"),
    Control("lamin B1", "loading_control", r"laminb1?|lmnb1"),
    Control("lamin", "loading_control", r"lamins?"),
    Control("histone H3", "loading_control", r"(total)?(histone)?h3(total)?|histone3"),
    Control("TBP", "loading_control", r"tbp|tatabindingprotein"),
    Control("PCNA", "loading_control", r"pcna"),
    Control("COX IV", "loading_control", r"cox(iv|4)(i?1)?"),
    Control("VDAC", "loading_control", r"vdac1?|porin"),
    Control("REVERT", "total_protein", r"revert(520|700)?(totalprotein)?(stain)?"),
    Control("stain-free", "total_protein", r"stainfree(gel|blot)?"),
    Control("No-Stain", "total_protein", r"nostain"),
    Control("Ponceau S", "total_protein", r"ponceaus?|ponceaured|pons"),
    Control("Coomassie", "total_protein", r"coomass?ie(brilliant)?(blue)?([rg]250)?|cbb"),
    Control("amido black", "total_protein", r"amidoblack(10b)?"),
    Control("SYPRO Ruby", "total_protein", r"sypro(ruby)?"),
    Control("total protein", "total_protein", r"totalproteins?(stain)?|tps"),
)

_SPELLINGS = tuple((control, re.compile(control.spelling)) for control in CONTROLS)

_EXTENSION = re.compile(
    r"(\.ome)?\.(tiff?|png|jpe?g|bmp|gif|scn|1sc|gel|img|inf|l2d|zip)(#.*)?$",
    re.IGNORECASE | re.DOTALL,
)
# Dropped from the end of a name: they say how the picture was taken, not what it shows.
_TAKEN = re.compile(
    r"""
    (very|over|under)?-?(long|short|medium|mid|high|low|light|dark|auto|best)(er|est)?-?(exp(osure)?)?
    | exp(osure)?s? | exposed | [ls]e
    | \d+([.,]\d+)?-?(ms|s|secs?|seconds?|m|mins?|minutes?) | \d+m(in)?\d+s(ec)?
    | \d{1,2}h\d{2}(m(\d+s?)?)? | \d{1,2}[:.]\d{2}([:.]\d{2})? | \d{1,2}-?[ap]m
    | chemi(doc|luminescen(ce|t))?(blots?)? | ecl | colou?rimetric | film
    | epi | (auto)?fluorescen(ce|t)
    | cy[235](\.5)? | dylight\d* | alexa-?\d* | irdye-?\d*(cw)? | ir?\d{3}(nm|cw)? | \d{3}(nm|cw)
    | (ch(annel)?|page|slice|frame|series|z)[- =]?\d* | rgb | gr[ae]y | red | green | blue | [ry]gb
    | copy | crop(ped)? | raw | final | edit(ed)? | rotated | invert(ed)?
    | merged? | overlay | composite
    | original | adjusted | ref(erence)? | v\d+ | (8|12|14|16|32)-?bits?
    | dilutions? | dilution-?series | curved | sloping | whole | full | uncropped
    """,
    re.VERBOSE,
)
# Moved from the end of a name into the membrane: two of these are two membranes.
_MEMBRANE = re.compile(
    r"""
    (m|mem|membrane|n|rep|replicate|repeat|blot|gel|exp|experiment)-?\d+
    | (19|20)\d{2}[-.]?\d{2}[-.]?\d{2}(t\d{4,6})? | \d{1,2}[-.]\d{1,2}[-.](19|20)?\d{2}
    | \d{1,2}-?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-?(19|20)?\d{2}
    | (19|20)?\d{2}-?(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-?\d{1,2}
    | \d+-?(h|hrs?|hours?|d|days?) | (day|d)-?\d+
    """,
    re.VERBOSE,
)
# Words for the picture itself: never a target.
_PICTURE = re.compile(
    r"dsc[nf]?\d{4,}|set-?\d+|"  # DSC2 and SET are proteins
    r"(img|image|pic|picture|photo|scan|snap|capture|untitled|file|data|test|run|sample|"
    r"western|western-?blot|wb|blot|gel|membrane|mem|strip|lane|dot|marker|ladder|miniswhite)s?-?\d*"
)
# Joined with the piece that follows: M1_phospho_ERK, M1_cleaved_lamin_A. A capital P or T alone is
# more likely the membrane's.
_MODIFIER = re.compile(
    r"p|t|ac|(?i:phos(pho)?|phosphorylated|cleaved|clvd?|acetyl(ated)?|methyl(ated)?|active|total|"
    r"pan|pro|anti|alpha|beta|gamma|[αβγ]|full-?length|ubiquitin(ated)?)"
)
_GREEK = str.maketrans("αβßγδεκλµμ", "abbgdekluu")
_GREEK_WORDS = re.compile(r"alpha|beta|gamma|delta|epsilon|kappa|lambda")


def parse_name(image: str) -> tuple[str, str]:
    """Membrane and target that an image's name suggests.

    The name is ``<membrane>_<target>``: the target stands after the last underscore, the membrane
    is all before it. Before that is read,

    - folder, file extension and the page or channel behind ``#`` are taken off;
    - words at the end that say how the picture was taken (``long``, ``30s``, ``Cy5``,
      ``(Chemiluminescence)``, ``15h22m``, ``copy``) are dropped;
    - dates, days and repeats at the end (``2024-03-12``, ``rep2``) go to the membrane;
    - spellings of known loading controls, and a word that changes what follows it (``p``,
      ``cleaved``, ``beta``), stay whole: ``M1_beta_actin``, ``M1_cleaved_lamin_A``.

    Parameters
    ----------
    image : str
        Path of the image (POSIX), with or without ``#page/channel``.

    Returns
    -------
    (membrane, target) : tuple of str
        As written in the name; both empty where no target can be read.

    Examples
    --------
    >>> parse_name("study/M1_P53.tif")
    ('M1', 'P53')
    >>> parse_name("exp3_M1_NF-kB_long.tif")
    ('exp3_M1', 'NF-kB')
    >>> parse_name("2024-03-12 15h22m(Chemiluminescence).tif")
    ('', '')
    """
    pieces = [piece for piece in map(str.strip, _stem(image).split("_")) if piece]
    moved: list[str] = []
    while pieces:
        last = _without_taken(pieces.pop())
        if last and _MEMBRANE.fullmatch(last.lower()):
            moved.insert(0, last)
        elif last:
            pieces.append(last)
            break
    size = _target_size(pieces)
    membrane, target = "_".join(pieces[:-size] + moved), "_".join(pieces[-size:])
    if len(pieces) <= size or _control("_".join(pieces)) or not _may_be_target(target):
        return "", ""
    return membrane, target


def membrane_identity(image: str, membrane: str) -> tuple[str, str]:
    """What makes a membrane one and the same: its folder and its name, whatever the case.

    Two images called M1 in different folders show different membranes. The name is empty where
    no membrane is known.

    Parameters
    ----------
    image : str
        Path of the image (POSIX), with or without ``#page/channel``.
    membrane : str
        Name of the membrane, as `parse_name` gives it.
    """
    return str(_path(image).parent), _composed(membrane).strip().casefold()


def canonical(target: str) -> str:
    """One name for all spellings of a usual loading control; any other target as it is written.

    Examples
    --------
    >>> canonical("b-actin"), canonical("ACTB"), canonical("β-Actin")
    ('beta-actin', 'beta-actin', 'beta-actin')
    >>> canonical("p-ERK1-2")
    'p-ERK1-2'
    """
    control = _control(target)
    return _composed(target).strip() if control is None else control.name


def control_kind(target: str) -> ControlKind | None:
    """Whether a target is a usual loading control, a stain of total protein, or neither (None).

    Forms that report a state and not the load (phosphorylated, cleaved, acetylated, methylated)
    are not controls.
    """
    control = _control(target)
    return None if control is None else control.kind


def same_target(one: str, other: str) -> bool:
    """Whether two spellings mean one target: case, hyphens, spaces, slashes and Greek do not count.

    Examples
    --------
    >>> same_target("NF-kB", "NFκB"), same_target("ERK1/2", "ERK1-2"), same_target("p-ERK", "PERK")
    (True, True, False)
    """
    key = target_key(one)
    return bool(key) and key == target_key(other)


def target_key(target: str) -> str:
    """What all spellings of one target have in common; empty for an empty target."""
    return _key(canonical(target))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _path(image: str) -> PurePosixPath:
    """Path without the part behind ``#``, which may hold a slash of its own."""
    match = _EXTENSION.search(image)
    return PurePosixPath(image[: match.start(3)] if match and match.group(3) else image)


def _stem(image: str) -> str:
    name = _composed(_path(image).name)
    return _EXTENSION.sub("", name)


def _without_taken(piece: str) -> str:
    """Piece of a name without the words at its end that say how the picture was taken."""
    while piece:
        bracket = re.search(r"\s*[(\[{]([^()\[\]{}]*)[)\]}]$", piece)
        if bracket and _all_taken(bracket.group(1)):
            piece = piece[: bracket.start()].rstrip()
            continue
        head, _, last = piece.rpartition(" ")
        if not _TAKEN.fullmatch(last.lower()):
            return piece
        piece = head.rstrip(" -")
    return piece


def _all_taken(words: str) -> bool:
    return all(_TAKEN.fullmatch(word) or word.isdecimal() for word in words.lower().split())


def _target_size(pieces: list[str]) -> int:
    """How many pieces at the end make the target."""
    size = 1
    for length in (3, 2):
        if len(pieces) > length and _control("_".join(pieces[-length:])) is not None:
            size = length
            break
    else:
        # ERK1_2 is two kinases, P53_2 a second picture.
        last, before = pieces[-1] if pieces else "", pieces[-2] if len(pieces) > 2 else ""
        number = re.search(r"[A-Za-z](\d)$", before)
        if number and last == str(int(number.group(1)) + 1):
            size = 2
    while len(pieces) > size + 1 and _MODIFIER.fullmatch(pieces[-size - 1]):
        size += 1
    return size


def _may_be_target(text: str) -> bool:
    lower = re.split(r"[(\[{]", text.lower())[0].strip()
    if lower.startswith("14-3-3"):  # the one protein family without a letter
        return True
    if len(lower) < 2 or not any(letter.isalpha() for letter in lower):
        return False
    words = re.split(r"[ _]+", lower)
    return not all(
        word.isdecimal() or any(p.fullmatch(word) for p in (_TAKEN, _MEMBRANE, _PICTURE))
        for word in words
    )


def _key(target: str) -> str:
    """Target as compared: lower case, Latin letters, no punctuation, no size."""
    text = _composed(target).strip()
    text = re.sub(r"^anti[- _]|[ (\[_-]+\d+ ?kda[)\]]?$", "", text, flags=re.IGNORECASE)
    # p-ERK and pERK are phosphorylated, PERK is another kinase, p53 and p-38 are names.
    text = re.sub(r"^(?:[pP][-_ ]+(?=[^\W\d_])|p(?=[A-Z])|phos(?:pho)?[-_ ]+)", "phospho", text)
    text = text.lower().translate(_GREEK)
    text = _GREEK_WORDS.sub(lambda word: word.group()[0], text)
    return "".join(letter for letter in text if letter.isalnum())


def _control(target: str) -> Control | None:
    key = _key(target)
    return next((control for control, pattern in _SPELLINGS if pattern.fullmatch(key)), None)
