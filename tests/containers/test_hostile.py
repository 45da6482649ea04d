"""Submissions that attack: each ends in its documented verdict, nothing leaks, the host is unharmed.

Every test is one attack and tells how it works. `suspect` runs it in a real container and checks afterwards, each
time, that no container, volume or stray file is left (tests/containers/attacks.py).
"""

from __future__ import annotations

import json
import os
import pickle
import re
import socket
import struct
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load, save_file

from lovt_bench.benchmark.backbone.folder import read_manifest
from lovt_bench.benchmark.contract.events import LogLine
from lovt_bench.benchmark.contract.verdict import RunVerdict, Verdict
from lovt_bench.benchmark.disk.digest import file_sha256
from lovt_bench.benchmark.runtime.identity import security_options
from lovt_bench.benchmark.runtime.outputs import RECORDS
from tests.containers.attacks import KNOWN, NAME, Suspect

GOOD = "mkdir /output/backbone; cp /input/good/* /output/backbone/\n"
"""Leaves a backbone that nothing is wrong with."""


@pytest.fixture
def changed(good: Path, tmp_path: Path) -> Path:
    """A copy of the good backbone, to be spoilt."""
    folder = tmp_path / "changed"
    folder.mkdir()
    for path in good.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def declare(folder: Path, **fields: object) -> None:
    """Change fields of a manifest; digests are made to fit the files."""
    manifest = json.loads((folder / "backbone.json").read_text())
    for name, digest in (("backbone.safetensors", "weights_sha256"), ("backbone.onnx", "onnx_sha256")):
        manifest[digest] = file_sha256(folder / name) if (folder / name).exists() else None
    (folder / "backbone.json").write_text(json.dumps({**manifest, **fields}))


# --- a good one first: the verdicts below are not those of a harness that refuses everything


def test_the_same_container_without_an_attack_succeeds(suspect: Suspect, good: Path):
    """No attack: the files that the others spoil are taken over as they are."""
    after = suspect(GOOD, files={"good": good})
    assert after.verdict is Verdict.SUCCESS, after.message
    assert sorted(path.name for path in after.root.iterdir()) == [
        "backbone.json", "backbone.onnx", "backbone.safetensors",
    ]  # fmt: skip
    assert (after.root / "backbone.safetensors").read_bytes() == (good / "backbone.safetensors").read_bytes()
    filed = RunVerdict.model_validate_json(
        (after.workspace / "pretraining" / RECORDS / f"{NAME}.verdict.json").read_bytes()
    )
    assert filed == after.result.verdict


# --- out of the box


def test_it_opens_a_socket(suspect: Suspect):
    """Connects to a server of the host on the loopback address, then to the outside by number: there is no network."""
    server = socket.create_server(("0.0.0.0", 0))
    port = server.getsockname()[1]
    reached: list[bool] = []
    server.settimeout(8)

    def serve() -> None:
        try:
            server.accept()
            reached.append(True)
        except OSError:
            pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    after = suspect(
        "python3 - <<'X'\n"
        "import os, socket\n"
        f"for host, port in (('127.0.0.1', {port}), ('172.17.0.1', {port}), ('1.1.1.1', 53)):\n"
        "    try:\n"
        "        socket.create_connection((host, port), timeout=2)\n"
        "        print('reached', host)\n"
        "    except OSError as error:\n"
        "        print('failed', host, error)\n"
        "print('interfaces', [name for _, name in socket.if_nameindex()])\n"
        "raise SystemExit(1)\n"
        "X\n"
    )
    server.close()
    assert after.verdict is Verdict.FAILED
    assert not reached
    assert "reached" not in after.log
    assert after.log.count("failed") == 3
    assert "interfaces ['lo']" in after.log


