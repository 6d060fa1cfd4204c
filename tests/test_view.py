"""`blotquant view` without a GUI: what is missing is said in one line."""

import importlib

import pytest

from blotquant.cli import main, window


def test_a_path_that_is_not_there(capsys):
    assert main(["view", "nowhere.tif"]) == 3
    assert "nowhere.tif: there is no such file or folder" in capsys.readouterr().err


def test_without_napari_it_says_how_to_install_it(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError("No module named 'napari'", name="napari")

    monkeypatch.setattr(window, "import_module", missing)
    assert main(["view"]) == 1
    assert "pip install 'blotquant[napari]'" in capsys.readouterr().err


def test_the_paths_reach_the_window(monkeypatch, tmp_path):
    opened = []

    class Module:
        @staticmethod
        def view(paths):
            opened.extend(paths)
            return 0

    monkeypatch.setattr(window, "import_module", lambda name: Module)
    assert main(["view", str(tmp_path)]) == 0
    assert opened == [tmp_path]


def test_the_window_is_where_the_plugin_says():
    pytest.importorskip("napari", reason="napari is not installed")
    assert callable(importlib.import_module(window._home()).view)
