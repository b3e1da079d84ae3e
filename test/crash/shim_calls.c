// The calls that are counted: each asks Point() what to do, does it, and notes it.
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int Refuse(void) {
  errno = shim_error;
  return -1;
}

static int Passed(const char* kind, const char* path, int result, int fd) {
  const int saved = errno;
  if (result >= 0) {
    Journal(kind, path, fd, 0, NULL, 0);
    Log(kind, path, 0);
  } else {
    NoPoint();
  }
  errno = saved;
  return result;
}

// --- writes

static ssize_t Put(int fd, const char* bytes, size_t size, uint64_t offset) {
  // O_APPEND would send a pwrite to the end; only write() is used on such descriptors.
  if ((fcntl(fd, F_GETFL) & O_APPEND) != 0) return syscall(SYS_write, fd, bytes, size);
  return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

static void Tear(int fd, const char* path, const char* bytes, size_t size, uint64_t offset) {
  const int append = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  size_t from = 0;
  size_t piece;
  while ((piece = NextPiece(size, append, &from)) > 0) {
    Put(fd, bytes + from, piece, offset + from);
    Journal("writ", path, fd, offset + from, bytes + from, piece);
    from += piece;
  }
  Stop();
}

// `position` < 0: write() at the descriptor's own place.
static ssize_t WritePoint(int fd, const char* path, const void* bytes, size_t size,
                          int64_t position) {
  ShimLock();
  uint64_t offset = (uint64_t)position;
  if (position < 0) {
    const int append = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    offset = (uint64_t)syscall(SYS_lseek, fd, 0, append ? SEEK_END : SEEK_CUR);
  }
  const enum Verdict verdict = size == 0 ? kPass : Point(1, 1);
  if (verdict == kTorn) Tear(fd, path, bytes, size, offset);
  ssize_t n = -1;
  if (verdict == kFail) {
    Refuse();
  } else {
    if (verdict == kShort) size /= 2;
    n = position < 0 ? syscall(SYS_write, fd, bytes, size)
                     : syscall(SYS_pwrite64, fd, bytes, size, position);
    const int saved = errno;
    if (n > 0) Journal("writ", path, fd, offset, bytes, (size_t)n);
    if (n >= 0) Log(position < 0 ? "write" : "pwrite", path, (size_t)n);
    errno = saved;
  }
  ShimUnlock();
  return n;
}

ssize_t write(int fd, const void* bytes, size_t size) {
  const char* path = WatchedFd(fd);
  if (path == NULL) return REAL(write)(fd, bytes, size);
  return WritePoint(fd, path, bytes, size, -1);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  const char* path = WatchedFd(fd);
  if (path == NULL) return REAL(pwrite)(fd, bytes, size, offset);
  return WritePoint(fd, path, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  return pwrite(fd, bytes, size, offset);
}

static int TruncatePoint(int fd, const char* path, off_t size) {
  ShimLock();
  int result = -1;
  if (Point(0, 0) == kPass) {
    result = (int)syscall(SYS_ftruncate, fd, size);
    const int saved = errno;
    if (result == 0) {
      Journal("trun", path, fd, (uint64_t)size, NULL, 0);
      Log("ftruncate", path, (size_t)size);
    }
    errno = saved;
  } else {
    Refuse();
  }
  ShimUnlock();
  return result;
}

int ftruncate(int fd, off_t size) {
  const char* path = WatchedFd(fd);
  if (path == NULL) return REAL(ftruncate)(fd, size);
  return TruncatePoint(fd, path, size);
}
int ftruncate64(int fd, off64_t size) {
  return ftruncate(fd, size);
}

static int SyncPoint(int fd, const char* path, const char* kind, long call) {
  ShimLock();
  int result = -1;
  if (Point(1, 0) == kPass) {
    result = Passed(kind, path, (int)syscall(call, fd), fd);
  } else {
    Refuse();
  }
  ShimUnlock();
  return result;
}

int fsync(int fd) {
  const char* path = WatchedFd(fd);
  return path == NULL ? REAL(fsync)(fd) : SyncPoint(fd, path, "fsync", SYS_fsync);
}
int fdatasync(int fd) {
  const char* path = WatchedFd(fd);
  return path == NULL ? REAL(fdatasync)(fd) : SyncPoint(fd, path, "fsync", SYS_fdatasync);
}

// --- names

// `path` as it is below the folder `at`; `out` has PATH_MAX.
static const char* Below(int at, const char* path, char* out) {
  if (at == AT_FDCWD || path[0] == '/') return path;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", at);
  const ssize_t n = readlink(link, out, PATH_MAX);
  if (n < 0 || (size_t)n + strlen(path) + 2 > PATH_MAX) return path;
  snprintf(out + n, PATH_MAX - (size_t)n, "/%s", path);
  return out;
}

static int OpenPoint(int at, const char* path, int flags, mode_t mode) {
  char full[PATH_MAX];
  char below[PATH_MAX];
  const char* whole = Below(at, path, below);
  const int is_folder = (flags & O_DIRECTORY) != 0;
  int is_watched = IsWatchedPath(whole, full);
  if (!is_watched && is_folder)
    is_watched = IsWatchedFolder(whole, full);  // so that its fsync is seen
  if (!is_watched) return (int)syscall(SYS_openat, at, path, flags, mode);
  ShimLock();
  const int exists = access(full, F_OK) == 0;
  const int creates = (flags & O_CREAT) != 0 && !exists;
  const int cuts = (flags & O_TRUNC) != 0 && exists;
  int fd = -1;
  if ((creates || cuts) && Point(creates, 0) != kPass) {
    Refuse();
  } else {
    fd = (int)syscall(SYS_openat, at, path, flags, mode);
    const int saved = errno;
    if (creates || cuts) Passed(creates ? "create" : "truncate", full, fd, fd);
    if (fd >= 0) Watch(fd, full);
    errno = saved;
  }
  ShimUnlock();
  return fd;
}

#define MODE_OF(flags, last)                    \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list list;                               \
    va_start(list, last);                       \
    mode = va_arg(list, mode_t);                \
    va_end(list);                               \
  }

int open(const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  return OpenPoint(AT_FDCWD, path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  return OpenPoint(AT_FDCWD, path, flags, mode);
}
int openat(int at, const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  return OpenPoint(at, path, flags, mode);
}
int openat64(int at, const char* path, int flags, ...) {
  MODE_OF(flags, flags)
  return OpenPoint(at, path, flags, mode);
}
int creat(const char* path, mode_t mode) {
  return OpenPoint(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd) {
  if (WatchedFd(fd) != NULL) {
    ShimLock();
    Unwatch(fd);
    ShimUnlock();
  }
  return (int)syscall(SYS_close, fd);
}

static int RenamePoint(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  char full_from[PATH_MAX];
  char full_to[PATH_MAX];
  char below[PATH_MAX];
  const int is_from = IsWatchedPath(Below(from_at, from, below), full_from);
  const int is_to = IsWatchedPath(Below(to_at, to, below), full_to);
  if (!is_from && !is_to) return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
  if (is_from != is_to) Die("rename out of or into the watched files", from);
  ShimLock();
  int result = -1;
  if (Point(1, 0) == kPass) {
    result = (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
    const int saved = errno;
    if (result == 0) {
      Journal("rena", full_from, -1, 0, full_to, strlen(full_to));
      Log("rename", full_from, 0);
    } else {
      NoPoint();
    }
    errno = saved;
  } else {
    Refuse();
  }
  ShimUnlock();
  return result;
}

int rename(const char* from, const char* to) {
  return RenamePoint(AT_FDCWD, from, AT_FDCWD, to, 0);
}
int renameat2(int from_at, const char* from, int to_at, const char* to, unsigned flags) {
  return RenamePoint(from_at, from, to_at, to, flags);
}

// unlink, remove, rmdir, mkdir: one name, no bytes. `call` is the form that takes a folder's descriptor.
static int NamePoint(const char* kind, const char* full, long call, int at, const char* path,
                     long argument) {
  ShimLock();
  int result = -1;
  if (Point(0, 0) == kPass) {
    result = Passed(kind, full, (int)syscall(call, at, path, argument), -1);
  } else {
    Refuse();
  }
  ShimUnlock();
  return result;
}

int unlink(const char* path) {
  char full[PATH_MAX];
  if (!IsWatchedPath(path, full)) return REAL(unlink)(path);
  return NamePoint("unlink", full, SYS_unlinkat, AT_FDCWD, path, 0);
}
int remove(const char* path) {
  char full[PATH_MAX];
  struct stat st;
  if (!IsWatchedPath(path, full)) return REAL(remove)(path);
  if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) return rmdir(path);
  return unlink(path);
}
int unlinkat(int at, const char* path, int flags) {
  char full[PATH_MAX];
  char below[PATH_MAX];
  if (!IsWatchedPath(Below(at, path, below), full))
    return (int)syscall(SYS_unlinkat, at, path, flags);
  const char* kind = (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink";
  return NamePoint(kind, full, SYS_unlinkat, at, path, flags);
}
int rmdir(const char* path) {
  char full[PATH_MAX];
  if (!IsWatchedPath(path, full)) return REAL(rmdir)(path);
  return NamePoint("rmdir", full, SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}
int mkdir(const char* path, mode_t mode) {
  char full[PATH_MAX];
  if (!IsWatchedPath(path, full)) return REAL(mkdir)(path, mode);
  return NamePoint("mkdir", full, SYS_mkdirat, AT_FDCWD, path, mode);
}
