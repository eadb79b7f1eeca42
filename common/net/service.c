/* SPDX-License-Identifier: MIT */
/*
 * service.c -- the frame of every daemon: options, configuration, signals,
 * listening addresses, and the endpoint file that others find it by.
 *
 * All of it runs on the main thread, whose loop is the service's.
 */
#include "alamo/net/service.h"

#include "alamo/base/ident.h"
#include "alamo/base/buf.h"
#include "alamo/base/log.h"
#include "alamo/base/save.h"
#include "alamo/net/bind.h"
#include "alamo/net/notify.h"
#include "reload.h"
#include "service_options.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENDPOINTS_MAX 64
#define ENDPOINT_NAME_LEN 32
#define ENDPOINTS_DIR "run/endpoints.d"
#define ENDPOINTS_FILE_MAX 8192u
#define CONF_PRINT_MAX 65536u
#define FILES_MAX 262144u /* descriptors asked for, where the hard limit lets us */

struct endpoint {
	char name[ENDPOINT_NAME_LEN];
	char addr[AL_PREFIX_STRLEN];
	uint16_t port;
};

struct endpoint_set {
	struct endpoint items[ENDPOINTS_MAX];
	size_t count;
};

struct al_service {
	const struct al_service_def *def;
	void *self; /* the daemon's */
	const char *conf_path;
	struct al_conf *conf;
	struct reload *reload;
	struct al_loop *loop;
	struct event *on_term;
	struct event *on_int;
	struct al_timer *watchdog; /* NULL: nobody watches */
	int ready_fd;              /* -1: nobody asked */
	int exit_code;
	struct endpoint_set last; /* of the last run, from the endpoint file */
	struct endpoint_set now;
};

/* ---- endpoints ---- */

static enum al_err endpoint_add(struct endpoint_set *set, struct al_slice name, struct al_slice addr, uint16_t port)
{
	struct endpoint one = { .port = port };
	if (set->count == ENDPOINTS_MAX)
		return AL_ELIMIT;
	if (al_slice_copy(name, one.name, sizeof(one.name)) != AL_OK ||
	    al_slice_copy(addr, one.addr, sizeof(one.addr)) != AL_OK)
		return AL_EINVAL;
	set->items[set->count++] = one;
	return AL_OK;
}

static uint16_t endpoint_port(const struct endpoint_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->items[i].name, name) == 0)
			return set->items[i].port;
	return 0;
}

static void endpoint_print(const struct endpoint *one, struct al_buf *out, const char *lead)
{
	bool v6 = strchr(one->addr, ':') != NULL;
	al_buf_printf(out, "%s%s %s%s%s:%u\n", lead, one->name, v6 ? "[" : "", one->addr, v6 ? "]" : "",
		      (unsigned)one->port);
}

static enum al_err endpoints_path(const struct al_service *service, char out[static PATH_MAX])
{
	char relative[NAME_MAX];
	snprintf(relative, sizeof(relative), ENDPOINTS_DIR "/%s", service->def->name);
	return al_conf_path(service->conf, relative, out, PATH_MAX);
}

/* "NAME ADDR:PORT"; only the port is of use here. What does not parse is passed over. */
static void endpoints_parse(struct endpoint_set *set, struct al_slice text)
{
	struct al_slice line;
	while (al_slice_line(&text, &line)) {
		struct al_slice name;
		uint64_t port;
		if (!al_slice_cut(&line, ' ', &name) || line.len == 0)
			continue;
		size_t digits = line.len;
		while (digits > 0 && line.ptr[digits - 1] != ':')
			digits--;
		if (al_slice_u64(al_slice_from(line, digits), UINT16_MAX, &port) == AL_OK)
			(void)endpoint_add(set, name, AL_S(""), (uint16_t)port);
	}
}

