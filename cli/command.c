/* SPDX-License-Identifier: MIT */
/*
 * command.c -- words of the command line on standard output and error.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/text.h"
#include "progress.h"

/*
 * A text may quote what came over the network: its control characters are
 * escaped. Line breaks stay, and what follows one is indented, so that no
 * quoted line looks like one of ours.
 */
static void fail_print(struct al_slice said)
{
	struct al_slice line;
	struct al_buf out;

	al_buf_init(&out, SIZE_MAX);
	al_buf_str(&out, "alamo: ");
	for (bool first = true; said.len > 0; first = false) {
		(void)al_slice_cut(&said, '\n', &line);
		if (!first && !al_slice_starts(line, "  "))
			al_buf_str(&out, "  ");
		al_text_escape(line, &out);
		al_buf_u8(&out, '\n');
	}
	fprintf(stderr, "%.*s", AL_FMT(al_buf_view(&out)));
	al_buf_release(&out);
}

int command_fail(enum cli_exit code, const char *fmt, ...)
{
	char said[2048];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(said, sizeof(said), fmt, args);
	va_end(args);
	fflush(stdout);
	progress_break();
	fail_print(al_slice_str(said));
	return (int)code;
}

int command_exit(enum al_err err)
{
	switch (err) {
	case AL_OK:
		return CLI_DONE;
	case AL_ECLOSED:
		return CLI_OFFLINE;
	case AL_EVERIFY:
		return CLI_UNVERIFIED;
	case AL_EDENIED:
	case AL_ESYS:
		return CLI_REFUSED;
	default:
		return CLI_USAGE;
	}
}

static int output_errno; /* of the first write that failed */

bool command_output_ok(void)
{
	static bool failed;

	if (failed)
		return false;
	errno = 0;
	failed = fflush(stdout) != 0 || ferror(stdout);
	if (output_errno == 0)
		output_errno = errno;
	/* Whoever closed the pipe has seen enough. */
	if (failed && output_errno != EPIPE)
		command_fail(CLI_REFUSED, "standard output: %s",
			     output_errno != 0 ? strerror(output_errno) : "not everything was written");
	return !failed;
}

void command_print(struct al_slice text)
{
	if (fwrite(text.ptr, 1, text.len, stdout) != text.len)
		output_errno = errno;
	(void)command_output_ok();
}

void command_print_remote(struct al_slice text)
{
	struct al_slice line;
	struct al_buf out;

	al_buf_init(&out, SIZE_MAX);
	while (text.len > 0) { /* a line at a time: what is printed may be large */
		al_buf_reset(&out);
		if (al_slice_cut(&text, '\n', &line))
			line.len++;
		al_text_escape(line, &out);
		(void)fwrite(out.ptr, 1, out.len, stdout);
	}
	al_buf_release(&out);
	(void)command_output_ok();
}
