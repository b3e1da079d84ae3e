// Roads to a file that the shim does not count: on a watched one they end the process, for a sweep may
// not be blind without knowing it.
#include "shim.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define REFUSE_FD(what, fd) \
  if (WatchedFd(fd) != NULL) Die(what, WatchedFd(fd))
#define REFUSE_PATH(what, path)                           \
  do {                                                    \
    char refused[PATH_MAX];                               \
    if (IsWatchedPath(path, refused)) Die(what, refused); \
  } while (0)

ssize_t writev(int fd, const struct iovec* parts, int count) {
  REFUSE_FD("writev", fd);
  return REAL(writev)(fd, parts, count);
}
ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t offset) {
  REFUSE_FD("pwritev", fd);
  return REAL(pwritev)(fd, parts, count, offset);
}
int fallocate(int fd, int mode, off_t offset, off_t length) {
  REFUSE_FD("fallocate", fd);
  return REAL(fallocate)(fd, mode, offset, length);
}
int posix_fallocate(int fd, off_t offset, off_t length) {
  REFUSE_FD("posix_fallocate", fd);
  return REAL(posix_fallocate)(fd, offset, length);
}
ssize_t copy_file_range(int in, off64_t* in_at, int out, off64_t* out_at, size_t size,
                        unsigned flags) {
  REFUSE_FD("copy_file_range", out);
  return REAL(copy_file_range)(in, in_at, out, out_at, size, flags);
}
int dup(int fd) {
  REFUSE_FD("dup", fd);
  return REAL(dup)(fd);
}
int dup2(int fd, int to) {
  REFUSE_FD("dup2", fd);
  return REAL(dup2)(fd, to);
}
void* mmap(void* at, size_t size, int protection, int flags, int fd, off_t offset) {
  if ((flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0)
    REFUSE_FD("a shared mapping", fd);
  return (void*)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
}
int truncate(const char* path, off_t size) {
  REFUSE_PATH("truncate", path);
  return REAL(truncate)(path, size);
}
int link(const char* from, const char* to) {
  REFUSE_PATH("link", to);
  return REAL(link)(from, to);
}
FILE* fopen(const char* path, const char* mode) {
  if (strpbrk(mode, "wa+") != NULL) REFUSE_PATH("fopen", path);
  return REAL(fopen)(path, mode);
}
