"""The report: complete, self-contained, and deaf to what file names try to say."""

import base64
import math
import re
import shutil
import subprocess
from dataclasses import asdict, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from blotquant import report
from blotquant.columns import BAND_COLUMNS, LANE_COLUMNS, NORMALIZED_COLUMNS
from blotquant.figures import overlay_png, page_picture
from blotquant.flags import FLAG_MEANING, Flag
from blotquant.html_report import write_report
from blotquant.html_report.pictures import overlay_picture
from blotquant.model import Band, BandRow, Blot, Lane, Layout, Panel, Profile
from blotquant.outcome import ImageOutcome, RunOutcome
from blotquant.recipe import Recipe
from blotquant.result import BandMeasurement, LaneMeasurement, Result
from blotquant.tables import joined, table_of

SHAPE = (120, 160)
NET = 123456.78901
HOSTILE = (
    "<script>document.title='owned'</script>.tif",
    '"><img src=x onerror="document.title=1">.tif',
    "'onmouseover='document.title=1.tif",
    "</style><svg onload=document.title=1>.tif",
    "{{ 7 * 7 }}{% raw %}.tif",
    "javascript:document.title=1.tif",
    "\u202etxt.exe\udcff.tif",
)
LOADING = {"src", "srcset", "poster", "data", "background", "action", "formaction", "xlink:href"}
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Page(HTMLParser):
    """What a browser would make of a page: elements, texts, and whether all are closed."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.source = Path(path).read_bytes().decode("utf-8")
        self.elements, self.texts, self._open = [], [], []
        self.feed(self.source)
        self.close()
        assert not self._open, f"not closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if not {"style", "script"} & set(self._open):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]


def table(columns, rows):
    """The contract's columns, empty where a row says nothing."""
    usual = {"text": "", "integer": 1, "number": math.nan, "boolean": False}
    filled = [{c.name: row.get(c.name, usual[c.kind]) for c in columns} for row in rows]
    return table_of(filled, columns)


def measured_band(band, net, flags):
    middle = (band.start + band.stop) / 2
    return BandMeasurement(
        band, middle, 40.0, band.stop - band.start, 20.0, 400.0, net + 1000, 1000.0, net, net / 50,
        net / 100, 50.0, 0.0, 300.0, flags,
    )  # fmt: skip


def measured_lane(lane, bands, flags):
    rows = np.arange(SHAPE[0], dtype=float)
    width = np.full(rows.shape, lane.width)
    peak = 100 * np.exp(-0.5 * ((rows - 60) / 5) ** 2)
    profile = Profile(rows, (peak + 50) * width, width, width)
    found = tuple(measured_band(band, NET, flags) for band in bands)
    return LaneMeasurement(lane.id, profile, 50 * width, width, found, NET)


def result_of(image, flags=Flag.NONE, lanes=3, net=NET):
    lanes = tuple(
        Lane(f"l{i}", "p", ((0, 30 + 40 * i), (119, 30 + 40 * i)), 20, label=f"dose {i}")
        for i in range(lanes)
    )
    bands = tuple(Band(lane.id, "r", 45, 75) for lane in lanes)
    layout = Layout((Panel("p"),), lanes, (BandRow("r"),), bands)
    records = [
        {
            "image": image, "lane": n, "lane_label": lane.label, "lane_kind": "sample",
            "net_density": net * n, "net_density_err": 12.5, "snr": 50.0, "flags": str(flags),
            "detection_limit": 321.0, "integrated_density": NET + 1000, "background": 1000.0,
            "background_method": "lane", "layout_source": "auto", "quantification": "sum",
        }
        for n, lane in enumerate(lanes, 1)
    ]  # fmt: skip
    return Result(
        image,
        layout,
        table(BAND_COLUMNS, records),
        table(LANE_COLUMNS, [{"image": image, "lane": n} for n in range(1, len(lanes) + 1)]),
        {
            lane.id: measured_lane(lane, [band], flags)
            for lane, band in zip(lanes, bands, strict=True)
        },
        Recipe(),
        {"image": {"sha256": "ab" * 32, "format": "TIFF, uint16", "shape": list(SHAPE)}},
    )


def outcome_of(folder, number, image, **more):
    result = result_of(image, **more)
    overlay = folder / "overlays" / f"{number}.png"
    overlay.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 4000, SHAPE, dtype=np.uint16)
    overlay.write_bytes(overlay_png(Blot(pixels), result))
    return ImageOutcome.of(folder / f"{number}.tif", result, overlay=overlay)


