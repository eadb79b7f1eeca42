/* SPDX-License-Identifier: MIT */
/*
 * service_options.h -- the command line of every daemon (include/alamo/net/service.h says what it has).
 */
#ifndef SERVICE_OPTIONS_H
#define SERVICE_OPTIONS_H

#include <stdbool.h>

struct service_options {
	const char *conf_path;
	int ready_fd; /* close-on-exec from here on */
	bool check;
};

/* The process's exit code, or -1: go on. */
int service_options_parse(int argc, char **argv, const char *name, struct service_options *options);

#endif
