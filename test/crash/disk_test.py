"""The model of a disk forgets what it must, and only that."""

import os
import random
import tempfile
import unittest

from disk import HEADER, PAGE, Disk


class DiskTest(unittest.TestCase):
    def setUp(self):
        self._temporary = tempfile.TemporaryDirectory()
        self.folder = os.path.realpath(self._temporary.name)
        self.addCleanup(self._temporary.cleanup)
        self.records = b""

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return os.stat(path).st_ino

    def did(self, kind, name, inode=0, offset=0, data=b""):
        path = os.path.normpath(os.path.join(self.folder, name)).encode()
        self.records += HEADER.pack(kind, len(path), inode, offset, len(data)) + path + data

    def left(self, chance=None):
        disk = Disk(self.folder)
        with tempfile.NamedTemporaryFile() as journal:
            journal.write(self.records)
            journal.flush()
            disk.replay(journal.name)
        return {name: content if content is None else bytes(content)
                for name, content in disk.stop(chance).items()}

    def outcomes(self):
        return [self.left(random.Random(seed)) for seed in range(60)]

    def test_a_write_without_a_sync_is_lost_and_one_with_it_is_not(self):
        inode = self.file("a", b"old")
        self.did(b"writ", "a", inode, 0, b"new")
        self.did(b"fsyn", "a", inode)
        self.did(b"writ", "a", inode, 1, b"xxx")
        self.assertEqual(self.left(), {"a": b"new"})

    def test_any_page_of_a_write_may_have_come_through(self):
        inode = self.file("a", b"-" * 3 * PAGE)
        self.did(b"writ", "a", inode, 0, b"+" * 3 * PAGE)
        seen = {outcome["a"][::PAGE] for outcome in self.outcomes()}
        self.assertLessEqual({b"+++", b"---", b"-+-", b"+--"}, seen)

    def test_a_later_write_may_come_through_without_an_earlier_one(self):
        inode = self.file("a", b"")
        self.did(b"writ", "a", inode, 0, b"1" * PAGE)
        self.did(b"writ", "a", inode, PAGE, b"2" * PAGE)
        self.assertIn(b"\0" * PAGE + b"2" * PAGE, [outcome["a"] for outcome in self.outcomes()])

    def test_a_new_file_needs_the_sync_of_its_folder(self):
        self.did(b"crea", "n", 77)
        self.did(b"writ", "n", 77, 0, b"x")
        self.did(b"fsyn", "n", 77)
        self.assertEqual(self.left(), {})
        self.did(b"fsyn", ".")
        self.assertEqual(self.left(), {"n": b"x"})

    def test_a_rename_without_a_sync_of_the_folder_leaves_the_old_file(self):
        self.file("a", b"old")
        inode = self.file("b", b"new")
        self.did(b"rena", "b", data=os.path.join(self.folder, "a").encode())
        self.assertEqual(self.left(), {"a": b"old", "b": b"new"})
        self.assertIn({"a": b"new"}, self.outcomes())
        self.did(b"writ", "a", inode, 0, b"N")
        self.did(b"fsyn", "a", inode)
        self.did(b"fsyn", ".")
        self.assertEqual(self.left(), {"a": b"New"})

    def test_a_removed_file_comes_back_with_what_it_held(self):
        inode = self.file("a", b"old")
        self.did(b"unli", "a")
        self.did(b"crea", "a", inode)  # the file system gave the inode again
        self.did(b"writ", "a", inode, 0, b"other")
        self.did(b"fsyn", "a", inode)
        self.assertEqual(self.left(), {"a": b"old"})
        self.assertLessEqual(
            {b"old", b"other", None},
            {outcome.get("a") for outcome in self.outcomes()})

    def test_a_cut_is_a_change_like_a_write(self):
        inode = self.file("a", b"12345")
        self.did(b"trun", "a", inode, 2)
        self.assertEqual(self.left(), {"a": b"12345"})
        self.did(b"fsyn", "a", inode)
        self.assertEqual(self.left(), {"a": b"12"})

    def test_a_file_below_needs_the_sync_of_its_own_folder(self):
        os.mkdir(os.path.join(self.folder, "old"))
        self.did(b"mkdi", "new")
        self.did(b"crea", "new/n", 77)
        self.did(b"fsyn", ".")  # makes "new" durable, and not what lies in it
        self.assertEqual(self.left(), {"old": None, "new": None})
        self.did(b"fsyn", "new")
        self.assertEqual(self.left(), {"old": None, "new": None, "new/n": b""})
        self.did(b"rena", "new/n", data=os.path.join(self.folder, "old/n").encode())
        self.assertIn("new/n", self.left())
        self.did(b"fsyn", "old")
        self.assertEqual(self.left(), {"old": None, "new": None, "old/n": b""})


if __name__ == "__main__":
    unittest.main()
