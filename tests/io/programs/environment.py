"""What the tests of the file formats share: packages of PyPI, and programs of this folder."""
import fcntl
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("KILN_BINARY_DIR", ROOT / "build")).resolve()
PATIENCE = 120   # seconds that a server has to start, on a busy machine


def enter(name, packages):
    """Runs the script that was started again by a Python that has the packages, from a virtual environment NAME-venv in the build
    folder, which later runs use again. Ends as a skipped test where they cannot be installed."""
    home = BUILD / f"{name}-venv"
    if pathlib.Path(sys.prefix).resolve() == home:
        return
    python, done = home / "bin" / "python", home / "installed"
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / f"{name}-venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != " ".join(packages):
            subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
            command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
            if subprocess.run(command).returncode != 0:   # no network: nothing to compare with, which is no failure
                print("skipped: " + " and ".join(packages) + " cannot be installed")
                sys.exit(77)
            done.write_text(" ".join(packages))
    os.execv(python, [python, "-B", *sys.argv])


def build(name, folder, libraries):
    """Builds NAME.cpp of this folder and returns the path of the program."""
    program = folder / name
    subprocess.run([os.environ.get("KILN_CXX") or "g++", "-std=c++20", "-O0", f"-I{ROOT / 'include'}", "-o", program,
                    ROOT / f"tests/io/programs/{name}.cpp", "-pthread", *libraries], check=True)
    return program


class tensorboard:
    """TensorBoard's server of a folder, on a port that it looks for itself."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-B", "-m", "tensorboard.main", "--logdir", folder, "--host", "127.0.0.1", "--port", "0",
             "--load_fast=false"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder)

    def __enter__(self):
        timer = threading.Timer(PATIENCE, self.process.kill)   # ends the reading below
        timer.start()
        said = ""
        for line in self.process.stderr:
            said += line
            if address := re.search(r"http://127\.0\.0\.1:\d+/", line):
                self.address = address[0]
                break
        else:
            raise SystemExit("the server did not start:\n" + said)
        timer.cancel()
        threading.Thread(target=self.process.stderr.read, daemon=True).start()   # or it would wait for a reader
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def get(self, path, **query):
        with urllib.request.urlopen(self.address + path + "?" + urllib.parse.urlencode(query), timeout=60) as answer:
            return answer.read()

    def data(self, path, **query):
        return json.loads(self.get("data/" + path, **query))
