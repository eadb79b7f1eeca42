/* SPDX-License-Identifier: MIT */
/*
 * child.c -- cutting a child's ties.
 */
#include "alamo/net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alamo/base/log.h"

/* Faults still end it. */
static void signals_ignore(void)
{
	static const int faults[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (int number = 1; number < 32; number++) {
		bool fault = false;

		for (size_t i = 0; i < AL_COUNT(faults); i++)
			fault = fault || faults[i] == number;
		if (!fault)
			(void)sigaction(number, &ignore, NULL);
	}
}

bool al_child_alone(int socket, pid_t parent, const char *name)
{
	static const struct rlimit none = { 0, 0 };
	int null;

	signals_ignore();
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent || prctl(PR_SET_DUMPABLE, 0) != 0)
		return false;
	/* Not dumpable is enough; this is for whoever looks. */
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		al_log(AL_LOG_WARN, "child", "name=%s reason=\"RLIMIT_CORE: %s\"", name, strerror(errno));
	(void)prctl(PR_SET_NAME, name);
	/* First of all: the socket is 0 or 1 where the parent was started without standard input or output. */
	if (socket != AL_CHILD_SOCKET && dup2(socket, AL_CHILD_SOCKET) != AL_CHILD_SOCKET)
		return false;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return false;
	return close_range(AL_CHILD_SOCKET + 1, ~0u, 0) == 0;
}