static void endpoints_read(struct al_service *service)
{
	char path[PATH_MAX];
	char text[ENDPOINTS_FILE_MAX];
	if (endpoints_path(service, path) != AL_OK)
		return;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	size_t len = fread(text, 1, sizeof(text), file);
	fclose(file);
	endpoints_parse(&service->last, al_slice_of(text, len));
}

static enum al_err endpoints_mkdir(const struct al_service *service)
{
	static const char *const dirs[] = { "run", ENDPOINTS_DIR };
	char path[PATH_MAX];
	for (size_t i = 0; i < AL_COUNT(dirs); i++) {
		enum al_err err = al_conf_path(service->conf, dirs[i], path, sizeof(path));
		if (err != AL_OK)
			return err;
		if (mkdir(path, 0755) == 0 ? chmod(path, 0755) != 0 : errno != EEXIST)
			return AL_ESYS;
	}
	return AL_OK;
}

static enum al_err endpoints_write(const struct al_service *service)
{
	char path[PATH_MAX];
	struct al_buf text;
	enum al_err err = endpoints_path(service, path);
	al_buf_init(&text, ENDPOINTS_FILE_MAX);
	for (size_t i = 0; i < service->now.count; i++)
		endpoint_print(&service->now.items[i], &text, "");
	if (err == AL_OK)
		err = text.err;
	if (err == AL_OK)
		err = al_save(path, al_buf_view(&text), 0644, AL_SAVE_SEEN);
	al_buf_release(&text);
	return err;
}

/* What the starter reads on its -r descriptor. A starter that is gone is no reason to stop. */
static void ready_say(const struct al_service *service, struct al_slice text)
{
	if (service->ready_fd >= 0 && !al_write_all(service->ready_fd, text))
		al_log(AL_LOG_WARN, "ready-unheard", "fd=%d errno=%d", service->ready_fd, errno);
}

void al_service_endpoint(struct al_service *service, const char *endpoint, struct al_slice addr, uint16_t port)
{
	struct endpoint_set *set = &service->now;
	if (endpoint_add(set, al_slice_str(endpoint), addr, port) != AL_OK) {
		al_log(AL_LOG_WARN, "endpoint-unlisted", "name=%s", endpoint);
		return;
	}
	struct al_buf line;
	al_buf_init(&line, ENDPOINTS_FILE_MAX);
	endpoint_print(&set->items[set->count - 1], &line, "endpoint ");
	ready_say(service, al_buf_view(&line));
	al_buf_release(&line);
	al_log(AL_LOG_DEBUG, "listen", "endpoint=%s address=%.*s port=%u", endpoint, AL_FMT(addr), (unsigned)port);
}

void al_service_ready(struct al_service *service)
{
	enum al_err err = endpoints_mkdir(service);
	if (err == AL_OK)
		err = endpoints_write(service);
	if (err != AL_OK)
		al_log(AL_LOG_WARN, "endpoints-unwritten", "error=%s errno=%d", al_err_name(err), errno);
	al_log(AL_LOG_INFO, "ready", "endpoints=%zu", service->now.count);
	ready_say(service, AL_S("ready\n"));
	al_notify("READY=1\nSTATUS=caught up\n");
	if (service->ready_fd >= 0)
		close(service->ready_fd);
	service->ready_fd = -1;
}

/* ---- listening ---- */

struct al_slice al_service_listen_addrs(struct al_service *service, const char *section)
{
	struct al_slice own = al_slice_str(al_conf_str(service->conf, section, "listen"));
	return own.len > 0 ? own : al_slice_str(al_conf_str(service->conf, "network", "listen"));
}

uint16_t al_service_wanted_port(struct al_service *service, const char *section, const char *port_key,
				const char *endpoint)
{
	uint16_t port = al_conf_port(service->conf, section, port_key);
	if (port == 0)
		port = endpoint_port(&service->now, endpoint); /* one port for all addresses */
	if (port == 0)
		port = endpoint_port(&service->last, endpoint);
	return port;
}

