// A store over a folder of this machine (or one that is mounted there).
//
//   listing   Recursive. Files and folders whose name begins with '.' are left out: editors, rsync
//   and
//             file managers keep unfinished and private things under such names, and so does Sluice
//             (`.sluice`). Everything else that is a file is listed, or the listing fails: a folder
//             that cannot be read, a name that is not UTF-8, folders nested deeper than 64 levels
//             are errors, never gaps. Sockets, pipes and devices are no files.
//   links     Symbolic links are followed when they stay within the folder: whoever may write into a
//             drop must not be able to make Sluice read the rest of the machine. One that leads out of
//             it, or to nothing, is listed as a file that cannot be read; a folder's that goes round in
//             a circle is passed over, for what lies there is listed already. All are told (TakeNotes).
//             The folder itself may be a link.
//   tag       Made from size, modification time (ns) and inode. A copy that replaces a file by the
//   same
//             bytes has another tag; whether the content changed says the hash of `Fetch`.
//   fetching  Reads and hashes in place: `local_path` is the file itself, nothing is copied. A path with
//             a backslash is reached through a link in the spool: the engine takes it for a separator of
//             folders where it takes the path for a pattern, and would read another file. The file is
//             looked at again after the last byte; if it is another by then, kRetry. What happens
//             to it later is not seen: whoever rewrites files in place while they are loaded should
//             copy under a name beginning with '.' and rename.
#pragma once

#include <memory>
#include <string>

#include "connector/store.h"

namespace sluice::connectors::file {

// `root` is an absolute path; whether it is there is found out by Probe and List. Thread-safe.
std::unique_ptr<connector::Store> MakeFileStore(std::string root);

}  // namespace sluice::connectors::file
