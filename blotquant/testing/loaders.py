"""What is expected of every loader, as a test class to be subclassed."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from .. import registry
from ..errors import UnreadableImage
from ..loaders import Limits, Loader, RawImage, load

_HEAD = 4096

__all__ = ["LoaderContract"]


class LoaderContract:
    """Subclass it as ``TestMyLoader``, set `loader`, write `good_file`, and run pytest.

    Examples
    --------
    >>> class TestMyLoader(LoaderContract):
    ...     loader = MyLoader()                                     # doctest: +SKIP
    ...
    ...     def good_file(self, folder):
    ...         return shutil.copy("sample.xyz", folder)            # doctest: +SKIP
    """

    loader: Loader

    @abstractmethod
    def good_file(self, folder: Path) -> Path:
        """Put a sound file of the format, of 64 x 64 px or more, into `folder`; give its path."""

    @pytest.fixture
    def good(self, tmp_path: Path) -> Path:
        """A sound file."""
        return Path(self.good_file(tmp_path))

    @pytest.fixture
    def raws(self, good: Path) -> list[RawImage]:
        """What the loader makes of the sound file."""
        return self.loader.read(good, Limits())

    def test_has_the_members_of_a_loader(self) -> None:
        """Name, suffixes, sniff and read."""
        assert isinstance(self.loader, Loader)
        assert self.loader.suffixes
        for suffix in self.loader.suffixes:
            assert suffix.startswith(".")
            assert suffix == suffix.lower()

    def test_is_registered_under_its_name(self) -> None:
        """The entry point and the loader agree."""
        assert isinstance(registry.get("loaders", self.loader.name)(), type(self.loader))

    def test_knows_its_own_by_content(self, good: Path) -> None:
        """The first bytes are enough, whatever the file is called."""
        assert self.loader.sniff(good.read_bytes()[:_HEAD], Path("renamed.bin"))

    @pytest.mark.parametrize(
        "head", [b"", b"\0", b"\0" * _HEAD, b"lane,density\n1,2\n", b"%PDF-1.7"]
    )
    def test_leaves_others_alone(self, head: bytes) -> None:
        """Neither nothing, zeros, text nor a PDF is taken for the format."""
        assert not self.loader.sniff(head, Path(f"blot{self.loader.suffixes[0]}"))

    def test_gives_pictures(self, raws: list[RawImage]) -> None:
        """At least one, of 2-D levels or colours, with its format in words."""
        assert raws
        for raw in raws:
            assert raw.pixels.ndim in (2, 3)
            assert min(raw.pixels.shape[:2]) >= 2
            assert raw.pixels.dtype.kind in "iuf"
            assert raw.format

    def test_pictures_are_told_apart(self, raws: list[RawImage]) -> None:
        """Several pictures have different parts, one has none."""
        parts = [raw.part for raw in raws]
        assert len(set(parts)) == len(parts)
        assert len(parts) > 1 or parts == [""]

    def test_metadata_are_few_and_text(self, raws: list[RawImage]) -> None:
        """They are stored with every result."""
        for raw in raws:
            assert all(isinstance(text, str) for pair in raw.metadata for text in pair)
            assert sum(len(text) for pair in raw.metadata for text in pair) < 4096

    def test_only_reads(self, good: Path) -> None:
        """The file, and the folder around it, stay as they are."""
        before, entries = good.read_bytes(), sorted(good.parent.iterdir())
        self.loader.read(good, Limits())
        assert good.read_bytes() == before
        assert sorted(good.parent.iterdir()) == entries

    def test_reads_the_same_twice(self, good: Path, raws: list[RawImage]) -> None:
        """Pixels and all that is said of them."""
        again = self.loader.read(good, Limits())
        assert len(again) == len(raws)
        for one, other in zip(raws, again, strict=True):
            np.testing.assert_array_equal(one.pixels, other.pixels)
            assert one.metadata == other.metadata
            assert (one.part, one.channel, one.polarity) == (
                other.part,
                other.channel,
                other.polarity,
            )

    def test_says_nothing_aloud(self, good: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """What a decoder has to say does not reach the screen."""
        self.loader.read(good, Limits())
        said = capfd.readouterr()
        assert (said.out, said.err) == ("", "")

    def test_obeys_the_size_limit(self, good: Path) -> None:
        """A picture of more pixels than allowed is refused, with the file's name."""
        with pytest.raises(UnreadableImage, match="Mpx") as refusal:
            self.loader.read(good, Limits(max_megapixels=1e-6))
        assert good.name in str(refusal.value)

    @pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9])
    def test_a_truncated_file_is_refused_in_one_line(self, good: Path, share: float) -> None:
        """Never half a picture."""
        data = good.read_bytes()
        good.write_bytes(data[: int(share * len(data))])
        with pytest.raises(UnreadableImage) as refusal:
            load(good)
        assert good.name in str(refusal.value)
        assert "\n" not in str(refusal.value)

    def test_a_damaged_file_is_read_or_refused(self, good: Path) -> None:
        """Nothing but `UnreadableImage` comes out, whichever bytes are wrong."""
        data = np.frombuffer(good.read_bytes(), dtype=np.uint8)
        rng = np.random.default_rng(0)
        for _ in range(12):
            damaged = data.copy()
            damaged[rng.integers(0, min(len(data), 2000), 20)] ^= rng.integers(
                1, 256, 20, dtype=np.uint8
            )
            good.write_bytes(damaged.tobytes())
            with suppress(UnreadableImage):
                load(good)

    def test_becomes_blots(self, good: Path) -> None:
        """Read-only, finite, of known polarity, with the file's hash and the loader's name."""
        for blot in load(good):
            assert not blot.pixels.flags.writeable
            assert np.isfinite(blot.signal()).all()
            assert len(blot.source.sha256) == 64
            assert blot.source.reader == self.loader.name
