"""The Debian package, unpacked by dpkg into a folder: what is in it, and that it runs from there."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("SLUICE_BUILD_DIR", ROOT / "build" / "release"))
DEADLINE_S = 300


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE_S, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        for tool in ("dpkg-deb", "dpkg-shlibdeps"):
            if not shutil.which(tool):
                raise AssertionError(f"there is no {tool}: scripts/install-deps test")
        cls.work = Path(tempfile.mkdtemp(prefix="sluice-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.work)
        run(ROOT / "scripts" / "package", "--quick", "--into", cls.work, BUILD)
        (cls.deb,) = cls.work.glob("sluice_*.deb")
        cls.root = cls.work / "root"
        (cls.root / "var/lib/dpkg/updates").mkdir(parents=True)
        (cls.root / "var/lib/dpkg/status").touch()
        # The folder has none of the libraries; they are the host's.
        run("dpkg", f"--root={cls.root}", "--force-not-root,depends", "--install", cls.deb)

    def test_it_depends_on_what_is_linked_and_not_on_the_engine(self):
        depends = run("dpkg-deb", "--field", self.deb, "Depends")
        linked = run("objdump", "-p", self.root / "usr/bin/sluice")
        for soname, package in (("libcurl.so.4", "libcurl4"), ("libyaml-cpp.so", "libyaml-cpp0"), ("libc.so.6", "libc6")):
            self.assertIn(soname, linked)
            self.assertIn(package, depends)
        self.assertNotIn("duckdb", depends)

    def test_the_engine_is_found_beside_the_program_and_nowhere_else(self):
        headers = run("objdump", "-p", self.root / "usr/bin/sluice")
        self.assertRegex(headers, r"RUNPATH +\$ORIGIN/\.\./lib/sluice\n")
        found = run("ldd", self.root / "usr/bin/sluice")
        self.assertRegex(found, rf"libduckdb\.so => {self.root}/usr/(bin/\.\./)?lib/sluice/libduckdb\.so")

    def test_documents_and_licences_are_in_it(self):
        doc = self.root / "usr/share/doc/sluice"
        for name in ("README.md", "CHANGELOG.md", "docs/install.md", "docs/reference/project-file.md", "changelog.gz"):
            self.assertTrue((doc / name).stat().st_size, name)
        self.assertTrue((self.root / "usr/share/sluice/project.schema.json").stat().st_size)
        copyright_text = (doc / "copyright").read_text()
        for holder in ("DuckDB Foundation", "CLI11", "Apache-2.0"):
            self.assertIn(holder, copyright_text)

    def test_every_file_can_be_read_by_everybody_and_written_by_root_alone(self):
        listing = run("dpkg-deb", "--contents", self.deb).splitlines()
        self.assertGreater(len(listing), 10)
        for line in listing:
            self.assertRegex(line, r"^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root/root ", line)

    def test_a_first_project_runs(self):
        sluice = self.root / "usr/bin/sluice"
        shop = self.work / "shop"
        run(sluice, "init", shop)
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.work)}
        run(sluice, "run", cwd=shop, env=environment)
        rows = run(sluice, "query", "--csv", "SELECT count(*) FROM orders", cwd=shop, env=environment)
        self.assertEqual(rows.split()[-1], "38")


if __name__ == "__main__":
    unittest.main()
