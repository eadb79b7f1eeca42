/* SPDX-License-Identifier: MIT */
/*
 * service.h -- what every daemon's main.c is made of.
 *
 *   -c FILE   configuration (default ./alamo.conf)
 *   -n        check the configuration, print it, exit
 *   -r FD     write "endpoint NAME ADDRESS" lines and "ready" to this descriptor;
 *             "error TEXT" when listening failed
 *   -V, -h
 *
 * A service manager that asked for it is told what happens (notify.h): READY=1 with al_service_ready(), STOPPING=1 at a
 * signal, WATCHDOG=1 from the loop.
 *
 * SIGTERM and SIGINT stop the loop; SIGPIPE is ignored. SIGHUP reads the configuration again: the log says what was
 * taken and what needs a restart, or with its line what is wrong, and then nothing has changed. Start-up errors are
 * logged and give exit code 1.
 */
#ifndef ALAMO_SERVICE_H
#define ALAMO_SERVICE_H

#include "alamo/net/conf.h"
#include "alamo/net/http.h"
#include "alamo/net/loop.h"
#include "alamo/net/net.h"

struct al_service;

struct al_service_def {
	const char *name; /* "alamo-whoisd" */
	/* Open everything; *self is the daemon's. */
	enum al_err (*start)(struct al_service *service, void **self);
	/* Mirror image; self may be NULL after a failed start. */
	void (*stop)(void *self);
	const char *section; /* of alamo.conf, beside [network] and [log] */
	/*
	 * Takes the keys of `next` that may change while it runs: all of them, or none and says why not, in constant
	 * text. Strings of these keys stay as long as they are not replaced by the next reload. NULL: it has none.
	 */
	const char *(*reload)(void *self, const struct al_conf *next);
	/*
	 * Keys of `section` whose values are paths of files that are read again then, before it; up to
	 * AL_SERVICE_FILES_MAX. `read` gets a descriptor for each, -1 where the key is empty, and does not close them; it takes
	 * all that is in them, or nothing and says why not.
	 */
	const char *const *files;
	size_t file_count;
	const char *(*read)(void *self, const int *fds);
};

#define AL_SERVICE_FILES_MAX 4

int al_service_main(int argc, char **argv, const struct al_service_def *def);

struct al_loop *al_service_loop(struct al_service *service);
const struct al_conf *al_service_conf(struct al_service *service);
/* The files for the first time: from start(), when *self is set, before al_sandbox(). Says in the log what is wrong. */
AL_MUST_USE enum al_err al_service_read(struct al_service *service);
/*
 * Bind `listener` to every address of [network] listen (or of the section's
 * own `listen`) at the section's port key, and announce each as `endpoint`.
 * Port 0: the port of the last run if it is still free, else any.
 */
AL_MUST_USE enum al_err al_service_listen(struct al_service *service, struct al_listener *listener, const char *section,
					  const char *port_key, const char *endpoint);
AL_MUST_USE enum al_err al_service_http(struct al_service *service, struct al_http *http, const char *section,
					const char *port_key, const char *endpoint);
/* The same bookkeeping for sockets that the daemon opens itself (DNS): which port to ask for, what was taken. */
uint16_t al_service_wanted_port(struct al_service *service, const char *section, const char *port_key,
				const char *endpoint);
void al_service_endpoint(struct al_service *service, const char *endpoint, struct al_slice addr, uint16_t port);
/* Everything is up: writes run/endpoints.d/NAME, says "ready". Call once the daemon can answer. */
void al_service_ready(struct al_service *service);
/* Start-up found something fatal after start() returned: stop with exit code 1. */
void al_service_fail(struct al_service *service);
struct al_slice al_service_listen_addrs(struct al_service *service, const char *section); /* comma list */

#endif
