/* SPDX-License-Identifier: MIT */
/*
 * test_sandbox.c -- behind al_sandbox() a process does what a server does, and
 * what it never needs is refused. Each thing is tried in a process of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include "../said.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "alamo/net/sandbox.h"
#include "opener.h"

#define NOT_HERE 77 /* exit code: this kernel cannot do it */

static char dir[64], conf_path[96];

static bool has_landlock;
static long landlock_version;      /* that the kernel says it has; 0: what it has */
static uint64_t landlock_confined; /* the rights that were last asked to be */

/* Landlock is asked for its version, and used, by this one alone. */
long syscall(long number, ...)
{
	void *symbol = dlsym(RTLD_NEXT, "syscall");
	long (*next)(long, ...), words[6];
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < AL_COUNT(words); i++)
		words[i] = va_arg(args, long);
	va_end(args);
	if (landlock_version != 0 && number == 444 && words[0] == 0) {
		errno = EOPNOTSUPP;
		return landlock_version;
	}
	if (number == 444 && words[0] != 0)
		memcpy(&landlock_confined, (const void *)(uintptr_t)words[0], sizeof(landlock_confined));
	memcpy(&next, &symbol, sizeof(next)); /* ISO C has no cast between the two */
	return next(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}

static void enter(void)
{
	static const struct al_sandbox_path paths[] = {
		{ NULL, "run", AL_SANDBOX_WRITE },
		{ "registry", "ledger", AL_SANDBOX_READ },
		{ NULL, "missing/file", AL_SANDBOX_READ },
	};
	struct al_conf *conf;
	char message[200];

	al_log_init("test", AL_LOG_ERROR);
	if (al_conf_load(conf_path, &conf, message, sizeof(message)) != AL_OK ||
	    al_sandbox(conf, paths, AL_COUNT(paths)) != AL_OK)
		_exit(3);
}

/* ---- what is tried: 0 it went as it should, 1 it did not ---- */

static int refused(long result)
{
	return result == -1 && errno == EPERM ? 0 : 1;
}

static int try_exec(void)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/true", NULL };

	return refused(execv("/bin/true", argv));
}

static int try_fork(void)
{
#ifdef __SANITIZE_ADDRESS__
	return NOT_HERE; /* the leak detector has to */
#else
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return refused(pid);
#endif
}

static int try_trace(void)
{
#ifdef __SANITIZE_ADDRESS__
	return NOT_HERE;
#else
	return refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
#endif
}

static int try_kill(void)
{
#ifdef __SANITIZE_ADDRESS__
	return NOT_HERE;
#else
	return refused(kill(getppid(), 0));
#endif
}

static int try_packets(void)
{
	return refused(socket(AF_PACKET, SOCK_RAW, 0)) | refused(socket(AF_NETLINK, SOCK_RAW, 9));
}

static int try_mount(void)
{
	return refused(syscall(SYS_unshare, 0)) | refused(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)) |
	       refused(syscall(SYS_chroot, "/")) | refused(syscall(SYS_bpf, 0, NULL, 0));
}

static int try_written_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return refused(page == MAP_FAILED ? -1 : 0);
}

static int try_open(const char *name, int flags, int wanted)
{
	char path[160];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, flags | O_CLOEXEC, 0600);
	if (wanted == 0)
		return fd >= 0 ? 0 : 1;
	return fd < 0 && errno == wanted ? 0 : 1;
}

static int try_files(void)
{
	if (!has_landlock)
		return NOT_HERE;
	return try_open("secret", O_RDONLY, EACCES) | try_open("new", O_WRONLY | O_CREAT, EACCES) |
	       try_open("ledger.db", O_RDONLY, 0) | try_open("ledger.db", O_WRONLY, EACCES) |
	       try_open("run/new", O_RDWR | O_CREAT | O_TRUNC, 0);
}

static void *thread(void *arg)
{
	return arg;
}

/* What servers do. */
static int try_work(void)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[160], other[160];
	pthread_t id;
	void *result;

	(void)snprintf(path, sizeof(path), "%s/run/a", dir);
	(void)snprintf(other, sizeof(other), "%s/run/b", dir);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) != 0 || listen(fd, 1) != 0)
		return 1;
	if (pthread_create(&id, NULL, thread, &any) != 0 || pthread_join(id, &result) != 0 || result != &any)
		return 1;
	if (mkdir(path, 0700) != 0 || rename(path, other) != 0 || rmdir(other) != 0)
		return 1;
	return raise(0) == 0 && malloc(1u << 20) != NULL ? 0 : 1;
}

