"""Set-up: what it fetches is locked by hash, named by no address, and complete."""

import importlib.util
import json
import re
import subprocess

import pytest

from iotsim.places import BASE_DIR

# Loaded as set-up itself is: by its path, standard library only.
spec = importlib.util.spec_from_file_location("bootstrap", BASE_DIR / "iotsim" / "bootstrap.py")
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)


def packages(lock):
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (BASE_DIR / lock).read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_is_locked_by_hash_and_without_addresses(lock):
    text = (BASE_DIR / lock).read_text()
    entries = re.split(r"\n(?=[a-z0-9])", text)[1:]
    assert len(entries) > 50
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text
    assert str(BASE_DIR) not in text


def test_what_tests_install_includes_exactly_what_runs():
    running, developing = packages("requirements.lock"), packages("requirements-dev.lock")
    assert running.items() <= developing.items()


def test_front_end_packages_are_pinned_with_their_integrity_and_without_addresses():
    lock = json.loads((BASE_DIR / "package-lock.json").read_text())["packages"]
    wanted = json.loads((BASE_DIR / "package.json").read_text())
    for name, version in (wanted["dependencies"] | wanted["devDependencies"]).items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name
        assert lock[f"node_modules/{name}"]["version"] == version
    assert [name for name, entry in lock.items() if name and not entry.get("integrity")] == []
    assert [name for name, entry in lock.items() if "resolved" in entry] == []


def test_every_vendor_file_is_there_with_its_compressed_sibling():
    for name in (*bootstrap.VENDOR_FILES, "icons.svg"):
        path = bootstrap.VENDOR / name
        assert path.stat().st_size > 0
        assert path.suffix == ".woff2" or path.with_name(f"{name}.gz").exists()
        assert b"sourceMappingURL" not in path.read_bytes()


def test_every_icon_of_the_list_is_in_the_sprite_and_every_icon_used_is_in_the_list():
    sprite = (bootstrap.VENDOR / "icons.svg").read_text()
    assert set(re.findall(r'<symbol id="([^"]+)"', sprite)) == set(bootstrap.ICONS)
    used = set()
    for template in (BASE_DIR / "templates").rglob("*.html"):
        used |= set(re.findall(r'\{% icon "([a-z0-9-]+)"', template.read_text()))
    assert used <= set(bootstrap.ICONS)


def test_set_up_says_in_a_sentence_which_python_it_wants(monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 1))
    with pytest.raises(bootstrap.SetUpFailed, match=r"Python 3\.10 is not supported: use 3\.11, 3\.12 or 3\.13"):
        bootstrap.check_python()


def test_nothing_is_installed_twice(monkeypatch, capsys, tmp_path):
    """With every stamp in place, set-up starts no program and says nothing."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    digests = [bootstrap.digest(path) for path in bootstrap.LOCKS.values()]
    (tmp_path / "iotsim-packages").write_text(" ".join(digests))
    monkeypatch.setattr(bootstrap.subprocess, "run", pytest.fail)
    bootstrap.install_packages("run")
    bootstrap.install_packages("dev")
    bootstrap.fetch_front_end()
    assert capsys.readouterr().out == ""


def test_make_alone_lists_every_command():
    done = subprocess.run(["make"], cwd=BASE_DIR, capture_output=True, text=True, check=True)
    listed = re.findall(r"^make (\S+)", done.stdout, re.MULTILINE)
    assert {"run", "test", "test-full", "lint", "bench", "lock", "shell", "clean"} <= set(listed)


def test_a_machine_with_pango_hears_nothing_of_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "opens", lambda stem, name: True)
    monkeypatch.setattr(bootstrap, "install_by_apt", pytest.fail)
    bootstrap.offer(bootstrap.PANGO)
    assert capsys.readouterr().out == "" and list(tmp_path.iterdir()) == []


def test_without_pango_it_is_offered_once_and_a_start_goes_on(monkeypatch, capsys, tmp_path):
    tried = []
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    monkeypatch.setattr(bootstrap, "opens", lambda stem, name: False)
    monkeypatch.setattr(bootstrap, "install_by_apt", lambda packages: bool(tried.append(packages)))
    bootstrap.offer(bootstrap.PANGO)
    bootstrap.offer(bootstrap.PANGO)
    assert tried == [bootstrap.PANGO.packages]
    said = capsys.readouterr().out
    assert said.count("apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core") == 2


def test_set_up_and_the_product_name_the_same_packages():
    from sims.reports.pango import PACKAGES

    assert bootstrap.PANGO.packages == PACKAGES


def test_a_library_that_is_not_there_does_not_open():
    assert not bootstrap.opens("nowhere-1.0", "libnowhere-1.0.so.0")
    assert bootstrap.opens("c", "libc.so.6") or bootstrap.opens("System", "libSystem.dylib")
