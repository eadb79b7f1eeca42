/* SPDX-License-Identifier: MIT */
/*
 * object.h -- one version of a registry object, immutable and counted.
 *
 * Text is canonical: one attribute a line, "name:" padded to column 16, the
 * value in its syntax's canonical form, no comments, no continuation lines,
 * LF after each. Attributes keep the member's order. Values are looked up by
 * scanning the text: objects are small, and a million of them should be too.
 */
#ifndef ALAMO_OBJECT_H
#define ALAMO_OBJECT_H

#include <stdatomic.h>

#include "alamo/base/ident.h"
#include "alamo/base/report.h"
#include "alamo/rpsl/schema.h"

#define AL_VALUE_COLUMN 16
#define AL_OBJECT_MAX (512u << 10) /* bytes of text; what a network allows is less (`object-kbytes:`) */

/* What a text is of its object. */
enum al_edit {
	AL_EDIT_NONE, /* all of it */
	AL_EDIT_EXTEND,
	AL_EDIT_SHRINK,
};

struct al_object {
	uint64_t index;        /* log index of the entry that made this version */
	uint64_t time;         /* of that entry, Unix seconds */
	uint64_t created;      /* time of the object's first version since it last did not exist */
	_Atomic uint32_t refs; /* the last thread that lets go of it frees it; all else never changes */
	uint32_t text_len;
	uint16_t key_len;
	uint8_t cls;  /* enum al_class */
	bool deleted; /* a tombstone: text is the last one, key and index stay for ever */
	uint8_t edit; /* enum al_edit; other than AL_EDIT_NONE only if built with `lines_only` */
	char bytes[]; /* text, NUL, key, NUL */
};

struct al_object *al_object_ref(const struct al_object *object);
void al_object_unref(struct al_object *object); /* NULL is allowed */
struct al_slice al_object_text(const struct al_object *object);
struct al_slice al_object_key(const struct al_object *object); /* canonical primary key */

struct al_attr {
	struct al_slice name;
	struct al_slice value;
};

/* Walk canonical text: start with rest = al_object_text(). */
bool al_attr_next(struct al_slice *rest, struct al_attr *out);
/* Next value of the attribute `name`. */
bool al_attr_find(struct al_slice *rest, const char *name, struct al_slice *value);
/* First value of `name`, or an empty slice. */
struct al_slice al_object_attr(const struct al_object *object, const char *name);
bool al_object_has(const struct al_object *object, const char *name,
		   struct al_slice value); /* ASCII case-insensitive */

/* Next single name in a value that `rule` says refers to objects: items of a list, the two nodes of a peering. */
bool al_ref_next(const struct al_attr_rule *rule, struct al_slice *rest, struct al_slice *name);

/* For inetnum, inet6num, route, route6. */
AL_MUST_USE enum al_err al_object_prefix(const struct al_object *object, struct al_prefix *out);
/* For route, route6 (origin) and aut-num. */
AL_MUST_USE enum al_err al_object_asn(const struct al_object *object, uint32_t *out);

/* A placeholder that the registry filled: "AUTO-2/48" -> "fca1:100::/48". */
struct al_auto {
	struct al_slice token;
	struct al_slice value;
};

struct al_build {
	struct al_slice raw; /* the member's text of one object */
	unsigned number;     /* position in the request, for the report */
	const struct al_auto *autos;
	size_t auto_count;
	struct al_slice source; /* what `source:` must say; empty: any */
	uint64_t index;
	uint64_t time;
	uint64_t created;
	/*
	 * The living object that an edit (`extend:`, `shrink:`) is of, or NULL; without it no edit is taken. Borrowed.
	 * `lines_only`: an edit is built to its own lines.
	 */
	const struct al_object *(*present)(const void *arg, enum al_class cls, struct al_slice key);
	const void *arg;
	bool lines_only;
	bool stored; /* from a log entry: forms of older rules are read too, with a warning that names SCHEMA-SYNTAX */
};

/* A version out of its canonical text and key, which were made here before. Of `head` all counts but `refs` and the lengths. */
AL_MUST_USE enum al_err al_object_new(const struct al_object *head, struct al_slice text, struct al_slice key,
				      struct al_object **out);

/* Class of a raw object by its first attribute; AL_EINVAL when there is none. */
AL_MUST_USE enum al_err al_object_class(struct al_slice raw, enum al_class *out);
/*
 * Parse, substitute, check against the schema, canonicalise. Every complaint
 * goes to `report` (may be NULL); AL_EINVAL if there was an error among them.
 * *deletes tells whether the text asks for deletion (`delete: reason`, which
 * is not part of the stored text). An edit gives the whole object that it
 * leaves. On AL_OK the caller owns *out.
 */
AL_MUST_USE enum al_err al_object_build(const struct al_build *in, struct al_report *report, struct al_object **out,
					bool *deletes);

/* One attribute of raw RPSL. */
struct al_raw_attr {
	struct al_slice name;  /* as typed */
	struct al_slice value; /* as typed, with the lines that continue it; read by al_raw_line() */
	unsigned line;         /* 0-based, of its first line in the raw text */
};
/* *line counts on; false at the end; AL_EINVAL in *err for a line that is no attribute (the walk goes on). */
bool al_raw_next(struct al_slice *rest, unsigned *line, struct al_raw_attr *out, enum al_err *err);
/* The next line of an attribute's value, of which `rest` is what is left. */
bool al_raw_line(const struct al_raw_attr *attr, struct al_slice *rest, struct al_slice *line);
/* Its lines, with a LF between two; `out` is reset first. */
void al_raw_value(const struct al_raw_attr *attr, struct al_buf *out);

#endif