def test_it_resolves_a_name(suspect: Suspect):
    """Asks the resolver for a name, which would carry data out through DNS even where connections are filtered."""
    after = suspect("python3 -c \"import socket; socket.getaddrinfo('example.org', 80)\"")
    assert after.verdict is Verdict.FAILED
    assert "gaierror" in after.log
    assert "a container has no network: put the files that it loads into WORKSPACE/assets" in after.message
    assert after.message.endswith("sees as /assets")


def test_its_crash_after_a_flood_is_in_the_log_and_shown(suspect: Suspect):
    """No attack: 30 MB of output and then a traceback, which is what its author needs."""
    code = "for n in range(300_000): print(n, 'x' * 95)\nraise ValueError('the bug')"
    after = suspect(f'exec python3 -c "{code}"', limits={"seconds": 60})
    assert after.verdict is Verdict.FAILED, after.message
    lines = after.log.splitlines()
    assert lines[0] == "0 " + "x" * 95
    assert "ValueError: the bug" in lines
    assert "299999 " + "x" * 95 in lines
    assert len(after.log) < 60_000
    assert after.heard[-1] == LogLine("ValueError: the bug")


def test_what_it_left_is_rejected_and_made_again_from_its_checkpoint(suspect: Suspect, good: Path):
    """No attack: a wrong name in the last line does not cost the training."""
    wrong = suspect("cp -r /input/good /output/checkpoints; mkdir /output/backbones", files={"good": good})
    assert wrong.verdict is Verdict.REJECTED, wrong.message
    assert "left no folder backbone/" in wrong.message
    assert "its checkpoints are kept: the same command with --resume goes on" in wrong.message
    mended = suspect(
        "cp -r /output/checkpoints /output/backbone; touch /output/x",
        limits={"output_bytes": 400 << 20},
        resume=True,
    )
    assert mended.verdict is Verdict.SUCCESS, mended.message
    assert any(each.message.startswith("removed x (") for each in mended.result.findings)


def test_it_forks_without_end(suspect: Suspect):
    """A fork bomb: every process starts two more. The limit of processes holds it, the time limit ends it."""
    suspect.needs("processes")
    processes = sum(1 for _ in Path("/proc").iterdir())
    after = suspect(
        "bomb() { bomb | bomb & sleep 9; }; while :; do bomb 2>/dev/null || :; done", limits={"seconds": 2}
    )
    assert after.verdict in (Verdict.TIMEOUT, Verdict.FAILED), after.message
    assert sum(1 for _ in Path("/proc").iterdir()) < processes + 60


def test_it_eats_memory(suspect: Suspect):
    """Allocates without end: the kernel kills it at the container's limit, the machine does not swap."""
    suspect.needs("memory")
    after = suspect("python3 -c 'x = []\nwhile True: x.append(bytearray(1 << 20))'")
    assert after.verdict is suspect.word_of_memory, after.message
    assert after.result.verdict.exit_code == 137
    assert (
        after.result.verdict.peak_memory_bytes is None or after.result.verdict.peak_memory_bytes <= 96 << 20
    )


def test_a_child_of_it_eats_memory(suspect: Suspect):
    """Only a child is killed for want of memory, and the parent fails with a code of its own: still out of memory."""
    suspect.needs("memory")
    after = suspect("python3 -c 'x = bytearray(1 << 30)' || exit 3")
    assert after.verdict is suspect.word_of_memory, after.message
    assert after.result.verdict.exit_code == 3


def test_it_hides_memory_in_files(suspect: Suspect):
    """Fills /tmp and /dev/shm, which are memory: both are small, and count towards the limit."""
    suspect.needs("size of /tmp")
    after = suspect(
        "for d in /tmp /dev/shm; do head -c 20000000 /dev/zero > $d/x || echo full $d; done; exit 1"
    )
    assert after.verdict is Verdict.FAILED
    assert "full /tmp" in after.log
    assert "full /dev/shm" in after.log


