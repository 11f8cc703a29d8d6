/* Stands between the command and the C library (LD_PRELOAD), so that a test can kill it before any change it makes to a disk, let a
   call fail, or set its clock. Only the command itself is touched: what it starts gets an environment of its own.
   FAULT_CALLS: the calls that count, as `link,fsync`. FAULT_UNDER: only those below this folder. FAULT_AT: the how-manieth; 0: each.
   FAULT_DO: `kill`, or the error's number. FAULT_LOG: a file that is made when it happens. FAULT_CLOCK: seconds ahead. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static atomic_long seen;

static int hit(const char *call, const char *path) {
  const char *calls = getenv("FAULT_CALLS"), *under = getenv("FAULT_UNDER"), *at = getenv("FAULT_AT");
  if (!calls || !under || strncmp(path, under, strlen(under))) return 0;
  size_t length = strlen(call);
  const char *found = calls;
  while ((found = strstr(found, call)) && !((found == calls || found[-1] == ',') && (!found[length] || found[length] == ',')))
    found++;
  if (!found) return 0;
  long nth = atomic_fetch_add(&seen, 1) + 1;
  if (at && atol(at) && atol(at) != nth) return 0;
  if (getenv("FAULT_LOG")) close(syscall(SYS_openat, AT_FDCWD, getenv("FAULT_LOG"), O_CREAT | O_WRONLY, 0600));
  if (!strcmp(getenv("FAULT_DO"), "kill")) { kill(getpid(), SIGKILL); pause(); }
  return atoi(getenv("FAULT_DO"));
}

static int hit_open(const char *call, int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return 0;
  path[size] = 0;
  return hit(call, path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(error) do { int e = (error); if (e) { errno = e; return -1; } } while (0)

int link(const char *from, const char *to) { FAIL(hit("link", to)); return NEXT(link)(from, to); }
int unlink(const char *path) { FAIL(hit("unlink", path)); return NEXT(unlink)(path); }
int rename(const char *from, const char *to) { FAIL(hit("rename", to)); return NEXT(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { FAIL(hit("mkdir", path)); return NEXT(mkdir)(path, mode); }
int fsync(int fd) { FAIL(hit_open("fsync", fd)); return NEXT(fsync)(fd); }
int fdatasync(int fd) { FAIL(hit_open("fsync", fd)); return NEXT(fdatasync)(fd); }
int fchmod(int fd, mode_t mode) { FAIL(hit_open("fchmod", fd)); return NEXT(fchmod)(fd, mode); }
int ftruncate64(int fd, off64_t size) { FAIL(hit_open("ftruncate", fd)); return NEXT(ftruncate64)(fd, size); }
ssize_t write(int fd, const void *bytes, size_t size) { FAIL(hit_open("write", fd)); return NEXT(write)(fd, bytes, size); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { FAIL(hit_open("write", fd)); return NEXT(pwrite64)(fd, bytes, size, at); }
ssize_t read(int fd, void *bytes, size_t size) { FAIL(hit_open("read", fd)); return NEXT(read)(fd, bytes, size); }
ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) { FAIL(hit_open("read", fd)); return NEXT(pread64)(fd, bytes, size, at); }

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
