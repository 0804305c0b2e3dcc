/*
 * A disk and a clock that misbehave on demand, between a server and its C library (LD_PRELOAD).
 *
 * It counts what the server does to its ledger (files with ".sqlite3" in their path) and, told by
 * the test, lets a sync wait or fail, a disk be full, or the process die at exactly one operation.
 * After every sync that succeeded it keeps a copy of the file, and after one of a directory the names
 * in it: what a power loss would leave for certain. And it can shift or stop the wall clock.
 *
 * The test steers it through a page of 64-bit words, a file mapped by both sides (FAULT_CONTROL).
 * The words' numbers are defined by the test when it compiles this file, so there is one list.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_BYTES 4096
#define STALL_SLICE_MS 5
#define IMAGE_CHUNK_BYTES (256 * 1024)

static int64_t *words;

static int64_t told(int word) {
    return words ? __atomic_load_n(&words[word], __ATOMIC_SEQ_CST) : 0;
}

static int64_t count(int word) {
    return words ? __atomic_add_fetch(&words[word], 1, __ATOMIC_SEQ_CST) : 0;
}

__attribute__((constructor)) static void map_control(void) {
    const char *path = getenv("FAULT_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) {
        fputs("fault_shim: FAULT_CONTROL names no control file\n", stderr);
        _exit(99);
    }
    void *page = mmap(NULL, CONTROL_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (page == MAP_FAILED) {
        fputs("fault_shim: the control file cannot be mapped\n", stderr);
        _exit(99);
    }
    words = page;
}

/* The C library's own function, found once. */
#define REAL(type, name, ...)                                    \
    static type (*real)(__VA_ARGS__);                            \
    if (!real)                                                   \
        *(void **)&real = dlsym(RTLD_NEXT, name)

/* ---- which files, and dying ---------------------------------------------------------------- */

static int path_is_ledger(const char *path) {
    return path && strstr(path, ".sqlite3") != NULL;
}

/* Writes the path of an open file; 0 when it is none of the ledger's. */
static int is_ledger(int fd, char path[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length <= 0)
        return 0;
    path[length] = 0;
    return path_is_ledger(path);
}

/* As kill -9 from outside: no destructor, no flush, no answer. */
static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Every operation on the ledger passes here once, before it is done. */
static void operation(void) {
    int64_t number = count(OPERATIONS);
    if (number == told(DIE_AT_OPERATION))
        die();
}

static void sleep_ms(long ms) {
    struct timespec span = {ms / 1000, (ms % 1000) * 1000000L};
    nanosleep(&span, NULL);
}

/* ---- writes --------------------------------------------------------------------------------- */

/*
 * Decides about a write of `size` bytes. Returns how many of them are to be written: all, or the
 * first part of a write that is torn, after which the process dies. -1: refused, errno is set.
 */
static ssize_t admitted(size_t size, int *then_die) {
    operation();
    *then_die = 0;
    int64_t number = count(WRITES);
    int64_t error = told(WRITE_ERRNO);
    if (error && number >= told(FAIL_WRITE_FROM)) {
        count(WRITES_REFUSED);
        errno = (int)error;
        return -1;
    }
    if (number == told(TEAR_WRITE)) {
        *then_die = 1;
        return (ssize_t)(size * (uint64_t)told(TORN_PER_MILLE) / 1000);
    }
    return (ssize_t)size;
}