def test_it_fills_the_disk_with_one_file(suspect: Suspect):
    """Writes one endless file to /output: the kernel ends it at the limit of a single file."""
    after = suspect("cat /dev/zero > /output/big", limits={"output_bytes": 20 << 20})
    assert after.verdict in (Verdict.OUTPUT_TOO_LARGE, Verdict.FAILED), after.message
    assert not (after.workspace / "pretraining" / NAME).exists()


def test_it_fills_the_disk_with_many_files(suspect: Suspect):
    """Writes file after file to /output, each below the limit of one: the harness counts and kills."""
    script = "i=0; while :; do i=$((i + 1)); head -c 1000000 /dev/zero > /output/$i; done"
    after = suspect(script, limits={"output_bytes": 20 << 20, "output_files": 10_000})
    assert after.verdict is Verdict.OUTPUT_TOO_LARGE, after.message
    assert "more than 20 MiB" in after.message
    assert not (after.workspace / "pretraining" / NAME).exists()


def test_it_fills_the_disk_with_empty_files(suspect: Suspect):
    """Uses up the file system's file numbers, not its bytes."""
    after = suspect("i=0; while :; do i=$((i + 1)); : > /output/$i; done")
    assert after.verdict is Verdict.OUTPUT_TOO_LARGE, after.message
    assert "more than 200 files" in after.message


def test_it_fills_the_disk_and_is_gone(suspect: Suspect):
    """Writes too much faster than anybody looks, leaves a good exit code: counted once more after the end."""
    script = "for i in 1 2 3; do head -c 15000000 /dev/zero > /output/$i; done"
    after = suspect(script, limits={"output_bytes": 20 << 20})
    assert after.verdict is Verdict.OUTPUT_TOO_LARGE, after.message


def test_it_digs_deep(suspect: Suspect):
    """Nests folders until walking the tree breaks the stack of whoever counts or removes it, and closes them."""
    script = (
        "cd /output; python3 -c \"import os\nfor i in range(3000): os.mkdir('d'); os.chdir('d')\"; "
        "chmod 000 /output/d/d; exit 0"
    )
    after = suspect(script, limits={"output_files": 100_000})
    assert after.verdict is Verdict.OUTPUT_TOO_LARGE, after.message
    assert "nested" in after.message or "looked into" in after.message
    assert not (after.workspace / "pretraining" / NAME).exists()


def test_it_writes_outside(suspect: Suspect, good: Path):
    """Writes to the root, the input, the system, a setuid copy of a shell, and asks for root: all refused."""
    script = (
        "set +e; id -u; for f in /x /input/x /input/good/backbone.json /etc/passwd /usr/bin/x /proc/sysrq-trigger "
        "/sys/kernel/x /dev/x; do (echo x > $f) 2>/dev/null && echo WROTE $f; done; "
        "mknod /output/d b 8 0 2>/dev/null && echo DEVICE; mount -t tmpfs x /tmp 2>/dev/null && echo MOUNTED; "
        "cp /bin/sh /tmp/sh; chmod 4755 /tmp/sh; /tmp/sh -c 'echo RAN' 2>/dev/null; "
        "grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; exit 1"
    )
    before = {path: path.read_bytes() for path in (Path("/etc/passwd"), *good.iterdir())}
    after = suspect(script, files={"good": good})
    assert after.verdict is Verdict.FAILED
    log = after.log
    if "/dev and noexec" in suspect.lacks:
        # Apptainer's /dev, /tmp and /etc/passwd lie in memory, new for each container, and its user may change them.
        log = log.replace("WROTE /dev/x\n", "").replace("WROTE /etc/passwd\n", "").replace("RAN\n", "")
    for word in ("WROTE", "DEVICE", "MOUNTED", "RAN"):
        assert word not in log
    # Id 0 of a rootless engine is a user of this machine who is not root.
    rootless = "rootless" in security_options(suspect.engine.info())
    assert (after.log.splitlines()[0] == "0") is (rootless and os.getuid() != 0)
    status = dict(re.findall(r"(\w+):\s+(\w+)", after.log))
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "0" if "seccomp" in suspect.lacks else "2")
    assert {path: path.read_bytes() for path in before} == before


