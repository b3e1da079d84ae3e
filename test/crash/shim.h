// Shared by the files of the shim: what is watched, and the counting of points. See shim.c.
#pragma once
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HIDDEN __attribute__((visibility("hidden")))

// Held over a whole point. (errno must outlive what is done in it besides the call itself.)
HIDDEN void ShimLock(void);
HIDDEN void ShimUnlock(void);

// The path of a watched descriptor, or NULL.
HIDDEN const char* WatchedFd(int fd);
HIDDEN void Watch(int fd, const char* path);
HIDDEN void Unwatch(int fd);
// Whether `path` is watched; `out` (PATH_MAX) is then its absolute form.
HIDDEN int IsWatchedPath(const char* path, char* out);
HIDDEN int IsWatchedFolder(const char* path, char* out);

enum Verdict { kPass, kFail, kShort, kTorn };
// With the lock held, before the call. Does not come back when the process stops here.
HIDDEN enum Verdict Point(int needs_space, int is_write);
// What a call that fails says: errno.
HIDDEN extern int shim_error;
// The call changed nothing after all (unlink of what is not there): it was no point.
HIDDEN void NoPoint(void);
HIDDEN void Log(const char* kind, const char* path, size_t bytes);
HIDDEN void Journal(const char* kind, const char* path, int fd, uint64_t offset, const void* bytes,
                    size_t length);
HIDDEN void Stop(void) __attribute__((noreturn));
// How much of a write of `size` bytes is done before the stop: where pieces of it begin and end.
// Called until it gives 0.
HIDDEN size_t NextPiece(size_t size, int in_order, size_t* from);

HIDDEN void Die(const char* what, const char* path) __attribute__((noreturn));

// The function of this name behind ours.
HIDDEN void* Next(const char* name);
#define REAL(name) ((__typeof__(&name))Next(#name))
