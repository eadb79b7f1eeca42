/* SPDX-License-Identifier: MIT */
/*
 * service_options.c -- the command line of every daemon.
 */
#include "service_options.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>

#include "alamo/base/slice.h"

static void usage(FILE *file, const char *name)
{
	fprintf(file,
		"usage: %s [-c FILE] [-n] [-r FD]\n"
		"  -c FILE  configuration (alamo.conf)\n"
		"  -n       check the configuration, print it, exit\n"
		"  -r FD    write \"endpoint NAME ADDRESS\" lines and \"ready\" to this descriptor\n"
		"  -V, --version\n"
		"           version\n"
		"  -h, --help\n"
		"           this text\n",
		name);
}

static bool parse_fd(const char *text, int *fd)
{
	uint64_t number;
	if (al_slice_u64(al_slice_str(text), INT_MAX, &number) != AL_OK)
		return false;
	*fd = (int)number;
	int flags = fcntl(*fd, F_GETFD);
	return flags >= 0 && fcntl(*fd, F_SETFD, flags | FD_CLOEXEC) == 0;
}

int service_options_parse(int argc, char **argv, const char *name, struct service_options *options)
{
	static const struct option longs[] = { { "version", no_argument, NULL, 'V' },
					       { "help", no_argument, NULL, 'h' },
					       { 0 } };
	int opt;
	optind = 0; /* GNU: start anew, whatever was parsed before */
	while ((opt = getopt_long(argc, argv, "c:nr:Vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			options->conf_path = optarg;
			break;
		case 'n':
			options->check = true;
			break;
		case 'r':
			if (parse_fd(optarg, &options->ready_fd))
				break;
			fprintf(stderr, "%s: -r %s: not an open descriptor\n", name, optarg);
			return 2;
		case 'V':
			printf("%s %s\n", name, ALAMO_VERSION);
			return 0;
		case 'h':
			usage(stdout, name);
			return 0;
		default:
			usage(stderr, name);
			return 2;
		}
	}
	if (optind == argc)
		return -1;
	usage(stderr, name);
	return 2;
}