def test_it_looks_for_the_engine(suspect: Suspect):
    """Looks for the engine's socket, the host's folders and other processes: a submission is handed none of them."""
    script = (
        "set +e; ls /var/run/docker.sock /run/docker.sock /host 2>/dev/null && echo FOUND; ls / | tr '\\n' ' '; echo; "
        "ls /proc | grep -c '^[0-9]'; env | grep ^LOVT_BENCH_; exit 1"
    )
    after = suspect(script)
    assert after.verdict is Verdict.FAILED
    assert "FOUND" not in after.log
    assert str(after.workspace) not in after.log
    assert int(after.log.splitlines()[1]) < 10
    assert "LOVT_BENCH_CONTRACT=1" in after.log


# --- in what it leaves


@pytest.mark.parametrize("name", ["backbone.safetensors", "backbone.onnx", "backbone.json"])
def test_it_leaves_a_link(suspect: Suspect, good: Path, name: str):
    """Leaves a symbolic link to /etc/passwd: followed by the harness, it would publish a file of the host."""
    after = suspect(
        GOOD + f"rm /output/backbone/{name}; ln -s /etc/passwd /output/backbone/{name}", files={"good": good}
    )
    assert after.verdict is Verdict.REJECTED
    assert f"{name} is no plain file" in after.message


def test_its_folder_is_a_link(suspect: Suspect):
    """The whole folder is a link to a folder of the host with well-named files."""
    after = suspect("ln -s /etc /output/backbone; ln -s /etc /output/checkpoints")
    assert after.verdict is Verdict.REJECTED
    assert "is no folder that can be read" in after.message


def test_it_leaves_a_hard_link(suspect: Suspect, good: Path):
    """One file under two names: a write to the other would change the first after its check."""
    after = suspect(GOOD + "ln /output/backbone/backbone.onnx /output/other", files={"good": good})
    assert after.verdict is Verdict.REJECTED
    assert "hard links" in after.message


def test_it_leaves_a_pipe(suspect: Suspect, good: Path):
    """A FIFO in place of the weights: whoever opens it waits for ever."""
    script = GOOD + "cd /output/backbone; rm backbone.safetensors; mkfifo backbone.safetensors"
    after = suspect(script, files={"good": good})
    assert after.verdict is Verdict.REJECTED
    assert "backbone.safetensors is no plain file" in after.message


def test_it_leaves_a_socket(suspect: Suspect, good: Path):
    """A socket in place of the graph."""
    listen = "import socket; socket.socket(socket.AF_UNIX).bind('/output/backbone/backbone.onnx')"
    after = suspect(GOOD + f'rm /output/backbone/backbone.onnx; python3 -c "{listen}"', files={"good": good})
    assert after.verdict is Verdict.REJECTED
    assert "backbone.onnx is no plain file" in after.message


@pytest.mark.parametrize(
    "name", ["..backbone.json", "..\\..\\x", "x\\n\\033[2J", "<script>", "a.py", "-rf", "backbone.json "]
)
def test_it_leaves_a_file_with_an_odd_name(suspect: Suspect, good: Path, name: str):
    """Names with `..`, terminal codes, markup, options: not one name beyond the contract's is taken."""
    after = suspect(
        GOOD + f"printf -- '{name}' > /tmp/n; : > \"/output/backbone/$(cat /tmp/n)\"", files={"good": good}
    )
    assert after.verdict is Verdict.REJECTED
    assert (
        "only backbone.json, backbone.safetensors, backbone.onnx, analysis.safetensors belong there"
        in after.message
    )
    assert "\x1b" not in after.message


def test_it_leaves_a_folder_for_a_file(suspect: Suspect, good: Path):
    """A folder where a file belongs."""
    script = GOOD + "cd /output/backbone; rm backbone.onnx; mkdir backbone.onnx"
    after = suspect(script, files={"good": good})
    assert after.verdict is Verdict.REJECTED
    assert "backbone.onnx is no plain file" in after.message


