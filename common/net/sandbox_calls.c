/* SPDX-License-Identifier: MIT */
/*
 * sandbox_calls.c -- the system calls of a server, as a seccomp filter.
 *
 * A list of what is allowed: what nobody thought of is not. Calls that do many things are allowed by
 * argument. clone3() hides its arguments behind a pointer: it does not exist here, and the C library takes clone().
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "alamo/base/log.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

/* clang-format off */
static const char *const calls[] = {
	/* files */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "open", "openat", "close",
	"close_range", "fstat", "newfstatat", "stat", "lstat", "statx", "access", "faccessat", "faccessat2", "lseek",
	"truncate", "ftruncate", "fallocate", "fadvise64", "fsync", "fdatasync", "sync_file_range", "syncfs", "rename",
	"renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "readlink",
	"readlinkat", "getdents", "getdents64", "getcwd", "chmod", "fchmod", "fchmodat", "fchown", "fchdir", "umask", "utimensat", "flock",
	"fcntl", "dup", "dup2", "dup3", "pipe", "pipe2", "statfs", "fstatfs", "sendfile", "memfd_create",
	/* sockets; socket() itself is below */
	"socketpair", "bind", "listen", "accept", "accept4", "connect", "shutdown", "getsockname", "getpeername",
	"setsockopt", "getsockopt", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg",
	/* waiting */
	"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime",
	"signalfd4", "nanosleep", "clock_nanosleep", "restart_syscall", "wait4", "waitid",
	/* memory and threads; mmap(), mprotect() and clone() are below */
	"munmap", "mremap", "madvise", "brk", "msync", "mincore", "mlock", "mlock2", "munlock", "futex", "futex_waitv",
	"set_robust_list", "get_robust_list", "set_tid_address", "rseq", "membarrier", "sched_yield",
	"sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "getcpu",
	/* itself */
	"exit", "exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait",
	"sigaltstack", "tgkill", "gettid", "getpid", "getppid", "getpgrp", "getpgid", "getuid", "geteuid", "getgid",
	"getegid", "getgroups", "getresuid", "getresgid", "getrandom", "clock_gettime", "clock_getres", "gettimeofday",
	"time", "times", "getrlimit", "prlimit64", "getrusage", "sysinfo", "uname", "arch_prctl", "capget",
#ifdef SANITIZED /* its leak detector looks at the threads from a process of its own, when all is over */
	"clone", "ptrace", "prctl", "process_vm_readv", "kill",
#endif
};
/* clang-format on */

static int allow(scmp_filter_ctx filter, int call, struct scmp_arg_cmp arg)
{
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &arg);
}

/* Threads, no processes; memory that is written, or executed, but not both. */
static int memory_rules(scmp_filter_ctx filter)
{
	static const int maps[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

#ifndef SANITIZED
	if (rc == 0)
		rc = allow(filter, SCMP_SYS(clone), SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
#endif
	for (size_t i = 0; rc == 0 && i < AL_COUNT(maps); i++) {
		rc = allow(filter, maps[i], SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
		if (rc == 0)
			rc = allow(filter, maps[i], SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE, 0));
	}
	return rc;
}

static int socket_rules(scmp_filter_ctx filter)
{
	static const scmp_datum_t families[] = { AF_UNIX, AF_INET, AF_INET6 };
	const struct scmp_arg_cmp routes[] = { SCMP_A0(SCMP_CMP_EQ, AF_NETLINK), SCMP_A2(SCMP_CMP_EQ, 0) };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < AL_COUNT(families); i++)
		rc = allow(filter, SCMP_SYS(socket), SCMP_A0(SCMP_CMP_EQ, families[i]));
	if (rc == 0) /* the C library asks which addresses the host has */
		rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), AL_COUNT(routes), routes);
	return rc;
}

static int word_rules(scmp_filter_ctx filter)
{
	static const scmp_datum_t ioctls[] = { FIONREAD, FIONBIO, TCGETS, TIOCGWINSZ };
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < AL_COUNT(ioctls); i++)
		rc = allow(filter, SCMP_SYS(ioctl), SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
#ifndef SANITIZED
	static const scmp_datum_t prctls[] = { PR_SET_NAME, PR_GET_NAME, PR_SET_DUMPABLE, PR_GET_DUMPABLE, 0x53564d41 };
	for (size_t i = 0; rc == 0 && i < AL_COUNT(prctls); i++) /* the last is PR_SET_VMA: names for memory */
		rc = allow(filter, SCMP_SYS(prctl), SCMP_A0(SCMP_CMP_EQ, prctls[i]));
#endif
	return rc;
}

enum al_err sandbox_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int rc = filter != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < AL_COUNT(calls); i++) {
		int call = seccomp_syscall_resolve_name(calls[i]);

		if (call != __NR_SCMP_ERROR && call >= 0) /* not every machine has all of them */
			rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
	}
	if (rc == 0)
		rc = memory_rules(filter);
	if (rc == 0)
		rc = socket_rules(filter);
	if (rc == 0)
		rc = word_rules(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	if (rc == 0)
		return AL_OK;
	al_log(AL_LOG_ERROR, "sandbox-seccomp", "errno=%d", -rc);
	return AL_ESYS;
}

#ifndef SANITIZED
static int opener_rules(scmp_filter_ctx filter)
{
	static const int plain[] = { SCMP_SYS(read),  SCMP_SYS(recvfrom),        SCMP_SYS(sendmsg),
				     SCMP_SYS(close), SCMP_SYS(restart_syscall), SCMP_SYS(exit_group) };
	const struct scmp_arg_cmp reading = SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY);
	int rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, &reading);

	for (size_t i = 0; rc == 0 && i < AL_COUNT(plain); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[i], 0);
	return rc;
}
#endif

enum al_err sandbox_opener(void)
{
#ifdef SANITIZED
	return AL_OK; /* its runtime wants more than it says */
#else
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc = filter != NULL ? opener_rules(filter) : -ENOMEM;

	if (rc == 0)
		rc = seccomp_load(filter);
	if (filter != NULL)
		seccomp_release(filter);
	return rc == 0 ? AL_OK : AL_ESYS;
#endif
}
