/* SPDX-License-Identifier: MIT */
/*
 * consent.c -- text that came over the network is signed only by who has seen it.
 */
#include "consent.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alamo/base/sha.h"
#include "alamo/base/text.h"
#include "command.h"

void consent_hash(struct al_slice text, char out[static CONSENT_HASH_LEN])
{
	unsigned char hash[AL_HASH_LEN];

	al_sha256(&text, 1, hash);
	(void)sodium_bin2hex(out, CONSENT_HASH_LEN, hash, sizeof(hash));
}

bool consent_visible(struct al_slice text)
{
	char fault[AL_TEXT_FAULT_LEN];
	struct al_slice line;

	for (unsigned number = 1; text.len > 0; number++) {
		(void)al_slice_cut(&text, '\n', &line);
		if (!al_text_ok(line)) {
			al_text_fault(line, fault);
			command_fail(CLI_REFUSED, "line %u of the text cannot be shown as it is (%s): it is not signed",
				     number, fault);
			return false;
		}
	}
	return true;
}

bool consent_ask(struct al_slice text, const char *question, const char *instead)
{
	char line[16] = "";

	if (!isatty(STDIN_FILENO)) {
		command_fail(CLI_USAGE, "nobody to ask here: %s", instead);
		return false;
	}
	if (!consent_visible(text))
		return false;
	command_print_remote(text);
	fprintf(stderr, "\n%s [yes/no] ", question);
	return fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "yes\n") == 0;
}
