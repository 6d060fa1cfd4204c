"""From S3 and to S3, against a server on loopback: the same bytes as on this machine."""

import json
import signal
import subprocess
import sys
import time

from blotquant.batch import analyze_folder


def test_the_tables_are_those_of_a_folder(bucket, here, plain):
    name, store = bucket
    store.pipe_file(f"{name}/blots/.hidden.tif", b"no image")
    store.pipe_file(f"{name}/blots/notes.docx", b"no image")
    run = analyze_folder(f"s3://{name}/blots", out=f"s3://{name}/out", **plain)
    assert run.url == f"s3://{name}/out"
    assert {table: store.cat_file(f"{name}/out/{table}") for table in here} == here
    provenance = json.loads(store.cat_file(f"{name}/out/provenance.json"))
    assert provenance["complete"]
    there = {path.removeprefix(f"{name}/out/") for path in store.find(f"{name}/out")}
    assert set(provenance["files"]) <= there
    assert not any("journal-" in path for path in there)


def test_a_missing_object_is_a_failed_image(bucket, tmp_path, plain):
    name, _ = bucket
    urls = tmp_path / "urls.txt"
    urls.write_text(
        f"# two\ns3://{name}/blots/M2_P53.tif\ns3://{name}/blots/M1_P53.tif\n"
        f"s3://{name}/blots/gone.tif\n"
    )
    run = analyze_folder(urls, out=tmp_path / "out", **plain)
    assert [(one.image, one.status) for one in run.images] == [
        ("gone.tif", "failed"),
        ("M1_P53.tif", "measured"),
        ("M2_P53.tif", "measured"),
    ]
    assert run.images[0].reason == (
        f"gone.tif: cannot be fetched: s3://{name}/blots/gone.tif: there is no such file or folder"
    )


def test_a_killed_run_is_taken_up_by_another_machine(
    bucket, blots, here, plain, tmp_path, monkeypatch
):
    name, store = bucket
    count = len(list(blots.glob("*.tif")))
    out = f"{name}/out"
    command = [sys.executable, "-m", "blotquant", "run", f"s3://{name}/blots", "-o", f"s3://{out}"]
    slow = (
        "import sys, time; from blotquant.batch import worker; from blotquant.cli import main\n"
        "before = worker.measure_file\n"
        "def slowly(job):\n time.sleep(1); return before(job)\n"
        "worker.measure_file = slowly; sys.exit(main(sys.argv[1:]))"
    )
    command[1:3] = ["-c", slow]
    process = subprocess.Popen(
        [*command, "--no-overlays", "--no-integrity", "--no-study", "--jobs", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + 60
        while not store.glob(f"{out}/.blotquant/journal-*.jsonl"):
            assert process.poll() is None
            assert time.monotonic() < limit
            time.sleep(0.2)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not json.loads(store.cat_file(f"{out}/provenance.json"))["complete"]
    assert not store.exists(f"{out}/bands.csv")
    done = sum(len(store.cat_file(path).splitlines()) for path in store.glob(f"{out}/.b*/journal*"))
    assert 0 < done < count

    monkeypatch.setenv("BLOTQUANT_CACHE", str(tmp_path / "another"))
    seen = []
    analyze_folder(
        f"s3://{name}/blots",
        out=f"s3://{out}",
        resume=True,
        progress=lambda number, total, image: seen.append(image),
        **plain,
    )
    assert len([image for image in seen if image]) == count - done
    assert {table: store.cat_file(f"{out}/{table}") for table in here} == here
