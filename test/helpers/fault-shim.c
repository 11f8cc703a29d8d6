/* Stands between the command and the C library (LD_PRELOAD), so that a test can kill it before any change it makes to a disk, let a
   call fail, or set its clock. Only the command itself is touched: what it starts gets an environment of its own.
   FAULT_CALLS: the calls that count, as `link,fsync`. FAULT_UNDER: only those below this folder. FAULT_AT: the how-manieth; 0: each.
   FAULT_DO: `kill`; `short`: a write takes half of its bytes; `full`: the same, and from then on there is no room; or the error's number.
   FAULT_LOG: a file that is made when it happens. FAULT_TRACE: a file to which each call that counts is added. FAULT_CLOCK: seconds ahead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
/* What no error's number is. */
#define SHORT -1

static atomic_long seen;
static atomic_int full;

static int is_one_of(const char *call, const char *calls) {
  size_t length = strlen(call);
  for (const char *found = calls; (found = strstr(found, call)); found++)
    if ((found == calls || found[-1] == ',') && (!found[length] || found[length] == ',')) return 1;
  return 0;
}

static void note(const char *file, const char *call, const char *path) {
  char line[4200];
  int fd = syscall(SYS_openat, AT_FDCWD, file, O_CREAT | O_WRONLY | O_APPEND, 0600);
  syscall(SYS_write, fd, line, (size_t)snprintf(line, sizeof line, "%s %s\n", call, path));
  syscall(SYS_close, fd);
}

static int hit(const char *call, const char *path) {
  const char *calls = getenv("FAULT_CALLS"), *under = getenv("FAULT_UNDER"), *at = getenv("FAULT_AT"), *does = getenv("FAULT_DO");
  char whole[8192];
  if (!calls || !under) return 0;
  if (path[0] != '/') {
    char here[4096];
    if (!getcwd(here, sizeof here)) return 0;
    snprintf(whole, sizeof whole, "%s/%s", here, path);
    path = whole;
  }
  if (strncmp(path, under, strlen(under))) return 0;
  if (full && is_one_of(call, "write,open,mkdir,fallocate")) return ENOSPC;
  if (!is_one_of(call, calls)) return 0;
  if (getenv("FAULT_TRACE")) note(getenv("FAULT_TRACE"), call, path);
  long nth = atomic_fetch_add(&seen, 1) + 1;
  if (at && atol(at) && atol(at) != nth) return 0;
  if (getenv("FAULT_LOG")) note(getenv("FAULT_LOG"), call, path);
  if (!strcmp(does, "kill")) { kill(getpid(), SIGKILL); pause(); }
  if (!strcmp(does, "full")) full = 1;
  return strcmp(does, "full") && strcmp(does, "short") ? atoi(does) : SHORT;
}

static int hit_open(const char *call, int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  /* No pipe and no socket. */
  return path[0] == '/' ? hit(call, path) : 0;
}

/* rsync names what it changes by its folder and what is in it. */
static int hit_at(const char *call, int folder, const char *path) {
  char link[64], whole[8192];
  if (path[0] == '/' || folder == AT_FDCWD) return hit(call, path);
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t size = readlink(link, whole, 4096);
  if (size < 0) return 0;
  snprintf(whole + size, sizeof whole - size, "/%s", path);
  return hit(call, whole);
}

#define FAIL(error) do { int e = (error); if (e > 0) { errno = e; return -1; } } while (0)
/* Half of the bytes, where the fault is that. */
#define LESS(call, fd, size) do { int e = hit_open(call, fd); if (e > 0) { errno = e; return -1; } if (e == SHORT && size > 1) size /= 2; } while (0)

