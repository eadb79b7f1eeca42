/* SPDX-License-Identifier: MIT */
/*
 * sandbox.c -- Landlock by its system calls (the C library has none for it),
 * then the seccomp filter, which does not allow them any more.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "alamo/base/log.h"

/* The same on every machine (include/uapi/asm-generic/unistd.h). */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define ASK_VERSION 1u
#define RULE_PATH 1

/* Rights, by the bits of the kernel's interface (Documentation/userspace-api/landlock.rst). */
#define WRITE_FILE (1u << 1)
#define READ_FILE (1u << 2)
#define READ_DIR (1u << 3)
#define REMOVE_DIR (1u << 4)
#define REMOVE_FILE (1u << 5)
#define MAKE_DIR (1u << 7)
#define MAKE_REG (1u << 8)
#define MAKE_SOCK (1u << 9)
#define REFER (1u << 13)    /* version 2 */
#define TRUNCATE (1u << 14) /* version 3 */
#define RIGHTS_OF_1 ((1u << 13) - 1)
#define FILE_RIGHTS (WRITE_FILE | READ_FILE | TRUNCATE)
#define READING (READ_FILE | READ_DIR)
#define WRITING (READING | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SOCK | REFER | TRUNCATE)
#define SCOPE_ABSTRACT (1u << 0) /* version 6: no abstract sockets, no signals to outside */
#define SCOPE_SIGNAL (1u << 1)

struct ruleset {
	uint64_t files, net, scoped;
};

struct path_rule {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

/* What any program may read: libraries, time zones, how names are looked up. */
static const char *const common_paths[] = {
	"/usr",
	"/lib",
	"/lib64",
	"/etc/ssl",
	"/etc/localtime",
	"/etc/nsswitch.conf",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/gai.conf",
	"/etc/resolv.conf",
	"/etc/services",
	"/proc",
	"/sys/devices/system/cpu",
	"/dev/urandom",
	"/dev/random",
};

static uint64_t rights_of(int version)
{
	uint64_t rights = RIGHTS_OF_1;

	if (version >= 2)
		rights |= REFER;
	if (version >= 3)
		rights |= TRUNCATE;
	return rights;
}

/* 0: this kernel has none. */
static int landlock_version(void)
{
	long version = syscall(CALL_CREATE_RULESET, NULL, 0, ASK_VERSION);

	return version > 0 ? (int)version : 0;
}

/* A path that is not there gives no right, and is no failure. */
static enum al_err rule_add(int ruleset, const char *path, uint64_t rights, int version)
{
	struct path_rule rule = { .rights = rights & rights_of(version) };
	struct stat st;
	int rc;

	rule.fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? AL_OK : AL_ESYS;
	rc = fstat(rule.fd, &st);
	if (rc == 0 && !S_ISDIR(st.st_mode))
		rule.rights &= FILE_RIGHTS;
	if (rc == 0)
		rc = (int)syscall(CALL_ADD_RULE, ruleset, RULE_PATH, &rule, 0);
	(void)close(rule.fd);
	if (rc != 0)
		al_log(AL_LOG_ERROR, "sandbox-path", "path=%s errno=%d", path, errno);
	return rc == 0 ? AL_OK : AL_ESYS;
}

/* It is there, or is made, for all to look into: what else is wrong with it, its user will find. */
static void dir_make(const char *path)
{
	if (mkdir(path, 0755) == 0)
		(void)chmod(path, 0755);
}

static enum al_err path_add(int ruleset, const struct al_conf *conf, const struct al_sandbox_path *one, int version)
{
	const char *value = one->section != NULL ? al_conf_str(conf, one->section, one->key) : one->key;
	char path[PATH_MAX], *slash;
	enum al_err err;

	if (*value == '\0' || strstr(value, "://") != NULL)
		return AL_OK;
	err = al_conf_path(conf, value, path, sizeof(path));
	if (err != AL_OK)
		return err;
	slash = strrchr(path, '/');
	if (one->access == AL_SANDBOX_BESIDE && slash != NULL)
		slash[slash == path] = '\0';
	if (one->access == AL_SANDBOX_WRITE)
		dir_make(path);
	return rule_add(ruleset, path, one->access == AL_SANDBOX_READ ? READING : WRITING, version);
}

static int ruleset_make(int version)
{
	struct ruleset ruleset = { .files = rights_of(version) };
	size_t size = version >= 6 ? sizeof(ruleset) : sizeof(ruleset.files);

	if (version >= 6)
		ruleset.scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
	return (int)syscall(CALL_CREATE_RULESET, &ruleset, size, 0);
}

static enum al_err sandbox_files(const struct al_conf *conf, const struct al_sandbox_path *paths, size_t count,
				 int version)
{
	int ruleset = ruleset_make(version);
	enum al_err err = ruleset >= 0 ? AL_OK : AL_ESYS;

	for (size_t i = 0; err == AL_OK && i < AL_COUNT(common_paths); i++)
		err = rule_add(ruleset, common_paths[i], READING, version);
	if (err == AL_OK)
		err = rule_add(ruleset, "/dev/null", FILE_RIGHTS, version);
	for (size_t i = 0; err == AL_OK && i < count; i++)
		err = path_add(ruleset, conf, &paths[i], version);
	if (err == AL_OK && syscall(CALL_RESTRICT_SELF, ruleset, 0) != 0)
		err = AL_ESYS;
	if (err != AL_OK)
		al_log(AL_LOG_ERROR, "sandbox-landlock", "version=%d errno=%d", version, errno);
	if (ruleset >= 0)
		(void)close(ruleset);
	return err;
}

enum al_err al_sandbox(const struct al_conf *conf, const struct al_sandbox_path *paths, size_t count)
{
	int version = landlock_version();
	const struct rlimit none = { 0, 0 };
	enum al_err err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? AL_OK : AL_ESYS;

	if (setrlimit(RLIMIT_CORE, &none) != 0) /* a memory dump has all that was confined in it */
		err = AL_ESYS;
	if (err == AL_OK && version > 0)
		err = sandbox_files(conf, paths, count, version);
	if (err == AL_OK)
		err = sandbox_calls();
	if (err != AL_OK)
		return err;
	if (version > 0)
		al_log(AL_LOG_INFO, "sandbox", "seccomp=yes landlock=%d", version);
	else
		al_log(AL_LOG_WARN, "sandbox", "seccomp=yes landlock=no reason=\"this kernel has none\"");
	return AL_OK;
}
