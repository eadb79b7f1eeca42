/* SPDX-License-Identifier: MIT */
/*
 * test_conf.c -- presets, every kind of mistake with its line, and that what
 * is printed loads to the same.
 */
#include "conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

static void test_empty_file_is_a_configuration(void **state)
{
	struct al_conf *conf = load("");
	(void)state;
	assert_string_equal(al_conf_str(conf, "network", "name"), "alamo");
	assert_string_equal(al_conf_str(conf, "network", "listen"), "127.0.0.1, ::1");
	assert_string_equal(al_conf_str(conf, "log", "stream"), "run/log.sock");
	assert_string_equal(al_conf_str(conf, "log", "level"), "info");
	assert_string_equal(al_conf_str(conf, "registry", "listen"), "");
	assert_int_equal(al_conf_port(conf, "registry", "request-port"), 4343);
	assert_int_equal(al_conf_port(conf, "registry", "stream-port"), 4344);
	assert_int_equal(al_conf_port(conf, "registry", "http-port"), 4345);
	assert_int_equal(al_conf_port(conf, "whois", "port"), 4043);
	assert_int_equal(al_conf_port(conf, "whois", "http-port"), 4080);
	assert_int_equal(al_conf_port(conf, "dns", "port"), 4053);
	assert_int_equal(al_conf_port(conf, "dns", "http-port"), 4054);
	assert_int_equal(al_conf_port(conf, "rpki", "port"), 4323);
	assert_int_equal(al_conf_port(conf, "rpki", "http-port"), 4324);
	assert_int_equal(al_conf_port(conf, "rpki", "tls-port"), 4325);
	assert_int_equal(al_conf_u64(conf, "whois", "max-connections"), 4096);
	assert_int_equal(al_conf_u64(conf, "rpki", "expire"), 172800);
	assert_int_equal(al_conf_u64(conf, "dns", "workers"), 0);
	al_conf_free(conf);
}

static void test_values_and_comments(void **state)
{
	struct al_conf *conf = load("; first\n[network]\n  name = lab   ; mine\n# x\n\tports=default\r\n\n"
				    "[dns]\nlisten: ::1 , 192.0.2.1\nworkers = 3\n[network]\nlisten=fd00::1\n");
	struct al_slice rest = al_slice_str(al_conf_str(conf, "dns", "listen"));
	struct al_slice value;
	(void)state;
	assert_string_equal(al_conf_str(conf, "network", "name"), "lab");
	assert_string_equal(al_conf_str(conf, "network", "listen"), "fd00::1");
	assert_int_equal(al_conf_u64(conf, "dns", "workers"), 3);
	assert_true(al_conf_next(&rest, &value));
	assert_true(al_slice_is(value, "::1"));
	assert_true(al_conf_next(&rest, &value));
	assert_true(al_slice_is(value, "192.0.2.1"));
	assert_false(al_conf_next(&rest, &value));
	al_conf_free(conf);
}

static void test_standard_ports(void **state)
{
	struct al_conf *conf = load("[whois]\nhttp-port = 8080\n[network]\nports = standard\n");
	(void)state;
	assert_int_equal(al_conf_port(conf, "whois", "port"), 43);
	assert_int_equal(al_conf_port(conf, "whois", "http-port"), 8080);
	assert_int_equal(al_conf_port(conf, "dns", "port"), 53);
	assert_int_equal(al_conf_port(conf, "dns", "http-port"), 4054);
	assert_int_equal(al_conf_port(conf, "rpki", "port"), 323);
	assert_int_equal(al_conf_port(conf, "rpki", "http-port"), 4324);
	assert_int_equal(al_conf_port(conf, "rpki", "tls-port"), 324);
	assert_int_equal(al_conf_port(conf, "registry", "request-port"), 4343);
	al_conf_free(conf);
}

