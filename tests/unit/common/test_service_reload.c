/* SPDX-License-Identifier: MIT */
/*
 * test_service_reload.c -- a daemon that reads its configuration again, and the
 * files beside it.
 */
#include "service_bench.h"

static bool takes_one_more(uint16_t port)
{
	char word[8];
	int fd = client_connect(port);
	ssize_t len;
	client_say(fd, "x");
	len = recv(fd, word, sizeof(word), 0);
	close(fd);
	return len == 1;
}

static void test_reload(void **state)
{
	char said[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	uint16_t port = port_of(said, "whois ");
	int fd = client_connect(port);
	client_say(fd, "before");
	client_expect(fd, "before");
	assert_true(takes_one_more(port));

	reload(&child, ANY_PORTS "max-per-source = 1\nrdap-url = http://x/\n[dns]\nidle-seconds = 5\n",
	       "event=reloaded", said, sizeof(said));
	assert_non_null(strstr(said, "event=reload-key section=whois key=max-per-source value=\"1\"\n"));
	assert_non_null(strstr(said, "event=reloaded taken=2 waiting=0\n"));
	assert_null(strstr(said, "section=dns")); /* not its own */
	assert_false(takes_one_more(port));
	client_say(fd, "still here");
	client_expect(fd, "still here");

	/* Back, and what cannot change: it is named, and stays. */
	reload(&child, "[network]\nname = other\nlisten = 127.0.0.1\n[whois]\nport = 0\nhttp-port = 0\n",
	       "event=reloaded", said, sizeof(said));
	assert_non_null(strstr(said, " warn test-echod event=reload-waits section=network key=name reason="));
	assert_non_null(strstr(said, "event=reloaded taken=2 waiting=1\n"));
	assert_true(takes_one_more(port));
	client_say(fd, "as ever");
	client_expect(fd, "as ever");
	close(fd);
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

/* Nothing of a file with a mistake is taken; the mistake has its line. */
static void test_reload_refused(void **state)
{
	static const struct {
		const char *file, *says;
	} rows[] = {
		{ ANY_PORTS "max-per-source = 1\nport = 1\n", "/alamo.conf:7: port is given twice\"\n" },
		{ ANY_PORTS "max-per-source = 1\nidle-seconds = never\n", "/alamo.conf:7: idle-seconds: " },
		{ ANY_PORTS "max-per-source = 1\nidle-seconds = 13\n", "reason=\"thirteen seconds\"\n" },
	};
	char said[8192], answer[8192];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	uint16_t port = port_of(said, "whois "), http_port = port_of(said, "rdap ");
	int fd = client_connect(port);
	for (size_t i = 0; i < AL_COUNT(rows); i++) {
		reload(&child, rows[i].file, "event=reload-refused", answer, sizeof(answer));
		assert_non_null(strstr(answer, rows[i].says));
		assert_true(takes_one_more(port));
	}
	int http = client_connect(http_port);
	client_say(http, "GET /metrics HTTP/1.0\r\n\r\n");
	assert_true(client_drain(http, answer, sizeof(answer)) > 0);
	assert_non_null(strstr(answer, "\nalamo_conf_refused 1\n"));
	close(http);

	/* A file that is not there, and one that is none. */
	unlink(conf_path);
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	read_until(&child, "event=reload-refused", answer, sizeof(answer));
	assert_non_null(strstr(answer, "/alamo.conf: No such file or directory\"\n"));
	assert_int_equal(mkfifo(conf_path, 0600), 0);
	assert_int_equal(kill(child.pid, SIGHUP), 0);
	read_until(&child, "event=reload-refused", answer, sizeof(answer));
	assert_non_null(strstr(answer, "/alamo.conf: is no regular file\"\n"));

	reload(&child, ANY_PORTS, "event=reloaded", answer, sizeof(answer));
	assert_non_null(strstr(answer, "event=reloaded taken=0 waiting=0\n"));
	client_say(fd, "all the time");
	client_expect(fd, "all the time");
	close(fd);
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

/* ---- files beside the configuration ---- */

/* The first says "good"; the second is not given, the third may be. */
static const char *files_read(void *self, const int *fds)
{
	char text[8] = "";
	(void)self;
	if (fds[1] != -1 || read(fds[0], text, sizeof(text) - 1) < 0)
		return "another file";
	return strcmp(text, "good") == 0 ? NULL : "no good file";
}

static enum al_err files_start(struct al_service *service, void **self)
{
	enum al_err err = al_service_read(service);
	return err == AL_OK ? echo_start(service, self) : err;
}

static void files_stop(void *self)
{
	if (self != NULL)
		echo_stop(self);
}

static void file_write(const char *name, const char *text)
{
	char path[96];
	FILE *file;
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void test_files_are_read_again(void **state)
{
	static const char *const keys[] = { "tls-certificate", "tls-key", "tls-client-ca" };
	static const struct al_service_def def = { .name = "test-echod",
						   .start = files_start,
						   .stop = files_stop,
						   .section = "rpki",
						   .files = keys,
						   .file_count = AL_COUNT(keys),
						   .read = files_read };
	const char *conf = ANY_PORTS "[rpki]\ntls-certificate = first\ntls-client-ca = third\n";
	char said[8192], path[96];
	struct child child;
	(void)state;
	file_write("first", "bad");
	file_write("third", "");
	write_conf(conf);
	child = spawn(&def, NULL);
	assert_int_equal(reap(&child, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "event=file-refused reason=\"no good file\"\n"));

	file_write("first", "good");
	child = spawn(&def, NULL);
	read_ready(&child, said, sizeof(said));
	reload(&child, conf, "event=reloaded", said, sizeof(said));
	file_write("first", "bad");
	reload(&child, conf, "event=reload-refused", said, sizeof(said));
	assert_non_null(strstr(said, "reason=\"no good file\"\n"));
	snprintf(path, sizeof(path), "%s/third", dir);
	assert_int_equal(unlink(path), 0);
	reload(&child, conf, "event=reload-refused", said, sizeof(said));
	assert_non_null(strstr(said, "/third: No such file or directory\"\n"));
	kill(child.pid, SIGTERM);
	assert_int_equal(reap(&child, NULL, 0), 0);
	snprintf(path, sizeof(path), "%s/first", dir);
	assert_int_equal(unlink(path), 0);
}

/* Many at once, and the last file is the one that counts in the end. */
static void test_reload_again_and_again(void **state)
{
	char said[65536];
	(void)state;
	write_conf(ANY_PORTS);
	struct child child = spawn(&echo_def, NULL);
	read_ready(&child, said, sizeof(said));
	for (int i = 0; i < 200; i++)
		assert_int_equal(kill(child.pid, SIGHUP), 0);
	reload(&child, ANY_PORTS "idle-seconds = 7\n", "key=idle-seconds value=\"7\"", said, sizeof(said));
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_int_equal(reap(&child, NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_reload_refused),
		cmocka_unit_test(test_reload_again_and_again),
		cmocka_unit_test(test_files_are_read_again),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