def run_of(folder, images, recipe=None, normalized=(), messages=()):
    recipe = recipe or Recipe()
    results = [image.result for image in images if image.result is not None]
    return RunOutcome(
        tuple(images),
        joined((r.table for r in results), BAND_COLUMNS),
        joined((r.lanes for r in results), LANE_COLUMNS),
        table(NORMALIZED_COLUMNS, normalized),
        tuple(messages),
        recipe,
        report.run_provenance(images, recipe, messages, datetime.now(UTC)),
        folder,
    )


def ratio(lane, value=1.5, **more):
    return {
        "membrane": "M1", "target": "P53", "lane": lane, "loading_control": "beta-actin",
        "normalized_density": value, "normalized_density_measurement_se": 0.1, **more,
    }  # fmt: skip


@pytest.fixture
def page(tmp_path):
    """Writes the report of a run and reads it back."""

    def write(images=("M1_P53.tif",), **more):
        outcomes = [
            image
            if isinstance(image, ImageOutcome)
            else outcome_of(tmp_path, number, image)
            for number, image in enumerate(images, 1)
        ]  # fmt: skip
        path = write_report(tmp_path, run_of(tmp_path, outcomes, **more))
        assert path == tmp_path / "report.html"
        return Page(path)

    return write


def lost(image, status, reason):
    error = "NothingFound" if status == "skipped" else "UnreadableImage"
    return ImageOutcome(image, Path(image), status, error=error, reason=reason)


