// A library for LD_PRELOAD that tells in which phase of its work the program is, and stops it there. It
// sees the statements that the program prepares at the engine, and what it sends to and gets from other
// machines; rules say which of these texts begins a phase. What is seen:
//
//   sql TEXT          a statement that is prepared or run
//   send TEXT         what is written to a connection: the head of a request
//   recv PHASE        the first bytes that come back where PHASE had been sent
//
//   MARKS_RULES=FILE  lines "PHASE<tab>TEXT", the first whose TEXT occurs in what is seen counts; without
//                     it the library does nothing. A phase goes on until another one begins.
//   MARKS_LOG=FILE    a line for each beginning: "MICROSECONDS PHASE", since the library was loaded
//   MARKS_AIM="PHASE N MICROSECONDS"   SIGKILL so long after the N-th beginning of this phase
//   MARKS_TRACE=FILE  everything that is seen, for who writes rules
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kMostRules = 200, kMostFds = 1024, kShown = 4000 };

struct Rule {
  const char* phase;
  const char* text;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct Rule rules[kMostRules];
static int rule_count;
static const char* sent[kMostFds];  // the phase of what was sent last, until its answer begins
static const char* current = "";
static int log_fd = -1;
static int trace_fd = -1;
static struct timespec loaded;
static char aim_phase[100];
static long aim_number;
static long aim_after_us;
static long begun;  // of the phase that is aimed at

static int Output(const char* name) {
  const char* path = getenv(name);
  if (path == NULL) return -1;
  const long fd =
      syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) abort();
  const long high = syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, kMostFds);
  if (high < 0) abort();
  syscall(SYS_close, fd);
  return (int)high;
}

static void Put(int fd, const char* text, size_t size) {
  if (syscall(SYS_write, fd, text, size) != (long)size) abort();
}

static void ReadRules(const char* path) {
  FILE* file = fopen(path, "re");
  if (file == NULL) abort();
  char line[1000];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char* tab = strchr(line, '\t');
    if (tab == NULL || rule_count == kMostRules) abort();
    *tab = '\0';
    rules[rule_count].phase = strdup(line);
    rules[rule_count++].text = strdup(tab + 1);
  }
  fclose(file);
}

__attribute__((constructor)) static void Init(void) {
  const char* path = getenv("MARKS_RULES");
  if (path == NULL) return;
  clock_gettime(CLOCK_MONOTONIC, &loaded);
  ReadRules(path);
  log_fd = Output("MARKS_LOG");
  trace_fd = Output("MARKS_TRACE");
  const char* aim = getenv("MARKS_AIM");
  if (aim != NULL && sscanf(aim, "%99s %ld %ld", aim_phase, &aim_number, &aim_after_us) != 3) {
    abort();
  }
}

static void* StopLater(void* unused) {
  const struct timespec pause = {aim_after_us / 1000000, aim_after_us % 1000000 * 1000};
  nanosleep(&pause, NULL);
  syscall(SYS_kill, getpid(), SIGKILL);
  return unused;
}

// With the lock held.
static void Begin(const char* phase) {
  if (strcmp(current, phase) == 0) return;
  current = phase;
  if (log_fd >= 0) {
    struct timespec now;
    char line[200];
    clock_gettime(CLOCK_MONOTONIC, &now);
    const long us = (now.tv_sec - loaded.tv_sec) * 1000000 + (now.tv_nsec - loaded.tv_nsec) / 1000;
    Put(log_fd, line, (size_t)snprintf(line, sizeof line, "%ld %s\n", us, phase));
  }
  if (strcmp(phase, aim_phase) != 0 || ++begun != aim_number) return;
  pthread_t thread;
  if (pthread_create(&thread, NULL, StopLater, NULL) != 0) abort();
}

// The phase that begins with this text, or NULL.
static const char* See(const char* kind, const char* text, size_t size) {
  if (rule_count == 0) return NULL;
  char seen[kShown];
  if (size > kShown - 10) size = kShown - 10;
  const int n = snprintf(seen, sizeof seen, "%s %.*s\n", kind, (int)size, text);
  if (trace_fd >= 0) Put(trace_fd, seen, (size_t)n < sizeof seen ? (size_t)n : sizeof seen - 1);
  for (int i = 0; i < rule_count; ++i) {
    if (strstr(seen, rules[i].text) == NULL) continue;
    pthread_mutex_lock(&mutex);
    Begin(rules[i].phase);
    pthread_mutex_unlock(&mutex);
    return rules[i].phase;
  }
  return NULL;
}

#define NEXT(type, name) \
  static type next;      \
  if (next == NULL) next = (type)dlsym(RTLD_NEXT, name)

// duckdb.h is only the engine's to include; these are its functions as the C API has them.
typedef int (*Prepare)(void*, const char*, void*);
int duckdb_prepare(void* connection, const char* sql, void* out);
int duckdb_prepare(void* connection, const char* sql, void* out) {
  NEXT(Prepare, "duckdb_prepare");
  See("sql", sql, strlen(sql));
  return next(connection, sql, out);
}
int duckdb_query(void* connection, const char* sql, void* out);
int duckdb_query(void* connection, const char* sql, void* out) {
  NEXT(Prepare, "duckdb_query");
  See("sql", sql, strlen(sql));
  return next(connection, sql, out);
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  if (fd >= 0 && fd < kMostFds) {
    const char* phase = See("send", bytes, size);
    if (phase != NULL) sent[fd] = phase;
  }
  return syscall(SYS_sendto, fd, bytes, size, flags, NULL, 0);
}
ssize_t recv(int fd, void* bytes, size_t size, int flags) {
  const ssize_t n = syscall(SYS_recvfrom, fd, bytes, size, flags, NULL, NULL);
  if (n > 0 && fd >= 0 && fd < kMostFds && sent[fd] != NULL) {
    See("recv", sent[fd], strlen(sent[fd]));
    sent[fd] = NULL;
  }
  return n;
}
