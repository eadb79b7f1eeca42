/*
 * command.c -- words of the command line on standard output and error.
 */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_fail(enum cli_exit code, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	fputs("alamo: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
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
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

		putchar(control ? '?' : c);
	}
	(void)command_output_ok();
}