class TestContent:
    def test_every_image_is_there_with_its_overlay(self, page):
        names = [f"M{n}_P53.tif" for n in range(1, 4)]
        written = page(names)
        shown = [attrs["src"] for attrs in written.all("img")]
        assert len(set(shown)) == 3
        for name in names:
            assert name in written.text
        for uri in shown:
            kind, _, data = uri.partition(";base64,")
            assert kind in ("data:image/png", "data:image/jpeg", "data:image/webp")
            image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
            assert image.shape[1] <= 1200

    def test_wide_overlays_are_reduced(self, page, tmp_path):
        outcome = outcome_of(tmp_path, 1, "a.tif")
        wide = cv2.imencode(".png", np.zeros((50, 3000, 3), np.uint8))[1]
        outcome.overlay.write_bytes(wide.tobytes())
        (attrs,) = page([outcome]).all("img")
        data = base64.b64decode(attrs["src"].partition(",")[2])
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape[:2] == (20, 1200)

    def test_what_was_made_when_measured_is_what_the_overlay_gives(self, tmp_path):
        outcome = outcome_of(tmp_path, 1, "a.tif")
        pixels = cv2.imread(str(outcome.overlay))
        known = replace(outcome, picture=asdict(page_picture(pixels, many=True)))
        fresh = overlay_picture(outcome, outcome.result, many=True)
        assert overlay_picture(known, outcome.result, many=True) == fresh
        outcome.overlay.unlink()
        assert overlay_picture(known, outcome.result, many=True) == fresh
        assert overlay_picture(known, outcome.result, many=False) is None

    @pytest.mark.parametrize("damage", ["gone", "broken", "none"])
    def test_a_missing_overlay_is_no_error(self, page, tmp_path, damage):
        outcome = outcome_of(tmp_path, 1, "a.tif")
        if damage == "gone":
            outcome.overlay.unlink()
        if damage == "broken":
            outcome.overlay.write_bytes(b"\x89PNG\r\n")
        if damage == "none":
            outcome = replace(outcome, overlay=None)
        assert not page([outcome]).all("img")

    def test_numbers_have_four_digits_and_all_of_them_on_hovering(self, page):
        written = page()
        assert re.search(r"123.500|123.457", written.text)
        titles = [attrs.get("title", "") for attrs in written.all("td")]
        assert "123456.789" in titles

    def test_profiles_are_drawn_for_every_lane(self, page):
        drawn = [a for a in page().all("svg") if "lane" in (a.get("aria-label") or "").lower()]
        assert len(drawn) >= 3

    def test_long_profiles_are_thinned(self, page, tmp_path):
        outcome = outcome_of(tmp_path, 1, "a.tif")
        rng = np.random.default_rng(0)
        lanes = {}
        for name, lane in outcome.result.measurements.items():
            rows = np.arange(20000.0)
            width = np.ones_like(rows)
            noisy = Profile(rows, rng.normal(100, 20, rows.size), width, width)
            lanes[name] = replace(lane, profile=noisy, baseline=width, baseline_variance=width)
        outcome = replace(outcome, result=outcome.result.replace(measurements=lanes))
        written = page([outcome])
        curves = [a.get("d") or a.get("points") for _, a in written.elements]
        longest = max(text.count(",") for text in curves if text)
        assert 50 < longest <= 620  # a band's outline is there and back again

    def test_flags_are_told_in_words_with_their_number(self, page, tmp_path):
        outcomes = [outcome_of(tmp_path, 1, "a.tif", flags=Flag.SATURATED | Flag.EIGHT_BIT)]
        written = page(outcomes)
        for flag in (Flag.SATURATED, Flag.EIGHT_BIT):
            assert FLAG_MEANING[flag] in written.text
        assert "3 bands of 3" in written.text
        assert written.text.index(FLAG_MEANING[Flag.SATURATED]) < written.text.index("dose 0")
        assert FLAG_MEANING[Flag.LOSSY] not in written.text

    def test_what_is_odd_about_a_band_that_is_not_there_alarms_nobody(self, page, tmp_path):
        flags = Flag.BELOW_DETECTION | Flag.EDGE_CUT
        written = page([outcome_of(tmp_path, 1, "a.tif", flags=flags)])
        assert FLAG_MEANING[Flag.BELOW_DETECTION] in written.text
        assert "look at this" not in written.text
        assert "3 bands of 3" in written.text

    def test_the_control_that_was_taken_is_news_not_trouble(self, page):
        written = page(messages=["normalized to GAPDH", "lanes do not pair"])
        points = [a.get("class") for a in written.all("li") if "serious" in (a.get("class") or "")]
        assert len(points) == 1
        assert "Normalized to GAPDH." in written.text

    def test_a_band_below_detection_shows_its_limit_not_a_value(self, page, tmp_path):
        written = page([outcome_of(tmp_path, 1, "a.tif", flags=Flag.BELOW_DETECTION, net=30.0)])
        assert "< 321" in written.text
        assert "< 90" not in written.text

    def test_what_hides_a_band_is_its_limit(self, page, tmp_path):
        written = page([outcome_of(tmp_path, 1, "a.tif", flags=Flag.BELOW_DETECTION)])
        assert "< 321" not in written.text
        assert re.search(r"< 1\D?23\D?\d", written.text)

    def test_normalized_densities_are_drawn_and_listed(self, page):
        ratios = [ratio(n, n / 2) for n in (1, 2, 3)] + [ratio(4, math.nan)]
        written = page(normalized=ratios)
        assert "beta-actin" in written.text
        assert len([a for a in written.all("rect") if a.get("fill") == "#0072B2"]) == 3
        assert "nan" not in written.text.lower().split()

    def test_a_ratio_of_an_image_that_is_not_there_is_no_error(self, page):
        assert (
            "elsewhere.tif"
            in page(normalized=[ratio(1, image="elsewhere.tif", flags="SATURATED")]).text
        )

    def test_without_a_control_the_page_says_how_to_name_one(self, page):
        message = "no loading control: name one with --loading-control NAME"
        assert message in page(messages=[message]).text.replace("No loading", "no loading")

    def test_failures_and_skipped_images_have_their_reasons(self, page):
        written = page(
            ["a.tif", lost("bad.tif", "failed", "is cut off"), lost("d.tif", "skipped", "dots")]
        )
        for text in ("bad.tif", "is cut off", "d.tif", "dots"):
            assert text in written.text

    def test_changed_settings_are_marked(self, page):
        written = page(recipe=Recipe.of(background="valley"))
        changed = [a for a in written.all("tr") if "changed" in (a.get("class") or "")]
        assert len(changed) == 1
        assert "valley" in written.text

    def test_hashes_and_versions_are_there(self, page):
        written = page()
        assert "ab" * 32 in written.text
        assert np.__version__ in written.text

    def test_warnings_of_an_image_are_told(self, page, tmp_path):
        outcome = replace(outcome_of(tmp_path, 1, "a.tif"), warnings=("the ladder is mirrored",))
        assert "ladder is mirrored" in page([outcome]).text

    @pytest.mark.parametrize(("count", "is_open"), [(12, True), (13, False)])
    def test_many_images_are_folded_up(self, page, count, is_open):
        written = page([f"{n}.tif" for n in range(count)])
        blots = [a for a in written.all("details") if (a.get("id") or "").startswith("image")]
        assert [("open" in a) for a in blots] == [is_open] * count

    def test_an_empty_run_has_a_report(self, page):
        assert page([]).text

    def test_only_failures_have_a_report(self, page):
        assert "is cut off" in page([lost("bad.tif", "failed", "is cut off")]).text