def test_it_leaves_a_file_that_nobody_may_read(suspect: Suspect, good: Path):
    """Takes its own permissions away: an error of the harness would be counted as the engine's failure."""
    after = suspect(GOOD + "chmod 000 /output/backbone/* /output/backbone", files={"good": good})
    assert after.verdict in (Verdict.REJECTED, Verdict.OUTPUT_TOO_LARGE, Verdict.SUCCESS)
    assert (after.verdict is Verdict.SUCCESS) == (os.getuid() == 0)


def test_it_leaves_a_sparse_giant(suspect: Suspect, good: Path):
    """A file of a gigabyte of nothing takes no space until it is copied."""
    after = suspect(
        GOOD + "truncate -s 1G /output/backbone/backbone.onnx",
        files={"good": good},
        limits={"output_bytes": 2 << 30},
    )
    assert after.verdict is Verdict.REJECTED
    assert "bytes; at most" in after.message


def test_it_leaves_a_pickle(suspect: Suspect, changed: Path, tmp_path: Path):
    """Weights as a pickle that runs a command when it is loaded, under the name of a safetensors file."""
    mark = tmp_path / "ran"

    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {mark}",)

    (changed / "backbone.safetensors").write_bytes(pickle.dumps(Payload()))
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "not a readable safetensors file" in after.message
    assert not mark.exists()


def test_it_leaves_a_torch_pickle(suspect: Suspect, changed: Path):
    """The usual `torch.save` of a state dict: a pickle, too."""
    torch.save(load((changed / "backbone.safetensors").read_bytes()), changed / "backbone.safetensors")
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "not a readable safetensors file" in after.message


def test_its_weights_are_not_finite(suspect: Suspect, changed: Path):
    """One NaN among millions of weights: scores of a backbone that outputs NaN may look like anything."""
    state = load((changed / "backbone.safetensors").read_bytes())
    name = next(name for name in state if name.endswith("conv1.weight"))
    state[name].view(-1)[7] = float("nan")
    save_file(state, changed / "backbone.safetensors")
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "NaN or infinity in 1 tensors" in after.message
    assert after.result.verdict.reasons


@pytest.mark.parametrize("honest_file", [True, False])
def test_it_declares_a_billion_elements(suspect: Suspect, changed: Path, honest_file: bool):
    """A header of a few bytes declares a tensor of 4 GB: whoever allocates before looking is out of memory."""
    shape, end = ([1 << 30], 4 << 30) if honest_file else ([1 << 15, 1 << 15], 64)
    header = json.dumps({"conv1.weight": {"dtype": "F32", "shape": shape, "data_offsets": [0, end]}}).encode()
    content = struct.pack("<Q", len(header)) + header + bytes(64)
    (changed / "backbone.safetensors").write_bytes(content)
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "backbone.safetensors" in after.message


def test_its_graph_declares_a_giant_input(suspect: Suspect, changed: Path):
    """The manifest asks for images of 100,000 pixels: 120 GB for one batch of the check. The check is held, not us."""
    declare(changed, input={"side": 100_000 - 100_000 % 32})
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "check" in after.message


def test_its_graph_points_elsewhere(suspect: Suspect, changed: Path):
    """ONNX keeps weights in other files, by path: this one names /etc/passwd, then a path that leads upward."""
    model = onnx.load(changed / "backbone.onnx")
    tensor = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "../../../../../../etc/passwd"), ("offset", "0"), ("length", "64")):
        tensor.external_data.add(key=key, value=value)
    (changed / "backbone.onnx").write_bytes(model.SerializeToString())
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "keeps weights in another file" in after.message


