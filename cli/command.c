/*
 * command.c -- words of the command line on standard output and error.
 */
#include "command.h"

#include <stdarg.h>
#include <stdio.h>

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

int command_usage(const char *name, const char *arguments)
{
	fprintf(stderr, "usage: alamo %s %s\n", name, arguments);
	return CLI_USAGE;
}

void command_print(struct al_slice text)
{
	fwrite(text.ptr, 1, text.len, stdout);
	fflush(stdout);
}

void command_print_remote(struct al_slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		bool control = (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

		putchar(control ? '?' : c);
	}
	fflush(stdout);
}
