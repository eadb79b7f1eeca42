/* SPDX-License-Identifier: MIT */
/*
 * import.h -- objects of another registry on their way into ours.
 *
 * import_read (text to items) -> import_order (references and parents first)
 * -> import_guard (what is not touched) -> import_send (signed requests; what
 * is refused is dropped, the rest goes again) -> import_report.
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "alamo/rpsl/object.h"
#include "member/submit.h"
#include "option.h"

enum import_state {
	IMPORT_WAITING,
	IMPORT_TAKEN,   /* as it was */
	IMPORT_CHANGED, /* taken, but not as it was: item.note says what */
	IMPORT_PRESENT, /* the registry has it already */
	IMPORT_REFUSED, /* item.note says why */
	IMPORT_STATES
};

struct import_item {
	enum al_class cls;        /* AL_CLASS_COUNT: the text is no object */
	struct al_object *object; /* owned; NULL when it could not be read */
	char *key;                /* owned; canonical, or the first value as typed */
	char *note;               /* owned; NULL: nothing to say */
	bool altered;
	bool glued; /* refers in a circle with the next one: same request */
	enum import_state state;
};

struct import {
	struct import_item *items; /* owned */
	size_t count;
	size_t cap;
	size_t read;       /* objects in the files, before several origins made several */
	const char **kept; /* owned: keys of maintainers who are others here; room for all items */
	size_t kept_count;
};

void import_init(struct import *import);
void import_release(struct import *import);

/*
 * Appends the objects of one file. `source:` becomes ours, an object with
 * several `origin:` becomes one for each. Attributes that we do not have, keys
 * of kinds that we do not take and contact texts are left out (noted). An object that the schema refuses is an item, refused.
 */
AL_MUST_USE enum al_err import_read(struct import *import, struct al_slice text, struct al_slice source);

enum mend { MEND_AS_IT_IS, MEND_CHANGED, MEND_LEFT_OUT };
/*
 * A value of another registry as this one takes it: MEND_CHANGED has it in `out`. What was changed or left out is
 * said in `note`. A required value that cannot be mended is MEND_AS_IT_IS: the schema refuses it with its reason.
 */
enum mend import_mend(const struct al_attr_rule *rule, struct al_slice value, struct al_buf *out, struct al_buf *note);

/* Something that is no item of its own, for the report: left out, and why. */
AL_MUST_USE enum al_err import_leave_out(struct import *import, const char *what, const char *why);

/* Every object of a registry that is a tree of files: DIR/data/CLASS/KEY. AL_ESYS with errno set. */
AL_MUST_USE enum al_err import_tree(struct import *import, const char *dir, struct al_slice source);

#define IMPORT_FILE_MAX (256u << 20) /* bytes of one file of objects */

/* Do a command's words name a tree, "dn42 DIR"? */
bool import_is_tree(const struct words *words);
/* Every object of the tree or the files that the words name. An exit code; what is wrong has been said. */
int import_files(const struct words *words, struct al_slice source, struct import *import);

/* Sorts; a second object with the same key is refused (or present, when it is the same). */
AL_MUST_USE enum al_err import_order(struct import *import);

/* The registry object and the hostmaster's maintainers (asked for) are taken out. AL_EDENIED: it does not say who they are. */
AL_MUST_USE enum al_err import_guard(struct import *import, struct client *client, const char *source);
/* The registry's own object of that key stays. */
void import_keep(struct import *import, struct import_item *item, const char *note);
/* Refuses what would go to a maintainer that was kept: his name is all they have in common. */
void import_check_owner(const struct import *import, struct import_item *item);

/*
 * Sends everything that waits and has never been in the registry. Afterwards nothing waits, unless the result is
 * not AL_OK, or `submit` asks for a dry run: then what waits is what would be sent.
 */
AL_MUST_USE enum al_err import_send(struct import *import, const struct submit *submit);

/* Table of counts a class and, with `details`, a line for each item that was changed or refused. */
void import_report(const struct import *import, bool details, struct al_buf *out);
size_t import_count(const struct import *import, enum import_state state);

#endif
