"""One table of keys: every action is there, and no key means two things."""

import pytest

pytestmark = pytest.mark.usefixtures("gui")


def test_each_key_means_one_thing():
    from blotquant_napari.keys import bindings

    keys = [key for key, _ in bindings()]
    assert len(set(keys)) == len(keys)


def test_each_action_is_there():
    from blotquant_napari.actions import ACTIONS
    from blotquant_napari.keys import KEYS

    of_the_panel = {"next", "help", "target_row"}
    assert {entry.action for entry in KEYS if entry.keys} == set(ACTIONS) | of_the_panel


def test_the_help_lists_all_of_it():
    from blotquant_napari.help_overlay import help_html
    from blotquant_napari.keys import KEYS

    text = help_html()
    assert all(entry.meaning in text for entry in KEYS)