typedef enum al_err (*bind_fn)(void *object, struct al_slice addr, uint16_t port, uint16_t *bound);

struct binding {
	bind_fn bind;
	void *object;
	const char *section;
	const char *port_key;
	const char *endpoint;
};

static enum al_err bind_one(struct al_service *service, const struct binding *binding, struct al_slice addr)
{
	uint16_t wanted = al_service_wanted_port(service, binding->section, binding->port_key, binding->endpoint);
	uint16_t bound = 0;
	enum al_err err = binding->bind(binding->object, addr, wanted, &bound);
	bool any = al_conf_port(service->conf, binding->section, binding->port_key) == 0;
	if (err == AL_EEXIST && any)
		err = binding->bind(binding->object, addr, 0, &bound);
	if (err == AL_OK)
		al_service_endpoint(service, binding->endpoint, addr, bound);
	return err;
}

static enum al_err bind_all(struct al_service *service, const struct binding *binding)
{
	struct al_slice rest = al_service_listen_addrs(service, binding->section);
	struct al_slice addr;
	enum al_err result = AL_EINVAL; /* an empty list */
	bool bound = false;
	while (al_conf_next(&rest, &addr)) {
		enum al_err err = bind_one(service, binding, addr);
		if (err == AL_OK)
			bound = true;
		else if (err != AL_EUNSUPPORTED || !al_slice_is(addr, "::1"))
			return err;
		else
			result = err; /* hosts without IPv6 are common, and the presets name ::1 */
	}
	return bound ? AL_OK : result;
}

static enum al_err bind_listener(void *object, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_listener_tcp(object, addr, port, bound);
}

static enum al_err bind_http(void *object, struct al_slice addr, uint16_t port, uint16_t *bound)
{
	return al_http_listen(object, addr, port, bound);
}

enum al_err al_service_listen(struct al_service *service, struct al_listener *listener, const char *section,
			      const char *port_key, const char *endpoint)
{
	struct binding binding = { bind_listener, listener, section, port_key, endpoint };
	return bind_all(service, &binding);
}

enum al_err al_service_http(struct al_service *service, struct al_http *http, const char *section, const char *port_key,
			    const char *endpoint)
{
	struct binding binding = { bind_http, http, section, port_key, endpoint };
	return bind_all(service, &binding);
}

/* ---- start and stop ---- */

static int conf_show(const struct al_conf *conf)
{
	struct al_buf text;
	al_buf_init(&text, CONF_PRINT_MAX);
	al_conf_print(conf, &text);
	bool good = text.err == AL_OK && fwrite(text.ptr, 1, text.len, stdout) == text.len && fflush(stdout) == 0;
	al_buf_release(&text);
	return good ? 0 : 1;
}

static void on_stop_signal(evutil_socket_t number, short what, void *arg)
{
	struct al_service *service = arg;
	(void)what;
	al_log(AL_LOG_INFO, "signal", "number=%d", (int)number);
	al_notify("STOPPING=1\n");
	al_loop_stop(service->loop);
}

/* The loop goes round, and so do we. */
static void on_watchdog(void *arg)
{
	struct al_service *service = arg;
	al_notify("WATCHDOG=1\n");
	al_timer_set(service->watchdog, al_notify_watchdog_ms());
}

static enum al_err watchdog_start(struct al_service *service)
{
	al_notify_open();
	if (al_notify_watchdog_ms() == 0)
		return AL_OK;
	enum al_err err = al_timer_new(service->loop, on_watchdog, service, &service->watchdog);
	if (err == AL_OK)
		on_watchdog(service);
	return err;
}

static void on_event_log(int severity, const char *text)
{
	al_log(severity <= EVENT_LOG_MSG ? AL_LOG_DEBUG : AL_LOG_WARN, "libevent", "text=\"%s\"", text);
}

