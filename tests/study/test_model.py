"""The study file: TOML in and out, all faults at once, what it knows of its membranes."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blotquant.errors import StudyError
from blotquant.study import Study, StudyImage

TEXT = st.text(max_size=12)
NAME = st.text(max_size=8).map(lambda text: f"n{text}")
WORDS = st.lists(NAME, max_size=3).map(tuple)

IMAGES = st.builds(
    StudyImage,
    file=NAME,
    page=TEXT,
    membrane=NAME,
    panel=st.integers(1, 4),
    target=NAME,
    role=st.sampled_from(["target", "loading_control", "total_protein", "ladder"]),
    row=st.none() | st.integers(1, 9),
    order=st.none() | st.integers(1, 9),
    antibody=TEXT,
    dilution=TEXT,
    rrid=TEXT,
    shared_control=st.booleans(),
)
STUDIES = st.builds(
    Study.parse,
    st.fixed_dictionaries(
        {
            "title": TEXT,
            "question": TEXT,
            "reference_group": st.sampled_from(["+", "-", "-80C", "=x", "control", ""]),
            "pairing": st.sampled_from(["paired", "independent", "unknown"]),
            "complete": st.booleans(),
            "normalization": st.fixed_dictionaries({"method": NAME, "loading_controls": WORDS}),
            "statistics": st.fixed_dictionaries({"alpha": st.floats(0.001, 0.5), "factors": WORDS}),
            "membrane": st.lists(
                st.fixed_dictionaries({"id": NAME, "strips": st.booleans(), "note": TEXT}),
                max_size=2,
            ),
            "image": st.lists(IMAGES, max_size=3),
            "exclude": st.lists(
                st.fixed_dictionaries(
                    {"membrane": NAME, "lane": st.integers(1, 40), "reason": NAME}
                ),
                max_size=2,
            ),
            "comparison": st.lists(
                st.fixed_dictionaries(
                    {
                        "name": NAME,
                        "group": st.lists(NAME, min_size=1, max_size=2),
                        "reference": NAME,
                        "where": st.dictionaries(NAME, TEXT, max_size=2),
                    }
                ),
                max_size=2,
            ),
            "dose": st.lists(
                st.fixed_dictionaries({"target": st.lists(NAME, min_size=1, max_size=2)}),
                max_size=2,
            ),
        }
    ),
)


def written(folder, text):
    path = folder / "study.toml"
    path.write_bytes(text.encode())
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(study=STUDIES)
def test_what_is_written_is_read_back(tmp_path, study):
    path = written(tmp_path, study.to_toml(["a note\nof two lines"]))
    assert Study.from_toml(path) == study
    assert Study.from_toml(path).to_toml() == study.to_toml()


def test_every_key_is_explained():
    image = StudyImage(file="a.tif", membrane="M", target="P53")
    text = Study(image=(image,)).to_toml()
    for model in (Study, StudyImage):
        for name, field in model.model_fields.items():
            if field.description:
                assert f"# {field.description}\n" in text
                assert f"{name} =" in text
    for block in ("membrane", "exclude", "comparison", "dose"):
        assert f"# [[{block}]]" in text


def test_the_examples_in_comments_are_a_study():
    lines = Study().to_toml().splitlines()
    examples = lines[next(i for i, line in enumerate(lines) if line.startswith("# [[")) :]
    tree = tomllib.loads("\n".join(line.removeprefix("# ") for line in examples))
    study = Study.parse(tree)
    assert [len(getattr(study, name)) for name in tree] == [1] * 6


def test_all_faults_come_at_once_and_name_their_block(tmp_path):
    path = written(
        tmp_path,
        """
titel = "x"
pairing = "pared"
[normalization]
across = "sample"
[[image]]
file = "a.tif"
trget = "P53"
role = "ladder"
[[image]]
file = "b.tif"
membrane = "M1"
target = "P53"
row = 1
mw_kda = 53
[[exclude]]
membrane = "M1"
lane = 0
reason = ""
[[comparison]]
name = "c"
group = []
reference = "control"
""",
    )
    with pytest.raises(StudyError) as refusal:
        Study.from_toml(path)
    said = str(refusal.value)
    assert said.startswith("study.toml: ")
    assert "\n" not in said
    for fault in (
        "there is no setting 'titel' - did you mean 'title'?",
        "pairing = 'pared': input should be",
        "did you mean 'paired'?",
        "[normalization] across = 'sample'",
        "[[image]] 1 (a.tif): membrane is missing",
        "[[image]] 1 (a.tif): there is no setting 'trget' - did you mean 'target'?",
        "[[exclude]] 1: lane = 0",
        "[[exclude]] 1: reason = '': must not be empty",
        "[[comparison]] 1 (c): group = []: must not be empty",
    ):
        assert fault in said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"schema_version = 2", "newer blotquant"),
        (b"title = ", "not a TOML file"),
        (b"\xff\xfe\x00", "not a TOML file"),
        (b"image = 3", "image = 3"),
        (b"image = [3]", "[[image]] 1"),
        (b'[[image]]\nfile="a"\nmembrane="M"\n', "which target"),
    ],
)
def test_a_file_that_cannot_be_is_refused(tmp_path, content, reason):
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(StudyError, match=r"study\.toml") as refusal:
        Study.from_toml(path)
    assert reason in str(refusal.value)


def test_a_missing_file_and_a_byte_order_mark(tmp_path):
    with pytest.raises(StudyError, match="cannot be read"):
        Study.from_toml(tmp_path / "study.toml")
    assert Study.from_toml(written(tmp_path, '\ufefftitle = "β"')).title == "β"


def test_numbers_are_names_and_one_name_is_a_list():
    study = Study.parse(
        {
            "image": [{"file": "a", "membrane": 1, "target": "P53"}],
            "comparison": [
                {"name": "c", "group": "drug", "reference": "0", "where": {"time_h": 24}}
            ],
        }
    )
    assert study.image[0].membrane == "1"
    assert study.comparison[0].group == ("drug",)
    assert study.comparison[0].where == {"time_h": "24"}


def test_a_file_keeps_the_spelling_of_the_disk(tmp_path):
    name = "e\u0301 \u00a0.tif"
    study = Study.parse({"image": [{"file": name, "membrane": "M", "target": "a"}]})
    assert Study.from_toml(written(tmp_path, study.to_toml())).image[0].file == name


def test_what_a_study_knows_of_its_membranes():
    def image(membrane, target, role="target"):
        return {"file": f"{membrane}_{target}.tif", "membrane": membrane, "target": target} | {
            "role": role
        }

    study = Study.parse(
        {
            "normalization": {"loading_controls": ["ACTB"]},
            "membrane": [{"id": "M2"}],
            "image": [
                image("M1", "NF-kB"),
                image("M1", "β-actin", "loading_control"),
                image("M1", "GAPDH", "loading_control"),
                image("M1", "REVERT", "total_protein"),
                image("M2", "NFκB"),
                image("M2", "P53"),
            ],
        }
    )
    assert study.membranes() == ("M2", "M1")
    assert study.targets() == ("NF-kB", "P53")
    assert [i.target for i in study.images_of("M2")] == ["NFκB", "P53"]
    assert [i.target for i in study.controls_of("M1")] == ["β-actin", "REVERT"]
    assert study.controls_of("M2") == ()