int link(const char *from, const char *to) { FAIL(hit("link", to)); return NEXT(link)(from, to); }
int symlink(const char *to, const char *path) { FAIL(hit("link", path)); return NEXT(symlink)(to, path); }
int unlink(const char *path) { FAIL(hit("unlink", path)); return NEXT(unlink)(path); }
int unlinkat(int at, const char *path, int flags) { FAIL(hit_at("unlink", at, path)); return NEXT(unlinkat)(at, path, flags); }
int rmdir(const char *path) { FAIL(hit("rmdir", path)); return NEXT(rmdir)(path); }
int rename(const char *from, const char *to) { FAIL(hit("rename", to)); return NEXT(rename)(from, to); }
int renameat(int a, const char *from, int b, const char *to) { FAIL(hit_at("rename", b, to)); return NEXT(renameat)(a, from, b, to); }
int mkdir(const char *path, mode_t mode) { FAIL(hit("mkdir", path)); return NEXT(mkdir)(path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { FAIL(hit_at("mkdir", at, path)); return NEXT(mkdirat)(at, path, mode); }
char *mkdtemp(char *name) {
  int e = hit("mkdir", name);
  if (e > 0) { errno = e; return NULL; }
  return NEXT(mkdtemp)(name);
}
int fsync(int fd) { FAIL(hit_open("fsync", fd)); return NEXT(fsync)(fd); }
int fdatasync(int fd) { FAIL(hit_open("fsync", fd)); return NEXT(fdatasync)(fd); }
int fchmod(int fd, mode_t mode) { FAIL(hit_open("fchmod", fd)); return NEXT(fchmod)(fd, mode); }
int chmod(const char *path, mode_t mode) { FAIL(hit("chmod", path)); return NEXT(chmod)(path, mode); }
int fchmodat(int at, const char *path, mode_t mode, int flags) { FAIL(hit_at("chmod", at, path)); return NEXT(fchmodat)(at, path, mode, flags); }
int futimens(int fd, const struct timespec times[2]) { FAIL(hit_open("utimes", fd)); return NEXT(futimens)(fd, times); }
int utimensat(int at, const char *path, const struct timespec times[2], int flags) { FAIL(hit_at("utimes", at, path)); return NEXT(utimensat)(at, path, times, flags); }
int ftruncate(int fd, off_t size) { FAIL(hit_open("ftruncate", fd)); return NEXT(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { FAIL(hit_open("ftruncate", fd)); return NEXT(ftruncate64)(fd, size); }
int fallocate(int fd, int mode, off_t at, off_t size) { FAIL(hit_open("fallocate", fd)); return NEXT(fallocate)(fd, mode, at, size); }
ssize_t write(int fd, const void *bytes, size_t size) { LESS("write", fd, size); return NEXT(write)(fd, bytes, size); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { LESS("write", fd, size); return NEXT(pwrite64)(fd, bytes, size, at); }
ssize_t read(int fd, void *bytes, size_t size) { FAIL(hit_open("read", fd)); return NEXT(read)(fd, bytes, size); }
ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) { FAIL(hit_open("read", fd)); return NEXT(pread64)(fd, bytes, size, at); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t size) { LESS("copy", to, size); return NEXT(sendfile64)(to, from, at, size); }

/* Only an opening that makes a file changes anything. */
#define OPEN(name, before, at, path, call)                                                          \
  int name before {                                                                                 \
    mode_t mode = 0;                                                                                \
    va_list rest;                                                                                   \
    va_start(rest, flags);                                                                          \
    if (flags & (O_CREAT | O_TMPFILE)) mode = va_arg(rest, mode_t);                                 \
    va_end(rest);                                                                                   \
    if (flags & (O_CREAT | O_TRUNC)) FAIL(hit_at("open", at, path));                                \
    return NEXT(name) call;                                                                         \
  }
OPEN(open, (const char *path, int flags, ...), AT_FDCWD, path, (path, flags, mode))
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD, path, (path, flags, mode))
OPEN(openat, (int at, const char *path, int flags, ...), at, path, (at, path, flags, mode))

/* libuv copies files by it. */
long syscall(long number, ...) {
  va_list rest;
  va_start(rest, number);
  long of[6];
  for (int i = 0; i < 6; i++) of[i] = va_arg(rest, long);
  va_end(rest);
  if (number == SYS_copy_file_range) {
    size_t size = of[4];
    LESS("copy", of[2], size);
    of[4] = size;
  }
  return NEXT(syscall)(number, of[0], of[1], of[2], of[3], of[4], of[5]);
}

static long ahead(void) { const char *clock = getenv("FAULT_CLOCK"); return clock ? atol(clock) : 0; }
int clock_gettime(clockid_t id, struct timespec *now) {
  int result = syscall(SYS_clock_gettime, id, now);
  if (!result && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
  return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  int result = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}
time_t time(time_t *to) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (to) *to = exact.tv_sec;
  return exact.tv_sec;
}
