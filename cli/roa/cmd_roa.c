/*
 * cmd_roa.c -- `alamo roa`: route origins, from the authority's side and from a router's.
 */
#include "command.h"

#include "roa.h"

static const struct command_form forms[] = {
	{ "held", "DIR", "what the authority in DIR holds back because it takes many routes away", roa_held },
	{ "release", "DIR SERIAL", "lets it out", roa_release },
	{ "key", "DIR", "makes a new key that signs route origins, and the log's word for it", roa_key },
};

const struct command command_roa = {
	.name = "roa",
	.group = GROUP_HOSTMASTER,
	.help = "route origins: hold, release, sign",
	COMMAND_FORMS(forms),
};