class TestSafety:
    def hostile_run(self, tmp_path, page):
        outcomes = [outcome_of(tmp_path, n, name) for n, name in enumerate(HOSTILE)]
        outcomes += [lost(f"x/{name}", "failed", f"{name}: broken") for name in HOSTILE]
        outcomes[0] = replace(outcomes[0], warnings=HOSTILE)
        ratios = [ratio(1, membrane=name, target=name, lane_label=name) for name in HOSTILE]
        return page(outcomes, normalized=ratios, messages=HOSTILE)

    def test_names_are_only_text(self, page, tmp_path):
        written = self.hostile_run(tmp_path, page)
        harmless = page()
        assert {tag for tag, _ in written.elements} - {tag for tag, _ in harmless.elements} <= {
            "ul", "li", "rect", "figure", "title", "tr", "h3", "g", "text", "figcaption", "div"
        }  # fmt: skip
        assert len(written.all("script")) == 1
        assert not [name for _, attrs in written.elements for name in attrs if name[:2] == "on"]
        for name in HOSTILE[:-1]:
            assert name in "".join(written.texts)

    def test_links_stay_on_the_page(self, page, tmp_path):
        written = self.hostile_run(tmp_path, page)
        ids = [a["id"] for _, a in written.elements if "id" in a]
        assert len(ids) == len(set(ids))
        for link in written.all("a"):
            assert link["href"].startswith("#")
            assert link["href"][1:] in ids

    def test_nothing_is_loaded(self, page, tmp_path):
        written = self.hostile_run(tmp_path, page)
        for tag, attrs in written.elements:
            for name in LOADING & set(attrs):
                assert attrs[name].startswith("data:image/"), (tag, name)
            assert "style" not in attrs, "the policy does not allow it"
            if tag == "link":
                pytest.fail("a link element loads something")
        style = re.search(r"<style>(.*?)</style>", written.source, re.DOTALL)[1]
        assert "url(" not in style
        assert "@import" not in style

    def test_the_policy_allows_only_what_is_in_the_page(self, page):
        metas = {a.get("http-equiv"): a.get("content") for a in page().all("meta")}
        policy = metas["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "img-src data:" in policy
        assert "http" not in policy
        assert "*" not in policy

    def test_a_failing_disk_leaves_the_old_report(self, page, tmp_path, monkeypatch):
        page()
        before = (tmp_path / "report.html").read_bytes()

        def full(self, target):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(Exception, match="No space left"):
            page(["other.tif"])
        assert (tmp_path / "report.html").read_bytes() == before


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")
PROBE = """<script>
addEventListener("load", () => {
  const heads = [...document.querySelectorAll("th button")];
  const net = heads.find((head) => head.textContent.startsWith("Net density"));
  const table = net.closest("table"), column = net.closest("th").cellIndex;
  const values = () => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
  const first = values(); net.click(); net.click();
  const turned = values();
  document.body.dataset.sorted = String(first.join() === turned.reverse().join());
  const wide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
  document.body.dataset.wide = String(wide);
});
</script>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH to open the report with")
class TestInABrowser:
    def browse(self, path, profile, width=1280):
        command = [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--disable-background-networking", "--disable-sync", "--no-first-run",
            f"--user-data-dir={profile}", f"--window-size={width},900", "--enable-logging=stderr",
            "--virtual-time-budget=3000", "--dump-dom", Path(path).as_uri(),
        ]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)

    def test_no_errors_and_names_stay_inert(self, page, tmp_path):
        TestSafety().hostile_run(tmp_path, page)
        seen = self.browse(tmp_path / "report.html", tmp_path / "profile")
        assert "CONSOLE" not in seen.stderr
        assert "owned" not in re.search(r"<title>(.*?)</title>", seen.stdout)[1]

    @pytest.mark.parametrize("width", [1280, 500])
    def test_tables_sort_and_the_page_fits(self, page, tmp_path, width):
        """A probe is added to the page, with the policy taken away that would keep it out."""
        written = page(["M1_P53.tif"], normalized=[ratio(n) for n in range(1, 31)])
        source = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", written.source)
        probed = tmp_path / "probed.html"
        probed.write_text(source.replace("</body>", PROBE + "</body>"), encoding="utf-8")
        seen = self.browse(probed, tmp_path / "profile", width)
        assert 'data-sorted="true"' in seen.stdout
        assert 'data-wide="false"' in seen.stdout
