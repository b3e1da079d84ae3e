// A library for LD_PRELOAD that stops, tears, fails and records the writing system calls of a
// process. It stands between the program and libc, so it sees the engine's own writes as well as
// ours (docs/decisions/0003-faults-at-the-system-call.md).
//
// A point is one call that changes, or makes durable, a file whose path begins with SHIM_PATHS, or
// the folder of such a file: open that creates or truncates, write, pwrite, ftruncate, rename,
// unlink, mkdir, rmdir, fsync, fdatasync. Points are counted from 1. Calls on other paths pass.
//
//   SHIM_PATHS=PREFIX      absolute; without it the library does nothing. With a slash at its end: all that
//                          lies below this folder, and its folders
//   SHIM_LOG=FILE          one line per point, "N KIND FILE BYTES", after it has passed
//   SHIM_STOP_AT=N         SIGKILL before point N ...
//   SHIM_TORN=half|random|sector   ... or, when it is a write, after a part of it: its first half, a
//                          prefix of any length, any of its sectors of 512 bytes. SHIM_SEED chooses.
//   SHIM_FAIL_AT=N         point N fails with ENOSPC ...
//   SHIM_FAIL=once|on|half|short|all   ... once; or from there on all that need space; half and short: the
//                          write at N is done by half, and then the next fails, or all; all: all points
//   SHIM_ERRNO=N           ... with this error instead, as number
//   SHIM_JOURNAL=FILE      every point with its bytes, appended, for a model of a disk that forgets what
//                          was not synced (disk.py)
//
// A call that would change a watched file by a road which is not counted (writev, a shared mapping,
// fallocate ...) ends the process with a message: a sweep may not be blind without knowing it.
// One lock is held over each point, so the order of the journal is the order of what happened.
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kMaxFds = 1024, kSector = 512 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const char* prefix;  // NULL: off
static size_t prefix_length;
static const char* folder;      // without a slash at its end
static int is_tree;             // the prefix is a folder
static char* watched[kMaxFds];  // path by descriptor
static int log_fd = -1;
static int journal_fd = -1;
int shim_error = ENOSPC;
static long points;
static long stop_at;
static long fail_at;
static const char* torn = "";
static const char* fail = "";
static uint64_t seed;

void Die(const char* what, const char* path) {
  char text[PATH_MAX + 100];
  const int n = snprintf(text, sizeof text, "shim: %s on %s is not covered\n", what, path);
  syscall(SYS_write, 2, text, (size_t)n);
  abort();
}

static void RawWrite(int fd, const void* bytes, size_t size) {
  const char* at = bytes;
  while (size > 0) {
    const long n = syscall(SYS_write, fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) abort();
    at += n;
    size -= (size_t)n;
  }
}

static int OpenOutput(const char* name) {
  const char* path = getenv(name);
  if (path == NULL) return -1;
  const long fd =
      syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) abort();
  // Out of the way: the program must get the descriptors that it would get without us.
  const long high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, kMaxFds);
  if (high < 0) abort();
  syscall(SYS_close, fd);
  return (int)high;
}

static const char* Text(const char* name) {
  const char* value = getenv(name);
  return value == NULL ? "" : value;
}

static void Init(void) {
  prefix = getenv("SHIM_PATHS");
  if (prefix == NULL) return;
  prefix_length = strlen(prefix);
  char* copy = strdup(prefix);
  char* slash = strrchr(copy, '/');
  if (copy[0] != '/' || slash == copy) abort();
  is_tree = slash[1] == '\0';
  *slash = '\0';
  folder = copy;
  stop_at = atol(Text("SHIM_STOP_AT"));
  fail_at = atol(Text("SHIM_FAIL_AT"));
  torn = Text("SHIM_TORN");
  fail = Text("SHIM_FAIL");
  if (getenv("SHIM_ERRNO") != NULL) shim_error = atoi(Text("SHIM_ERRNO"));
  seed = strtoull(Text("SHIM_SEED"), NULL, 10) * 2654435761u + 88172645463325252u;
  log_fd = OpenOutput("SHIM_LOG");
  journal_fd = OpenOutput("SHIM_JOURNAL");
}

static uint64_t Random(void) {  // xorshift64
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return seed;
}