def test_its_graph_is_another_network(suspect: Suspect, changed: Path):
    """The graph differs from the weights: one would be checked and shown, the other evaluated."""
    model = onnx.load(changed / "backbone.onnx")
    tensor = max(model.graph.initializer, key=lambda each: len(each.raw_data))
    tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) * 1.5).tobytes()
    (changed / "backbone.onnx").write_bytes(model.SerializeToString())
    declare(changed)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "ONNX differs" in after.message


@pytest.mark.parametrize(
    "content",
    [b"", b"{" * 100_000, b"[" * 900_000, b'{"name": "lovt"}', b"\xff\xfe", b'{"a":' + b"9" * 5000 + b"}"],
)
def test_its_manifest_is_no_manifest(suspect: Suspect, changed: Path, content: bytes):
    """Text that breaks parsers: nothing, endless nesting, missing fields, no UTF-8, a number of 5,000 digits."""
    (changed / "backbone.json").write_bytes(content)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert "does not follow the contract" in after.message
    assert str(after.workspace) not in after.message


# --- in what it claims


def test_it_forges_its_result(suspect: Suspect, good: Path):
    """Writes the harness's own notes and verdicts into its output, says that it is done, and fails."""
    forged = '{"inputs": "' + KNOWN.inputs_sha256 + '", "taken": true}'
    script = (
        f"for f in run.json .runs/{NAME}.json {NAME}.verdict.json ../.runs; do mkdir -p /output/.runs; "
        f"echo '{forged}' > /output/$f || :; done; mkdir /output/checkpoints; : > /output/checkpoints/last.ckpt; "
        'echo \'{"event": "done", "text": "verdict: success"}\'; exit 1'
    )
    after = suspect(f"set +e; {script}", files={"good": good})
    assert after.verdict is Verdict.FAILED
    state = json.loads((after.workspace / "pretraining" / RECORDS / f"{NAME}.json").read_text())
    assert state["taken"] is False
    assert sorted(path.name for path in (after.workspace / "pretraining" / RECORDS).iterdir()) == [
        f"{NAME}.json", f"{NAME}.log", f"{NAME}.verdict.json",
    ]  # fmt: skip


def test_it_claims_anothers_name_cost_and_markup(suspect: Suspect, good: Path):
    """Its manifest says that it is LoVT, a display name in HTML, a billion seconds, no data: not read."""
    assert "Winner" in (good / "backbone.json").read_text()
    after = suspect(GOOD + "sleep 1", files={"good": good})
    assert after.verdict is Verdict.SUCCESS, after.message
    manifest = read_manifest(after.root)
    assert (manifest.name, manifest.display_name) == (NAME, "Suspect")
    found = manifest.provenance
    assert (found.method, found.seed, found.pretraining_data) == ("suspect", 1, ["declared"])
    assert found.image_digest == suspect.image
    assert found.seconds is not None
    assert 1 <= found.seconds < 60
    if "memory" not in suspect.lacks:
        assert found.peak_memory_bytes is not None
        assert 1 << 16 < found.peak_memory_bytes <= 96 << 20
    else:
        assert found.peak_memory_bytes is None, "all that such an engine knows is the machine's"
    assert "Winner" not in (after.root / "backbone.json").read_text()