#define GUARDED_WRITE(call_all, call_part)                       \
    char path[PATH_MAX];                                         \
    if (!is_ledger(fd, path))                                    \
        return call_all;                                         \
    int then_die;                                                \
    ssize_t part = admitted(size, &then_die);                    \
    if (part < 0)                                                \
        return -1;                                               \
    if (then_die) {                                              \
        if (part > 0)                                            \
            (void)!call_part;                                    \
        die();                                                   \
    }                                                            \
    return call_all

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    GUARDED_WRITE(real(fd, bytes, size), real(fd, bytes, (size_t)part));
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    GUARDED_WRITE(real(fd, bytes, size, at), real(fd, bytes, (size_t)part, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    GUARDED_WRITE(real(fd, bytes, size, at), real(fd, bytes, (size_t)part, at));
}

int ftruncate(int fd, off_t length) {
    REAL(int, "ftruncate", int, off_t);
    char path[PATH_MAX];
    if (is_ledger(fd, path))
        operation();
    return real(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    REAL(int, "ftruncate64", int, off64_t);
    char path[PATH_MAX];
    if (is_ledger(fd, path))
        operation();
    return real(fd, length);
}

int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    if (path_is_ledger(path))
        operation();
    return real(path);
}

/* ---- syncs ---------------------------------------------------------------------------------- */

static int is_directory(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Writes where the durable image of a file lies; 0 when no images are wanted. */
static int image_path(const char *path, char image[PATH_MAX]) {
    const char *images = getenv("FAULT_IMAGES");
    const char *slash = strrchr(path, '/');
    return images && slash && snprintf(image, PATH_MAX, "%s%s", images, slash) < PATH_MAX;
}

/*
 * Copies a file that has just been synced to the directory of durable images, whole or not at all.
 * It writes and renames by calls that are not intercepted above, so that it does not count itself,
 * and reads through the server's own descriptor: closing a second one would drop the locks that the
 * process holds on the file.
 */
static void keep_image(int fd, const char *path) {
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    char image[PATH_MAX], part[PATH_MAX];
    if (!image_path(path, image) || snprintf(part, sizeof part, "%s.part", image) >= (int)sizeof part)
        return;
    pthread_mutex_lock(&one_at_a_time);
    int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int whole = to >= 0;
    off64_t done = 0;
    static char bytes[IMAGE_CHUNK_BYTES];
    for (ssize_t got; whole && (got = pread64(fd, bytes, sizeof bytes, done)) != 0; done += got) {
        struct iovec chunk = {bytes, (size_t)got};
        whole = got > 0 && writev(to, &chunk, 1) == got;
    }
    if (to >= 0)
        close(to);
    if (!whole) {
        fprintf(stderr, "fault_shim: no image of %s\n", path);
        die();
    }
    renameat(AT_FDCWD, part, AT_FDCWD, image);
    pthread_mutex_unlock(&one_at_a_time);
}

/* What was durable under the old name is durable under the new one. */
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    int counts = path_is_ledger(from) || path_is_ledger(to);
    if (counts)
        operation();
    int result = real(from, to);
    int error = errno;
    char image_from[PATH_MAX], image_to[PATH_MAX];
    if (result == 0 && counts && image_path(from, image_from) && image_path(to, image_to))
        real(image_from, image_to);
    errno = error;
    return result;
}

/*
 * After a directory has been synced the names in it are durable. A file of the ledger that was never
 * synced itself gets an empty image: it will be found, and what it holds is uncertain.
 */
static void keep_names(const char *directory) {
    DIR *names = opendir(directory);
    for (struct dirent *entry; names && (entry = readdir(names));) {
        char path[PATH_MAX], image[PATH_MAX];
        if (!path_is_ledger(entry->d_name) ||
            snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path ||
            !image_path(path, image))
            continue;
        int empty = open(image, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (empty >= 0)
            close(empty);
    }
    if (names)
        closedir(names);
}

static int64_t monotonic_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/*
 * Waits as long as told by the clock, however late a busy machine wakes it. In slices, so that the test can
 * end the stall at once by taking the word back.
 */
static void stall(void) {
    int64_t began = monotonic_ms();
    for (int64_t left; (left = began + told(STALL_SYNC_MS) - monotonic_ms()) > 0;)
        sleep_ms(left < STALL_SLICE_MS ? left : STALL_SLICE_MS);
}

static int guarded_sync(int fd, int (*real)(int)) {
    char path[PATH_MAX];
    if (!is_ledger(fd, path)) {
        int result = real(fd);
        int error = errno;
        if (result == 0 && told(KEEP_IMAGES) && is_directory(fd))
            keep_names(path);
        errno = error;
        return result;
    }
    operation();
    int64_t number = count(SYNCS);
    stall();
    if (number == told(DIE_BEFORE_SYNC))
        die();
    if (number >= told(FAIL_SYNC_FROM) && number <= told(FAIL_SYNC_TO)) {
        count(SYNCS_FAILED);
        errno = EIO;
        return -1;
    }
    /* A disk that lies: it says done and does nothing. */
    if (told(LIE_ABOUT_SYNCS)) {
        count(SYNCS_DONE);
        return 0;
    }
    int result = real(fd);
    int error = errno;
    if (result == 0) {
        if (told(KEEP_IMAGES))
            keep_image(fd, path);
        count(SYNCS_DONE);
        if (number == told(DIE_AFTER_SYNC))
            die();
    }
    errno = error;
    return result;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    return guarded_sync(fd, real);
}

int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return guarded_sync(fd, real);
}

/* ---- the wall clock ------------------------------------------------------------------------- */

static void bend(struct timespec *time) {
    int64_t frozen = told(CLOCK_FROZEN_AT_MS);
    int64_t shift = told(CLOCK_SHIFT_MS);
    if (frozen) {
        time->tv_sec = frozen / 1000;
        time->tv_nsec = (frozen % 1000) * 1000000L;
    } else if (shift) {
        int64_t ms = (int64_t)time->tv_sec * 1000 + time->tv_nsec / 1000000 + shift;
        time->tv_nsec = (ms % 1000) * 1000000L + time->tv_nsec % 1000000;
        time->tv_sec = ms / 1000;
    }
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    REAL(int, "clock_gettime", clockid_t, struct timespec *);
    int result = real(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        bend(time);
    return result;
}

int gettimeofday(struct timeval *time, void *zone) {
    (void)zone;
    struct timespec now;
    int result = clock_gettime(CLOCK_REALTIME, &now);
    if (result == 0) {
        time->tv_sec = now.tv_sec;
        time->tv_usec = now.tv_nsec / 1000;
    }
    return result;
}

time_t time(time_t *seconds) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (seconds)
        *seconds = now.tv_sec;
    return now.tv_sec;
}
