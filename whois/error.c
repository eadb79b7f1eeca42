/* SPDX-License-Identifier: MIT */
/* error.c -- numbers into words. */
#include "error.h"

const char *whois_error_text(unsigned number)
{
	static const struct {
		unsigned number;
		const char *text;
	} texts[] = {
		{ 100, "no verified log yet" },
		{ 101, "no entries found" },
		{ 102, "unknown source" },
		{ 103, "unknown object class" },
		{ 104, "unknown attribute" },
		{ 105, "attribute is not searchable" },
		{ 106, "no search key" },
		{ 107, "line too long" },
		{ 108, "control characters in the query" },
		{ 109, "these flags do not go together" },
		{ 110, "flag given twice" },
		{ 111, "invalid option" },
		{ 114, "option not supported here" },
		{ 115, "the key does not fit the query" },
		{ 116, "no such version" },
		{ 118, "too many words" },
		{ 119, "why needs a prefix and an AS number" },
		{ 120, "no such moment of the log" },
		{ 121, "too far back for this server" },
		{ 306, "too busy, try again" },
		{ 405, "syntax error" },
		{ 406, "unknown NRTM version" },
		{ 901, "only one of -x -l -L -m -M" },
	};
	size_t i;

	for (i = 0; i < AL_COUNT(texts); i++)
		if (texts[i].number == number)
			return texts[i].text;
	return "internal error";
}

const char *whois_error_advice(unsigned number)
{
	switch (number) {
	case 100:
		return "The server is still fetching and checking the log. Try again soon.";
	case 115:
		return "A prefix is written 192.0.2.0/24 or fd00:1::/32: no leading zeros, no netmask.";
	case 119:
		return "Send \"why 192.0.2.0/24 AS64500\": is this AS the origin of that prefix, and by which record?";
	case 120:
		return "It is a size of the log, 1 up to that of now, or a date between its first entry and now: "
		       "2026-11-29, 2026-11-29T10:00:00Z.";
	case 121:
		return "It lies behind more versions than are read for one question. \"alamo why --at\" reads the log "
		       "itself.";
	case 306:
		return "Close connections that you do not need, then try again.";
	default:
		return "Send \"help\" for the flags.";
	}
}
