"""What a disk holds after the machine stopped: a model that forgets whatever was not synced.

The shim's journal tells what was done below one folder, in order. The model keeps for each file the bytes that
are durable and the writes since its last fsync, and the names that are durable and the changes of names since
the last fsync of their folder. It is as strict as POSIX allows:

- what was written since the last fsync of a file may be there or not, each page of 4 KiB for itself;
- a name made, moved or removed since the last fsync of its folder may be so or as before; changes of
  names come in their order, as a journalling file system keeps it: what came before one that is durable is too;
- the fsync of a new file does not make its name durable.
"""

import os
import struct

PAGE = 4096
HEADER = struct.Struct("<4sIQQQ")  # struct Record of shim.c


class _File:
    def __init__(self, content=b""):
        self.durable = bytearray(content)
        self.pending = []  # (offset, bytes), or (size, None) for a cut

    def sync(self):
        for change in self.pending:
            _apply(self.durable, change)
        self.pending = []

    def after_loss(self, keeps):
        """`keeps()` says for each page or cut whether it reached the disk."""
        content = bytearray(self.durable)
        for offset, data in self.pending:
            if data is None:
                if keeps():
                    _apply(content, (offset, None))
                continue
            at = 0
            while at < len(data):
                end = min(len(data), at + PAGE - (offset + at) % PAGE)
                if keeps():
                    _apply(content, (offset + at, data[at:end]))
                at = end
        return content


def _apply(content, change):
    offset, data = change
    size = offset if data is None else offset + len(data)
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if data is None:
        del content[size:]
    else:
        content[offset:size] = data


class Disk:
    def __init__(self, folder):
        """The files and folders below `folder` as they are now count as durable."""
        self.folder = os.path.realpath(folder)
        self.by_inode = {}  # the file that has this inode now; numbers are given again
        self.durable = {}  # name below the folder -> _File, or None for a folder
        self.pending = []  # changes of names: (their folders, a function on such a table)
        for parent, folders, files in os.walk(self.folder):
            below = os.path.relpath(parent, self.folder)
            for name in folders:
                self.durable[os.path.normpath(os.path.join(below, name))] = None
            for name in files:
                path = os.path.join(parent, name)
                if not os.path.isfile(path) or os.path.islink(path):
                    continue
                with open(path, "rb") as file:
                    entry = _File(file.read())
                self.durable[os.path.normpath(os.path.join(below, name))] = entry
                self.by_inode[os.stat(path).st_ino] = entry
        self.folders = {name for name, file in self.durable.items() if file is None} | {"."}

    def replay(self, journal_path):
        with open(journal_path, "rb") as file:
            journal = file.read()
        at = 0
        while at < len(journal):
            kind, path_length, inode, offset, length = HEADER.unpack_from(journal, at)
            at += HEADER.size
            path = journal[at:at + path_length].decode()
            at += path_length
            self._change(kind, path, inode, offset, journal[at:at + length])
            at += length

    def _change(self, kind, path, inode, offset, data):
        name = os.path.relpath(path, self.folder)
        if kind == b"crea":
            file = self.by_inode[inode] = _File()
            self._rename([name], lambda names: names.__setitem__(name, file))
        elif kind == b"writ":
            self.by_inode[inode].pending.append((offset, data))
        elif kind == b"trun":
            self.by_inode[inode].pending.append((offset, None))
        elif kind == b"rena":
            target = os.path.relpath(data.decode(), self.folder)
            self._rename([name, target], lambda names: names.__setitem__(target, names.pop(name)))
        elif kind in (b"unli", b"rmdi"):  # a socket was never noted
            self._rename([name], lambda names: names.pop(name, None))
        elif kind == b"mkdi":
            self.folders.add(name)
            self._rename([name], lambda names: names.__setitem__(name, None))
        elif kind == b"fsyn" and name in self.folders:
            self._sync_folder(name)
        elif kind == b"fsyn":
            self.by_inode[inode].sync()
        else:
            raise ValueError(f"the journal has a record of an unknown kind {kind!r}")

    def _rename(self, names, change):
        self.pending.append(({os.path.dirname(name) or "." for name in names}, change))

    def _sync_folder(self, folder):
        last = max((i for i, (folders, _) in enumerate(self.pending) if folder in folders), default=-1)
        for _, change in self.pending[:last + 1]:
            change(self.durable)
        del self.pending[:last + 1]

    def stop(self, random=None):
        """What is there after the machine stopped, name -> bytes, None for a folder. Without `random` everything
        that was not synced is gone; with it (a random.Random) any part of it."""
        names = dict(self.durable)
        kept = random.randrange(len(self.pending) + 1) if random else 0
        for _, change in self.pending[:kept]:
            change(names)
        share = random.random() if random else 0
        return {name: None if file is None
                else file.after_loss(lambda: random is not None and random.random() < share)
                for name, file in names.items()}
