/* SPDX-License-Identifier: MIT */
/*
 * faults_preload.c -- a disk that fails and a clock that jumps, for programs as they are (LD_PRELOAD; script/soak).
 *
 * What is wrong at the moment stands in a shared page, the file $ALAMO_FAULTS: whoever has it mapped sets it, and no
 * program needs a right or a system call for it that its sandbox does not give.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* As tests/soak/faults.py writes it. */
struct faults {
	_Atomic int64_t clock_s;    /* added to the time of day */
	_Atomic uint64_t eio_share; /* of 65,536 writes and syncs, so many fail */
	_Atomic uint64_t chance;    /* state of the generator, never 0 */
	_Atomic uint64_t failed;    /* how many did */
};

static struct faults *faults;
static int (*real_clock_gettime)(clockid_t, struct timespec *);

__attribute__((constructor)) static void faults_open(void)
{
	const char *path = getenv("ALAMO_FAULTS");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *page = fd >= 0 ? mmap(NULL, sizeof(struct faults), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
			     : MAP_FAILED;

	*(void **)&real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
	if (fd >= 0)
		(void)close(fd);
	if (page != MAP_FAILED)
		faults = page;
}

/* xorshift64; that two threads may take the same number does no harm. */
static int fails(void)
{
	uint64_t share = faults != NULL ? atomic_load(&faults->eio_share) : 0, x;

	if (share == 0)
		return 0;
	x = atomic_load(&faults->chance);
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	atomic_store(&faults->chance, x);
	if ((x >> 20 & 65535) >= share)
		return 0;
	atomic_fetch_add(&faults->failed, 1);
	errno = EIO;
	return 1;
}

/* These are for files only: sockets and pipes are written otherwise. */
ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return fails() ? -1 : syscall(SYS_pwrite64, fd, bytes, len, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	return pwrite64(fd, bytes, len, at);
}

int fsync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fails() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* ---- the time of day ---- */

static int64_t ahead(void)
{
	return faults != NULL ? atomic_load(&faults->clock_s) : 0;
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = real_clock_gettime != NULL ? real_clock_gettime(id, out) : (int)syscall(SYS_clock_gettime, id, out);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += ahead();
	return rc;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	*out = (struct timeval){ .tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000 };
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return -1;
	if (out != NULL)
		*out = now.tv_sec;
	return now.tv_sec;
}