static void test_mistakes_have_their_line(void **state)
{
	(void)state;
	assert_refused("[network]\nname = a\n[nonsense]\nx = 1\n", ":4: unknown section [nonsense]");
	assert_refused("[dns]\n\n# a\nporf = 1\nport = x\n", ":4: unknown key porf in [dns]");
	assert_refused("name = x\n", ":1: name stands before any [section]");
	assert_refused("[dns]\nport = 65536\n", ":2: port: \"65536\" is not a number in the range 0 to 65535");
	assert_refused("[dns]\nport =\n", ":2: port: \"\" is not a number in the range 0 to 65535");
	assert_refused("[dns]\nport = 0x35\n", ":2: port: \"0x35\" is not a number in the range 0 to 65535");
	assert_refused("[dns]\nsignature-days = 1\n",
		       ":2: signature-days: \"1\" is not a number in the range 2 to 365");
	assert_refused("[dns]\nport = 1\nport = 1\n", ":3: port is given twice");
	assert_refused("[dns]\nport = 1\n  port = 1\n", ":3: port is given twice");
	assert_refused("[network]\nports = low\n", ":2: ports: \"low\" is not one of default|standard");
	assert_refused("[network]\nlisten = localhost\n",
		       ":2: listen: \"localhost\" has something that is not an IP address");
	assert_refused("[network]\nlisten = ,\n", ":2: listen: \",\" needs an address");
	assert_refused("[network]\nname =\n", ":2: name: \"\" is empty");
	assert_refused("[network]\njust words\n[dns]\nport = x\n", ":2: neither [section] nor key = value");
	assert_refused("[dns]\nport = x\n[dns\n", ":2: port: \"x\" is not a number in the range 0 to 65535");
	assert_refused("[rpki]\nexpire = 600\nrefresh = 600\n",
		       ": [rpki] expire must be longer than refresh and retry");
}

static void test_long_lines_and_nul(void **state)
{
	static const char nul[] = "[network]\nname = a\0b\n";
	struct al_conf *conf = NULL;
	char text[600] = "[network]\nname = ";
	(void)state;
	memset(text + strlen(text), 'x', 300);
	assert_refused(text, ":2: the line is too long");
	write_conf(nul, sizeof(nul) - 1);
	assert_int_equal(al_conf_load(path, &conf, message, sizeof(message)), AL_EINVAL);
	assert_string_equal(message + strlen(path), ":2: a NUL byte");
}

static void test_the_most_lines(void **state)
{
	static char text[10002];
	struct al_conf *conf = NULL;

	(void)state;
	memset(text, '\n', 10000);
	al_conf_free(load(text));
	text[10000] = '\n';
	write_conf(text, 10001);
	assert_int_equal(al_conf_load(path, &conf, message, sizeof(message)), AL_ELIMIT);
	assert_string_equal(message + strlen(path), ":10001: more lines than a configuration has");
}

static void test_missing_file(void **state)
{
	struct al_conf *conf = NULL;
	(void)state;
	assert_int_equal(al_conf_load("/nonexistent/alamo.conf", &conf, message, sizeof(message)), AL_ENOTFOUND);
	assert_string_equal(message, "/nonexistent/alamo.conf: No such file or directory");
	assert_int_equal(al_conf_load(dir, &conf, message, sizeof(message)), AL_ESYS);
	assert_null(conf);
}

