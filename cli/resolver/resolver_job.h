/* SPDX-License-Identifier: MIT */
/*
 * resolver_job.h -- what `alamo resolver` does, for `alamo node init` too.
 */
#ifndef CLI_RESOLVER_JOB_H
#define CLI_RESOLVER_JOB_H

#include "member/network.h"

struct resolver_options {
	struct registry registry;
	struct option_list anchors, dns;
	const char *dir, *root; /* NULL: no authority's folder, "/" */
	bool check, install, undo;
	bool restart; /* with `install`: has the program take its files */
};

/* Prints, checks, installs or takes back the files of a resolver. Exit code. */
int resolver_job(const char *program, const struct resolver_options *options);

#endif