/* alamo.conf is out of our reach by then, and is handed to us all the same; nothing else is. */
static int try_opener(void)
{
	const char *const paths[] = { conf_path, "", "/nowhere" };
	struct opener *opener;
	struct pollfd answer;
	char text[8] = "";
	int fd = -1;

	if (opener_start(paths, AL_COUNT(paths), &opener) != AL_OK)
		return 1;
	enter();
	answer = (struct pollfd){ .fd = opener_socket(opener), .events = POLLIN };
	if (has_landlock && try_open("alamo.conf", O_RDONLY, EACCES) != 0)
		return 1;
	if (opener_take(opener, &fd) != AL_EAGAIN || opener_ask(opener) != AL_OK)
		return 1;
	if (poll(&answer, 1, 20000) != 1 || opener_take(opener, &fd) != AL_OK)
		return 1;
	if (read(fd, text, 7) != 7 || strcmp(text, "[networ") != 0 || write(fd, text, 1) != -1)
		return 1;
	for (size_t i = 1; i < AL_COUNT(paths); i++)
		if (poll(&answer, 1, 20000) != 1 || opener_take(opener, &fd) != AL_ESYS || errno != ENOENT)
			return 1;
	opener_stop(opener); /* waits for its end */
	return 0;
}

/* ---- in a process of its own ---- */

static void tried_alone(int (*try)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TRY(name)                             \
	static int within_##name(void)        \
	{                                     \
		enter();                      \
		return try_##name();          \
	}                                     \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		tried_alone(within_##name);   \
	}

TRY(exec)
TRY(fork)
TRY(trace)
TRY(kill)
TRY(packets)
TRY(mount)
TRY(written_code)
TRY(files)
TRY(work)

static int try_version(long version, const char *wanted)
{
	static const struct al_sandbox_path paths[] = { { NULL, "run", AL_SANDBOX_WRITE } };
	struct al_conf *conf;
	char message[200];
	struct said said;
	const char *log;

	landlock_version = version;
	al_log_init("test", AL_LOG_INFO);
	said_begin(&said);
	if (al_conf_load(conf_path, &conf, message, sizeof(message)) != AL_OK ||
	    al_sandbox(conf, paths, AL_COUNT(paths)) != AL_OK)
		return 1;
	log = said_end(&said);
	if (strstr(log, wanted) == NULL)
		return 2;
	return try_open("secret", O_RDONLY, version > 0 ? EACCES : 0);
}

/* By its 13 rights, which version 1 has; 2 brought links between folders, and 3 brought truncation. */
static int try_oldest(void)
{
	if (!has_landlock)
		return NOT_HERE;
	return try_version(1, "seccomp=yes landlock=1") == 0 && landlock_confined == 0x1fff ? 0 : 1;
}

static int try_second(void)
{
	if (syscall(444, NULL, 0, 1) < 2)
		return NOT_HERE;
	return try_version(2, "seccomp=yes landlock=2") == 0 && landlock_confined == 0x3fff ? 0 : 1;
}

static int try_third(void)
{
	if (syscall(444, NULL, 0, 1) < 3)
		return NOT_HERE;
	return try_version(3, "seccomp=yes landlock=3") == 0 && landlock_confined == 0x7fff ? 0 : 1;
}

static int try_none(void)
{
	return try_version(-1, "seccomp=yes landlock=no");
}

/* By the oldest versions that there are, and with none: calls are confined then, files are not. */
static void test_other_kernels(void **state)
{
	(void)state;
	tried_alone(try_none);
	tried_alone(try_oldest);
	tried_alone(try_second);
	tried_alone(try_third);
}

static void test_opener(void **state)
{
	(void)state;
	tried_alone(try_opener);
}

static void file_make(const char *name, const char *text)
{
	char path[160];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state)
{
	(void)state;
	has_landlock = syscall(444, NULL, 0, 1) > 0;
	(void)snprintf(dir, sizeof(dir), "/var/tmp/alamo-sandbox-XXXXXX");
	assert_non_null(mkdtemp(dir));
	(void)snprintf(conf_path, sizeof(conf_path), "%s/alamo.conf", dir);
	file_make("alamo.conf", "[network]\nname = test\n");
	file_make("secret", "key");
	file_make("ledger.db", "x");
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "alamo.conf", "secret", "ledger.db", "new", "run/new" };
	char path[160];

	(void)state;
	for (size_t i = 0; i < AL_COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)snprintf(path, sizeof(path), "%s/run", dir);
	(void)rmdir(path);
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exec),         cmocka_unit_test(test_fork),          cmocka_unit_test(test_trace),
		cmocka_unit_test(test_kill),         cmocka_unit_test(test_packets),       cmocka_unit_test(test_mount),
		cmocka_unit_test(test_written_code), cmocka_unit_test(test_files),         cmocka_unit_test(test_work),
		cmocka_unit_test(test_opener),       cmocka_unit_test(test_other_kernels),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
