/*
 * cmd_up.c -- `alamo up`: the four daemons of one directory, supervised.
 *
 * run/alamo.pid holds our process id and a lock, so that a directory is up
 * only once.
 */
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alamo/base/log.h"
#include "file.h"
#include "supervise.h"

static const char *const programs[] = { "alamo-registryd", "alamo-whoisd", "alamo-rootd", "alamo-rpkid" };

/* The locked descriptor or -1 (said). The lock ends with the process, the file stays. */
static int lock_take(const char *dir)
{
	char path[PATH_MAX], text[32];
	int fd, length = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (file_join(dir, "run", path, sizeof(path)) == AL_OK)
		(void)mkdir(path, 0755);
	if (file_join(dir, "run/alamo.pid", path, sizeof(path)) != AL_OK)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		command_fail(CLI_REFUSED, "%s: %s", path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		command_fail(CLI_REFUSED, "%s is up already (%s is locked)", dir, path);
		close(fd);
		return -1;
	}
	if (ftruncate(fd, 0) != 0 || write(fd, text, (size_t)length) != length)
		al_log(AL_LOG_WARN, "pid-file", "path=%s error=%s", path, strerror(errno));
	return fd;
}

static int run(const struct words *words, const void *options)
{
	const char *dir = words->word[0];
	char conf[PATH_MAX];
	int lock, code;

	(void)options;
	if (file_join(dir, "alamo.conf", conf, sizeof(conf)) != AL_OK || access(conf, R_OK) != 0)
		return command_fail(CLI_REFUSED, "%s is no authority: there is no alamo.conf (see `alamo init`)", dir);
	al_log_init("alamo", AL_LOG_INFO);
	lock = lock_take(dir);
	if (lock < 0)
		return CLI_REFUSED;
	code = supervise(dir, programs, AL_COUNT(programs));
	close(lock);
	return code;
}

static const struct command_form forms[] = { { NULL, "DIR", NULL, run } };

const struct command command_up = {
	.name = "up",
	.group = GROUP_AUTHORITY,
	.help = "run the authority's four daemons until SIGTERM",
	COMMAND_FORMS(forms),
};