/* It is closed, whatever comes of it. */
static void test_a_file_that_is_open(void **state)
{
	static const char text[] = "[network]\nname = open\n";
	struct al_conf *conf;
	int fd, ends[2];

	(void)state;
	write_conf(text, strlen(text));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(al_conf_load_fd(fd, path, &conf, message, sizeof(message)), AL_OK);
	assert_string_equal(al_conf_str(conf, "network", "name"), "open");
	al_conf_free(conf);
	assert_true(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(al_conf_load_fd(ends[0], path, &conf, message, sizeof(message)), AL_EINVAL);
	assert_non_null(strstr(message, "alamo.conf: is no regular file"));
	assert_true(fcntl(ends[0], F_GETFD) == -1 && errno == EBADF);
	close(ends[1]);
	assert_int_equal(al_conf_load_fd(-1, path, &conf, message, sizeof(message)), AL_EINVAL);
}

static void test_paths_are_of_the_file(void **state)
{
	struct al_conf *conf = load("[registry]\nledger = /srv/ledger.db\n");
	char real[PATH_MAX];
	char want[PATH_MAX + 32];
	char out[PATH_MAX];
	(void)state;
	assert_non_null(realpath(dir, real));
	snprintf(want, sizeof(want), "%s/keys/log.pub", real);
	assert_int_equal(al_conf_path(conf, al_conf_str(conf, "log", "key"), out, sizeof(out)), AL_OK);
	assert_string_equal(out, want);
	assert_int_equal(al_conf_path(conf, al_conf_str(conf, "registry", "ledger"), out, sizeof(out)), AL_OK);
	assert_string_equal(out, "/srv/ledger.db");
	assert_int_equal(al_conf_path(conf, "keys", out, 4), AL_ELIMIT);
	al_conf_free(conf);

	/* A name without a slash: the present directory. */
	char before[PATH_MAX];
	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(al_conf_load("alamo.conf", &conf, message, sizeof(message)), AL_OK);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(al_conf_path(conf, "keys/log.pub", out, sizeof(out)), AL_OK);
	assert_string_equal(out, want);
	al_conf_free(conf);
}

static void test_print_is_a_fixed_point(void **state)
{
	static const char *const files[] = {
		"",
		"[network]\nports = standard\n[dns]\nport = 5353\n",
		"[network]\nname = dn42\nlisten = 0.0.0.0, ::\n[log]\nstream = [2001:db8::1]:4344\n[whois]\nport = 0\n",
	};
	(void)state;
	for (size_t i = 0; i < AL_COUNT(files); i++) {
		char *once = printed(load(files[i]));
		char *twice = printed(load(once));
		assert_string_equal(once, twice);
		free(once);
		free(twice);
	}
	char *text = printed(load(files[2]));
	assert_non_null(strstr(text, "\nstream = [2001:db8::1]:4344\n"));
	assert_non_null(strstr(text, "\nname = dn42\n"));
	assert_non_null(strstr(text, "\nport = 0\n"));
	free(text);
}

/* ---- two files ---- */

struct differences {
	char text[512];
};

static void on_difference(void *arg, const char *section, const char *key, const char *value, bool live)
{
	struct differences *all = arg;
	size_t len = strlen(all->text);
	snprintf(all->text + len, sizeof(all->text) - len, "%s.%s=%s%s ", section, key, value, live ? "" : "!");
}

static void test_a_running_daemon_takes_some_of_it(void **state)
{
	struct al_conf *conf = load("[whois]\nidle-seconds = 5\n");
	struct al_conf *next = load("[network]\nports = standard\n[whois]\nidle-seconds = 6\nhistory = no\n[rpki]\n"
				    "brake-percent = 1\n");
	struct differences all = { "" };
	(void)state;
	al_conf_differ(conf, next, on_difference, &all);
	assert_string_equal(all.text,
			    "network.ports=standard! whois.port=43! whois.http-port=80! whois.idle-seconds=6 "
			    "whois.history=no! dns.port=53! rpki.port=323! rpki.tls-port=324! rpki.brake-percent=1 ");
	const char *url = al_conf_str(next, "whois", "rdap-url");
	al_conf_take(conf, next);
	assert_int_equal(al_conf_u64(conf, "whois", "idle-seconds"), 6);
	assert_int_equal(al_conf_u64(conf, "rpki", "brake-percent"), 1);
	assert_true(al_conf_bool(conf, "whois", "history"));
	assert_int_equal(al_conf_port(conf, "dns", "port"), 4053);
	assert_ptr_equal(al_conf_str(conf, "whois", "rdap-url"), url);

	/* What was not taken still differs, and nothing else does. */
	al_conf_free(next);
	next = load("[network]\nports = standard\n[whois]\nidle-seconds = 6\n[rpki]\nbrake-percent = 1\n");
	all.text[0] = '\0';
	al_conf_differ(conf, next, on_difference, &all);
	assert_string_equal(all.text, "network.ports=standard! whois.port=43! whois.http-port=80! dns.port=53! "
				      "rpki.port=323! rpki.tls-port=324! ");
	al_conf_free(next);
	al_conf_free(conf);
}

/* A line has 198 bytes, which is room for 64 addresses of the shortest kind. */
static void test_the_longest_line(void **state)
{
	char text[300] = "[dns]\nlisten=::";
	struct al_conf *conf;
	struct al_slice rest, value;
	size_t count = 0;

	(void)state;
	for (int i = 1; i < 64; i++)
		strcat(text, ",::");
	conf = load(text);
	rest = al_slice_str(al_conf_str(conf, "dns", "listen"));
	while (al_conf_next(&rest, &value))
		count++;
	assert_int_equal(count, 64);
	al_conf_free(conf);
	strcat(text, ",");
	assert_refused(text, ":2: the line is too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_file_is_a_configuration),
		cmocka_unit_test(test_values_and_comments),
		cmocka_unit_test(test_standard_ports),
		cmocka_unit_test(test_mistakes_have_their_line),
		cmocka_unit_test(test_long_lines_and_nul),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_the_most_lines),
		cmocka_unit_test(test_paths_are_of_the_file),
		cmocka_unit_test(test_a_file_that_is_open),
		cmocka_unit_test(test_print_is_a_fixed_point),
		cmocka_unit_test(test_a_running_daemon_takes_some_of_it),
		cmocka_unit_test(test_the_longest_line),
	};
	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
