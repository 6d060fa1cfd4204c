"""Settings: one object, TOML in and out, and all faults told at once."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from blotquant.errors import RecipeError
from blotquant.recipe import Recipe


def written(folder, text):
    path = folder / "my recipe.toml"
    path.write_text(text, encoding="utf-8")
    return path


RECIPES = st.builds(
    Recipe.of,
    polarity=st.sampled_from(["auto", "dark_on_light", "light_on_dark"]),
    orientation=st.sampled_from(["0", "90", "180", "270", "mirror"]),
    ceiling=st.none() | st.floats(1, 1e6),
    lane_count=st.none() | st.integers(1, 200),
    lane_width=st.none() | st.floats(2, 500),
    sensitivity=st.floats(3, 1000),
    background=st.sampled_from(["lane", "valley", "rolling_ball", "my own"]),
    radius=st.none() | st.floats(0.5, 500),
    border=st.integers(1, 5),
    loading_control=st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8),
    reference_lanes=st.lists(st.integers(1, 40), max_size=4).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(recipe=RECIPES)
def test_what_is_written_is_read_back(tmp_path, recipe):
    assert Recipe.from_toml(written(tmp_path, recipe.to_toml())) == recipe


def test_every_setting_is_written_with_its_meaning_and_unit():
    text = Recipe().to_toml()
    for section, settings_of in Recipe().model_dump().items():
        assert f"[{section}]" in text
        for key in settings_of:
            model = Recipe.model_fields[section].annotation
            field = model.model_fields[key]
            assert f"{key} = " in text
            assert f"# {field.description}" in text
            unit = (field.json_schema_extra or {}).get("unit")
            assert unit is None or f"{field.description} [{unit}]" in text


def test_keys_that_are_left_out_keep_their_defaults(tmp_path):
    recipe = Recipe.from_toml(written(tmp_path, "[finding]\nlane_count = 8\n"))
    assert recipe == Recipe.of(lane_count=8)
    assert Recipe.from_toml(written(tmp_path, "")) == Recipe()


def test_a_byte_order_mark_is_no_fault(tmp_path):
    assert (
        Recipe.from_toml(written(tmp_path, "\ufeff[finding]\nlane_count = 8\n")).finding.lane_count
        == 8
    )


def test_all_faults_come_at_once(tmp_path):
    path = written(
        tmp_path,
        '[finding]\nsensitivity = 1\nlane_cuont = 3\n[background]\nborder = "thick"\n[finidng]\n',
    )
    with pytest.raises(RecipeError) as refusal:
        Recipe.from_toml(path)
    said = str(refusal.value)
    assert said.startswith("my recipe.toml: ")
    assert "\n" not in said
    assert "finding.sensitivity = 1" in said
    assert "greater than or equal to 3" in said
    assert "[finding] there is no setting 'lane_cuont' - did you mean 'lane_count'?" in said
    assert "background.border = 'thick'" in said
    assert "there is no setting 'finidng' - did you mean 'finding'?" in said


def test_what_is_far_from_any_setting_gets_the_list():
    with pytest.raises(RecipeError, match=r"no setting 'xyzzy' \(known: .*sensitivity"):
        Recipe.of(xyzzy=1)


def test_options_tell_all_their_faults_too():
    with pytest.raises(RecipeError) as refusal:
        Recipe.of(lane_cuont=3, sensitivty=5)
    assert "'lane_count'" in str(refusal.value)
    assert "'sensitivity'" in str(refusal.value)
    with pytest.raises(RecipeError) as refusal:
        Recipe.of(lane_count=0, border=9, polarity="upside down")
    for key in ("lane_count", "border", "polarity"):
        assert key in str(refusal.value)


def test_options_change_what_they_name_and_nothing_else():
    base = Recipe.of(lane_count=8, background="valley")
    changed = Recipe.of(base, sensitivity=7)
    assert changed.finding.sensitivity == 7
    assert changed.finding.lane_count == 8
    assert changed.background.method == "valley"
    assert Recipe.of(base, lane_count=None, background="lane") == Recipe()
    assert Recipe.of(normalization="none").normalization.method == "none"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "many"])
def test_numbers_are_numbers(value):
    with pytest.raises(RecipeError, match="sensitivity"):
        Recipe.of(sensitivity=value)


def test_a_recipe_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Recipe().finding.sensitivity = 7


@pytest.mark.parametrize("text", ["[finding\n", "lane_count: 3", "[finding]\na = 1\na = 2\n"])
def test_what_is_not_toml_is_refused_in_one_line(tmp_path, text):
    with pytest.raises(RecipeError, match=r"my recipe\.toml: is not a TOML file") as refusal:
        Recipe.from_toml(written(tmp_path, text))
    assert "\n" not in str(refusal.value)


def test_what_is_not_text_or_not_there_is_refused(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RecipeError, match=r"a\.toml: is not a TOML file"):
        Recipe.from_toml(tmp_path / "a.toml")
    with pytest.raises(RecipeError, match=r"b\.toml: cannot be read"):
        Recipe.from_toml(tmp_path / "b.toml")


def test_the_printed_recipe_is_toml():
    tree = tomllib.loads(Recipe().to_toml())
    assert set(tree) == set(Recipe.model_fields)
