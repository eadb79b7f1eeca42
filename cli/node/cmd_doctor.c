/* SPDX-License-Identifier: MIT */
/*
 * cmd_doctor.c -- `alamo doctor`, what is wrong with this node and which command mends it; `alamo status`, a page of how it, or an authority, is.
 */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "authority/status.h"
#include "doctor.h"
#include "json.h"
#include "node_conf.h"

struct options {
	struct log_read_options where;
	const char *root;
	bool json;
};

static const char *const marks[] = { [DOCTOR_GOOD] = "ok", [DOCTOR_WARN] = "look", [DOCTOR_BAD] = "BAD" };

static void finding_print(const struct doctor_finding *finding)
{
	printf("%-5s %-14s %s\n", marks[finding->how], finding->what, finding->text);
	if (finding->mend[0] != '\0')
		printf("      %-14s -> %s\n", "", finding->mend);
}

static json_t *finding_json(const struct doctor_finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "what", finding->what, "state", marks[finding->how], "text",
			 finding->text, "mend", finding->mend);
}

static int all_json(const struct doctor *doctor)
{
	json_t *list = json_array();

	for (size_t i = 0; i < doctor->count; i++)
		(void)json_array_append_new(list, finding_json(&doctor->findings[i]));
	return json_out(json_pack("{s:o}", "findings", list));
}

static int examine(const struct options *options, bool all)
{
	struct doctor *doctor = calloc(1, sizeof(*doctor));
	int code;

	if (doctor == NULL)
		return command_fail(CLI_REFUSED, "out of memory");
	doctor_examine(options->root != NULL ? options->root : "/", &options->where, doctor);
	if (options->json)
		(void)all_json(doctor);
	for (size_t i = 0; i < doctor->count && !options->json; i++)
		if (all || doctor->findings[i].how != DOCTOR_GOOD)
			finding_print(&doctor->findings[i]);
	code = doctor->worst == DOCTOR_BAD ? CLI_REFUSED : CLI_DONE;
	if (!options->json && !all && code == CLI_DONE && doctor->worst == DOCTOR_GOOD)
		puts("nothing is wrong");
	free(doctor);
	return code;
}

static int doctor_run(const struct words *words, const void *options)
{
	(void)words;
	return examine(options, false);
}

static int status_run(const struct words *words, const void *arg)
{
	const struct options *options = arg;

	if (words->count > 0)
		return status_show(words->word[0], options->json);
	(void)examine(options, true);
	return CLI_DONE;
}

static const struct command_form doctor_forms[] = { { NULL, "", NULL, doctor_run } };
static const struct command_form status_forms[] = { { NULL, "[DIR]", NULL, status_run } };

static const struct option_row rows[] = {
	NODE_ROW_ROOT(struct options, "no program is asked"),
	NODE_ROW_STREAM(struct options, NULL),
	OPTION_JSON(struct options, json),
	OPTION_SERVER(struct options, where.server),
};

const struct command command_doctor = {
	.name = "doctor",
	.group = GROUP_MEMBER,
	.help = "what is wrong with this node, and the command that mends it",
	.notes = "Exit code 0: nothing is, or nothing but what is worth a look.",
	COMMAND_FORMS(doctor_forms),
	COMMAND_OPTIONS(rows, struct options),
};

const struct command command_status = {
	.name = "status",
	.group = GROUP_MEMBER,
	.help = "how this node is, or the authority in DIR, on one page",
	.notes = "With DIR the exit code is a Nagios plugin's: 0 good, 1 worth a look, 2 bad, 3 not known.",
	COMMAND_FORMS(status_forms),
	COMMAND_OPTIONS(rows, struct options),
};