@pytest.mark.parametrize(
    ("said", "both"),
    [
        ({"method": "lovt"}, "method lovt, the run had suspect"),
        ({"variant": "30"}, "variant 30, the run had none"),
        ({"profile": "demo"}, "profile demo, the run had paper"),
        ({"seed": 99}, "seed 99, the run had 1"),
        ({"corpus_sha256": "0" * 64}, f"corpus_sha256 {'0' * 64}, the run had none"),
        ({"hyperparameters": {"noise": 0.1}}, "hyperparameters.noise 0.1, the run had 0.6"),
        ({"pretraining_data": ["MIMIC-CXR"]}, "have seen MIMIC-CXR, which is not declared"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_it_lies_about_a_fact(suspect: Suspect, changed: Path, said: dict[str, object], both: str):
    """Its manifest states another method, variant, seed, setting, … than it was started with."""
    declare(changed, provenance=said)
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.REJECTED
    assert both in after.message


def test_it_tells_lies_in_free_text(suspect: Suspect, changed: Path):
    """Terminal codes, text that runs from right to left and a megabyte of notes in the fields that are kept."""
    provenance = {
        "notes": ["\x1b[2J\u202egood", "n" * 5000] * 50, "device": "a\nb" * 99,
        "hyperparameters": {"\x1b[1m": ["\x07x"], "nested": {"a": "b\u0000"}},
    }  # fmt: skip
    declare(changed, provenance=provenance, versions={"torch": "9" * 500})
    after = suspect(GOOD, files={"good": changed})
    assert after.verdict is Verdict.SUCCESS, after.message
    text = (after.root / "backbone.json").read_text()
    assert "\\u001b" not in text
    assert "\\u0000" not in text
    assert "\u202e" not in text
    assert len(text) < 20_000


def test_it_floods_the_log(suspect: Suspect):
    """Megabytes of log per second, in lines without end: read, counted, dropped; memory and disk stay small."""
    began = time.monotonic()
    after = suspect("echo first; exec yes $(head -c 5000 /dev/zero | tr '\\0' x)", limits={"seconds": 3})
    assert after.verdict is Verdict.TIMEOUT
    assert time.monotonic() - began < 15
    assert after.log.startswith("first\n")
    assert len(after.log) < 130_000, "half of the limit, and the last 200 lines"
    assert re.search(r"^… [\d,]+ lines \([\d,]+ bytes\) were left out here …$", after.log, re.MULTILINE)


def test_it_floods_events(suspect: Suspect):
    """The same with events that are well formed: a user's terminal gets ten a second."""
    line = '{"event":"progress","epoch":1,"values":{"loss":1}}'
    after = suspect(f"exec yes '{line}'", limits={"seconds": 3})
    assert after.verdict is Verdict.TIMEOUT
    assert 1 <= len(after.heard) <= 60


def test_it_writes_a_line_without_end(suspect: Suspect):
    """One line of half a gigabyte: only its beginning is kept."""
    after = suspect("head -c 100000000 /dev/zero | tr '\\0' x; exit 1")
    assert after.verdict is Verdict.FAILED
    assert len(after.log) < 60_000


def test_it_ignores_term(suspect: Suspect):
    """Ignores the polite signal at the time limit: killed after the grace."""
    began = time.monotonic()
    after = suspect("trap '' TERM; while :; do sleep 0.1; done", limits={"seconds": 1})
    assert after.verdict is Verdict.TIMEOUT
    assert after.result.verdict.exit_code == 137
    assert 2 <= after.result.verdict.seconds < 8
    assert time.monotonic() - began < 15


def test_it_uses_the_grace_to_fill_the_disk(suspect: Suspect):
    """On the polite signal it begins to write: it is still watched."""
    script = "trap 'i=0; while :; do i=$((i+1)); : > /output/$i; done' TERM; while :; do sleep 0.1; done"
    after = suspect(script, limits={"seconds": 1, "grace_seconds": 15})
    assert after.verdict is Verdict.OUTPUT_TOO_LARGE
    assert after.result.verdict.seconds < 10


def test_it_exits_with_nothing(suspect: Suspect):
    """Ends well at once and leaves nothing."""
    after = suspect("exit 0")
    assert after.verdict is Verdict.REJECTED
    assert "left no folder backbone/" in after.message


@pytest.mark.parametrize("files", ["backbone.json", "backbone.safetensors backbone.onnx", ""])
def test_it_exits_with_half(suspect: Suspect, good: Path, files: str):
    """Leaves the manifest alone, the files without it, or an empty folder."""
    copies = "".join(f"cp /input/good/{name} /output/backbone/; " for name in files.split())
    after = suspect(f"mkdir /output/backbone; {copies}", files={"good": good})
    assert after.verdict is Verdict.REJECTED
    assert "holds no" in after.message or "holds neither" in after.message
