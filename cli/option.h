/* SPDX-License-Identifier: MIT */
/*
 * option.h -- the table behind every command: what words and options it takes.
 *
 * One table parses (option.c), prints --help (help.c) and completes in a shell
 * (completion.c); the manual page is checked against it. An option may stand
 * at any place, before or behind words; one that the command, or the verb in
 * hand, does not have is an error by name. "--" ends the options.
 *
 * To add a command: cli/ROOM/cmd_NAME.c with `const struct command
 * command_NAME`, its name and file in cli/CMakeLists.txt, docs/man/alamo.1.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stddef.h>

#include "alamo/base/buf.h"

#define OPTION_LIST_MAX 64

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_TEXT,   /* const char *; NULL when not given */
	OPTION_NUMBER, /* struct option_number */
	OPTION_LIST,   /* struct option_list: may be given again and again */
};

struct option_number {
	bool given;
	uint64_t value;
};

struct option_list {
	const char *values[OPTION_LIST_MAX];
	size_t count;
};

struct option_row {
	const char *name;     /* without "--" */
	const char *arg;      /* "HOST:PORT", or with `choice` "bash|zsh"; NULL: a flag */
	const char *meaning;  /* sentences without the last dot; --help breaks the lines */
	const char *fallback; /* what holds without it, for --help; NULL: nothing to say */
	const char *verbs;    /* "show approve": only with these; NULL: with every one */
	uint64_t least, most; /* of a number; `most` of a list: how often (0: OPTION_LIST_MAX) */
	size_t at;            /* offset in the command's struct of options */
	enum option_kind kind;
	char letter; /* -k; 0: none */
	bool choice; /* the value is one of the words in `arg` */
	bool needed;
};

/* `.kind` and `.at` of a row, from the field's type. */
#define OPTION_AT(type, field) \
	.kind = _Generic(((type *)0)->field,      \
		bool: OPTION_FLAG,                \
		const char *: OPTION_TEXT,        \
		struct option_number: OPTION_NUMBER, \
		struct option_list: OPTION_LIST), \
	.at = offsetof(type, field)

/* Rows that mean the same everywhere. */
#define OPTION_SERVER(type, field)                                                           \
	{                                                                                    \
		.name = "server", .letter = 's', .arg = "HOST:PORT", OPTION_AT(type, field), \
		.meaning = "the registry's request port",                                    \
		.fallback = "$ALAMO_SERVER, `server` in the configuration, 127.0.0.1:4343"   \
	}
#define OPTION_KEY(type, field, words, text)                                                               \
	{                                                                                                  \
		.name = "key", .letter = 'k', .arg = "FILE", .verbs = (words), OPTION_AT(type, field),     \
		.meaning = (text), .fallback = "$ALAMO_KEY, `key` in the configuration, ~/.ssh/id_ed25519" \
	}
#define OPTION_JSON(type, field)                                                                              \
	{                                                                                                     \
		.name = "json", .letter = 'j', .meaning = "prints the result as JSON", OPTION_AT(type, field) \
	}

/* The words that are no options. */
struct words {
	char **word;
	size_t count;
};

struct command_form {
	const char *verb;  /* "show"; NULL: the command is alone */
	const char *words; /* "DIR", "CLASS KEY...", "N [REASON...]", "" */
	const char *help;  /* a line; with a verb only */
	/* Exit code; `options` is the command's struct. */
	int (*run)(const struct words *words, const void *options);
};

enum command_group {
	GROUP_MEMBER,
	GROUP_LOG,
	GROUP_HOSTMASTER,
	GROUP_AUTHORITY,
	GROUP_OTHER,
	GROUP_COUNT,
};

struct command {
	const char *name;
	enum command_group group;
	const char *help;  /* a line */
	const char *notes; /* more lines below --help; NULL: none */
	const struct command_form *forms;
	size_t form_count;
	const struct option_row *options;
	size_t option_count;
	size_t size;          /* of the struct of options; it begins as zeroes */
	bool flags_are_words; /* unknown words like "-i" belong to somebody else (a WHOIS query) */
};

/* `.forms`, `.form_count` and `.options`, `.option_count`, `.size` of a command. */
#define COMMAND_FORMS(table) .forms = (table), .form_count = AL_COUNT(table)
#define COMMAND_OPTIONS(table, type) .options = (table), .option_count = AL_COUNT(table), .size = sizeof(type)

/* Every command, in the order of `alamo help` (generated from cli/CMakeLists.txt). */
extern const struct command *const commands[];
extern const size_t command_count;

/* NULL: there is none. */
const struct command *command_find(const char *name);

/* What was typed. */
struct typed {
	const struct command_form *form;
	struct words words;
	bool help; /* -h or --help: nothing else was looked at */
};

/*
 * argv behind the command's name. Fills the zeroed `options` and reorders argv
 * in place. AL_EINVAL with a text in `why` that names what is wrong.
 */
AL_MUST_USE enum al_err option_parse(const struct command *command, int argc, char **argv, struct typed *out,
				     void *options, struct al_buf *why);
/* Is the option taken together with this form? */
bool option_fits(const struct option_row *row, const struct command_form *form);
/* Runs the command with the words behind its name. Exit code. */
int command_run(const struct command *command, int argc, char **argv);

/* The whole of --help. */
void help_command(const struct command *command, struct al_buf *out);
/* The list of commands. */
void help_commands(struct al_buf *out);

/* Completion scripts. */
void completion_bash(struct al_buf *out);
void completion_zsh(struct al_buf *out);

#endif