/* The usual soft limit of 1024 is less than the connections we are asked to hold. */
static void files_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= FILES_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < FILES_MAX ? limit.rlim_max : FILES_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		al_log(AL_LOG_WARN, "files-limit", "errno=%d", errno);
}

static enum al_err service_open(struct al_service *service)
{
	if (sodium_init() < 0) {
		al_log(AL_LOG_ERROR, "sodium-init", "reason=no-entropy");
		return AL_ESYS;
	}
	signal(SIGPIPE, SIG_IGN);
	event_set_log_callback(on_event_log);
	files_raise();
	enum al_err err = al_loop_new(&service->loop);
	if (err != AL_OK)
		return err;
	struct event_base *base = al_loop_base(service->loop);
	service->on_term = evsignal_new(base, SIGTERM, on_stop_signal, service);
	service->on_int = evsignal_new(base, SIGINT, on_stop_signal, service);
	if (service->on_term == NULL || service->on_int == NULL)
		return AL_ENOMEM;
	if (event_add(service->on_term, NULL) != 0 || event_add(service->on_int, NULL) != 0)
		return AL_ESYS;
	endpoints_read(service);
	err = reload_new(service->loop, service->def, service->conf, service->conf_path, &service->self,
			 &service->reload);
	return err == AL_OK ? watchdog_start(service) : err;
}

static void service_close(struct al_service *service)
{
	if (service->on_term != NULL)
		event_free(service->on_term);
	if (service->on_int != NULL)
		event_free(service->on_int);
	reload_free(service->reload);
	al_timer_free(service->watchdog);
	al_loop_free(service->loop);
	al_notify_close();
	if (service->ready_fd >= 0)
		close(service->ready_fd);
}

static int service_run(struct al_service *service)
{
	const struct al_service_def *def = service->def;
	enum al_err err = service_open(service);
	if (err == AL_OK) {
		err = def->start(service, &service->self);
		if (err == AL_OK)
			al_loop_run(service->loop);
		def->stop(service->self);
	}
	if (err != AL_OK) {
		al_log(AL_LOG_ERROR, "start-failed", "error=%s", al_err_name(err));
		ready_say(service, al_slice_str(al_bind_report()));
		service->exit_code = 1;
	}
	service_close(service);
	al_log(AL_LOG_INFO, "stopped", "code=%d", service->exit_code);
	return service->exit_code;
}

int al_service_main(int argc, char **argv, const struct al_service_def *def)
{
	struct service_options options = { .conf_path = "alamo.conf", .ready_fd = -1 };
	char message[512];
	struct al_conf *conf;
	int code = service_options_parse(argc, argv, def->name, &options);
	(void)umask(0077); /* what is for others to read says so itself */
	if (code >= 0)
		return code;
	al_log_init(def->name, AL_LOG_INFO);
	if (al_conf_load(options.conf_path, &conf, message, sizeof(message)) != AL_OK) {
		if (options.check)
			fprintf(stderr, "%s\n", message);
		else
			al_log(AL_LOG_ERROR, "config", "reason=\"%s\"", message);
		return 1;
	}
	if (options.check) {
		code = conf_show(conf);
		al_conf_free(conf);
		return code;
	}
	al_log_init(def->name, al_log_level_of(al_conf_str(conf, "log", "level")));
	struct al_service *service = calloc(1, sizeof(*service));
	code = 1;
	if (service != NULL) {
		service->def = def;
		service->conf = conf;
		service->conf_path = options.conf_path;
		service->ready_fd = options.ready_fd;
		code = service_run(service);
	}
	free(service);
	al_conf_free(conf);
	return code;
}

enum al_err al_service_read(struct al_service *service)
{
	return reload_read(service->reload);
}

struct al_loop *al_service_loop(struct al_service *service)
{
	return service->loop;
}

const struct al_conf *al_service_conf(struct al_service *service)
{
	return service->conf;
}

void al_service_fail(struct al_service *service)
{
	service->exit_code = 1;
	al_loop_stop(service->loop);
}