// Absolute and without "." and ".."; the file need not exist. The folder's links are resolved.
static int Resolve(const char* path, char* out) {
  char parent[PATH_MAX];
  const char* slash = strrchr(path, '/');
  const char* name = slash == NULL ? path : slash + 1;
  if (slash == NULL) {
    strcpy(parent, ".");
  } else if ((size_t)(slash - path) >= sizeof parent) {
    return 0;
  } else {
    memcpy(parent, path, (size_t)(slash - path));
    parent[slash == path ? 0 : slash - path] = '\0';
    if (slash == path) strcpy(parent, "/");
  }
  char real[PATH_MAX];
  if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
    return realpath(path, out) != NULL;
  }
  if (realpath(parent, real) == NULL) return 0;
  return snprintf(out, PATH_MAX, "%s/%s", real, name) < PATH_MAX;
}

int IsWatchedPath(const char* path, char* out) {
  pthread_once(&once, Init);
  if (prefix == NULL || path == NULL) return 0;
  const int saved = errno;
  const int is = Resolve(path, out) && strncmp(out, prefix, prefix_length) == 0;
  errno = saved;
  return is;
}

int IsWatchedFolder(const char* path, char* out) {
  pthread_once(&once, Init);
  if (prefix == NULL || realpath(path, out) == NULL) return 0;
  return strcmp(out, folder) == 0 || (is_tree && strncmp(out, prefix, prefix_length) == 0);
}

void ShimLock(void) {
  pthread_mutex_lock(&mutex);
}
void ShimUnlock(void) {
  pthread_mutex_unlock(&mutex);
}

void Watch(int fd, const char* path) {
  if (fd >= kMaxFds) Die("so many descriptors", path);
  Unwatch(fd);
  watched[fd] = strdup(path);
}

void Unwatch(int fd) {
  free(watched[fd]);
  watched[fd] = NULL;
}

const char* WatchedFd(int fd) {
  return prefix != NULL && fd >= 0 && fd < kMaxFds ? watched[fd] : NULL;
}

void* Next(const char* name) {
  void* symbol = dlsym(RTLD_NEXT, name);
  if (symbol == NULL) abort();
  return symbol;
}

struct Record {   // disk.py reads this
  uint32_t kind;  // its first four letters
  uint32_t path_length;
  uint64_t inode;
  uint64_t offset;  // or the new size of ftruncate
  uint64_t length;  // of what follows the path: bytes written, or the new path of rename
};

void Journal(const char* kind, const char* path, int fd, uint64_t offset, const void* bytes,
             size_t length) {
  if (journal_fd < 0) return;
  struct Record record;
  struct stat st;
  memcpy(&record.kind, kind, sizeof record.kind);
  record.path_length = (uint32_t)strlen(path);
  record.inode = fd >= 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
  record.offset = offset;
  record.length = length;
  RawWrite(journal_fd, &record, sizeof record);
  RawWrite(journal_fd, path, record.path_length);
  if (length > 0) RawWrite(journal_fd, bytes, length);
}

void Log(const char* kind, const char* path, size_t bytes) {
  if (log_fd < 0) return;
  char line[PATH_MAX + 100];
  const char* name = strcmp(path, folder) == 0 ? "." : path + strlen(folder) + 1;
  const int n = snprintf(line, sizeof line, "%ld %s %s %zu\n", points, kind, name, bytes);
  RawWrite(log_fd, line, (size_t)n);
}

void Stop(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

enum Verdict Point(int needs_space, int is_write) {
  ++points;
  if (points == stop_at) {
    if (is_write && *torn != '\0') return kTorn;
    Stop();
  }
  if (fail_at == 0 || points < fail_at) return kPass;
  const int by_half = strcmp(fail, "half") == 0 || strcmp(fail, "short") == 0;
  if (points == fail_at) return is_write && by_half ? kShort : kFail;
  const int goes_on = strcmp(fail, "on") == 0 || strcmp(fail, "short") == 0;
  if (strcmp(fail, "all") == 0) return kFail;
  const int is_other_half = strcmp(fail, "half") == 0 && points == fail_at + 1;
  return needs_space && (goes_on || is_other_half) ? kFail : kPass;
}

void NoPoint(void) {
  --points;
}

size_t NextPiece(size_t size, int in_order, size_t* from) {
  if (strcmp(torn, "sector") == 0 && !in_order) {
    while (*from < size && Random() % 2 != 0) *from += kSector;
    if (*from >= size) return 0;
    return size - *from < kSector ? size - *from : kSector;
  }
  if (*from > 0) return 0;
  return strcmp(torn, "half") == 0 ? size / 2 : Random() % size;
}
