/* SPDX-License-Identifier: MIT */
/*
 * parts.c -- the difference of two versions as requests that each fit.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

#include "alamo/rpsl/object.h"
#include "answer.h"
#include "command.h"

#define KBYTES 64       /* where the registry object does not say */
#define LINE_BYTES 2000 /* of a list; the rest of it goes to a line of its own */

/* One value, or one item of a list. */
struct piece {
	const struct al_attr_rule *rule;
	struct al_slice value;
};

struct pieces {
	struct piece *list; /* owned */
	size_t count;
};

struct packer {
	const struct al_object *object;
	const char *verb; /* NULL: the first text of a new object */
	struct al_buf *out;
	size_t start;                    /* of the text in the making, in `out` */
	size_t line;                     /* of its last line */
	const struct al_attr_rule *open; /* list whose line may go on */
	size_t texts;
};

/* ---- an object as pieces ---- */

static void pieces_walk(const struct al_object *object, struct pieces *out)
{
	struct al_slice rest = al_object_text(object), item;
	struct al_attr attr;

	out->count = 0;
	while (al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule((enum al_class)object->cls, attr.name);
		bool more = true;

		while (rule != NULL && more) {
			more = (rule->flags & AL_LIST) != 0 && al_slice_cut(&attr.value, ',', &item);
			if ((rule->flags & AL_LIST) == 0)
				item = attr.value;
			if (out->list != NULL)
				out->list[out->count] = (struct piece){ rule, al_slice_trim(item) };
			out->count++;
		}
	}
}

static enum al_err pieces_of(const struct al_object *object, struct pieces *out)
{
	*out = (struct pieces){ .count = 0 };
	if (object == NULL)
		return AL_OK;
	pieces_walk(object, out);
	out->list = calloc(out->count + 1, sizeof(*out->list));
	if (out->list == NULL)
		return AL_ENOMEM;
	pieces_walk(object, out);
	return AL_OK;
}

static int piece_compare(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->rule != y->rule ? (x->rule < y->rule ? -1 : 1) : al_slice_cmp(x->value, y->value);
}

static bool pieces_have(const struct pieces *sorted, const struct piece *piece)
{
	return sorted->count > 0 && bsearch(piece, sorted->list, sorted->count, sizeof(*piece), piece_compare) != NULL;
}

static bool pieces_name(const struct pieces *pieces, const struct al_attr_rule *rule)
{
	for (size_t i = 0; i < pieces->count; i++)
		if (pieces->list[i].rule == rule)
			return true;
	return false;
}

/* ---- pieces into texts ---- */

static void text_end(struct packer *p)
{
	if (p->out->len > p->start)
		al_buf_str(p->out, "\n\n");
	p->start = p->out->len;
	p->open = NULL;
}

static void line_begin(struct packer *p, const char *name)
{
	if (p->out->len > p->start)
		al_buf_u8(p->out, '\n');
	p->line = p->out->len;
	al_buf_printf(p->out, "%s:%*s", name, AL_VALUE_COLUMN - 1 - (int)strnlen(name, AL_VALUE_COLUMN - 2), "");
}

/* Which object, and what is to be done with the lines below. */
static void text_begin(struct packer *p)
{
	struct al_slice rest = al_object_text(p->object);
	struct al_attr attr;

	text_end(p);
	p->texts++;
	while (p->verb != NULL && al_attr_next(&rest, &attr)) {
		const struct al_attr_rule *rule = al_class_rule((enum al_class)p->object->cls, attr.name);

		if (rule == NULL || (rule->flags & AL_PRIMARY) == 0)
			continue;
		line_begin(p, rule->name);
		al_buf_slice(p->out, attr.value);
	}
	if (p->verb != NULL) {
		line_begin(p, p->verb);
		al_buf_printf(p->out, "part %zu", p->texts);
	}
}

static void piece_put(struct packer *p, const struct piece *piece)
{
	bool list = (piece->rule->flags & AL_LIST) != 0;

	if (p->out->len == p->start || p->out->len - p->start + piece->value.len + 64 > PARTS_BYTES)
		text_begin(p);
	if (list && p->open == piece->rule && p->out->len - p->line + piece->value.len < LINE_BYTES) {
		al_buf_str(p->out, ", ");
	} else {
		line_begin(p, piece->rule->name);
		p->open = list ? piece->rule : NULL;
	}
	al_buf_slice(p->out, piece->value);
}

/* It has to stand in the first text. */
static bool needed(const struct al_attr_rule *rule)
{
	return (rule->flags & AL_REQUIRED) != 0 || (rule->flags & AL_MULTIPLE) == 0;
}

/* A new object: what it must have and as much else as fits; then the rest. */
static enum al_err make_new(struct packer *p, const struct pieces *wanted)
{
	size_t must = 0, room, first = 0, other = 0;

	for (size_t i = 0; i < wanted->count; i++)
		must += needed(wanted->list[i].rule) ? wanted->list[i].value.len + AL_VALUE_COLUMN + 2 : 0;
	if (must > PARTS_BYTES)
		return AL_ELIMIT;
	room = PARTS_BYTES - must;
	for (size_t i = 0; i < wanted->count; i++) {
		size_t cost = wanted->list[i].value.len + AL_VALUE_COLUMN + 2;

		if (needed(wanted->list[i].rule)) {
			piece_put(p, &wanted->list[i]);
		} else if (room >= cost) {
			piece_put(p, &wanted->list[i]);
			room -= cost;
			first++;
		} else {
			room = 0;
		}
	}
	text_end(p);
	p->verb = "extend";
	for (size_t i = 0; i < wanted->count; i++)
		if (!needed(wanted->list[i].rule) && other++ >= first)
			piece_put(p, &wanted->list[i]);
	return AL_OK;
}

static void put_missing(struct packer *p, const char *verb, const struct pieces *from, const struct pieces *in,
			int required)
{
	text_end(p);
	p->verb = verb;
	for (size_t i = 0; i < from->count; i++) {
		const struct al_attr_rule *rule = from->list[i].rule;

		if (required >= 0 && ((rule->flags & AL_REQUIRED) != 0) != (required == 1))
			continue;
		/* A single attribute is replaced, not taken out first. */
		if (required >= 0 && (rule->flags & AL_MULTIPLE) == 0 && pieces_name(in, rule))
			continue;
		if (!pieces_have(in, &from->list[i]))
			piece_put(p, &from->list[i]);
	}
}

static enum al_err make_change(struct packer *p, const struct pieces *present, const struct pieces *wanted,
			       const struct al_object *old, const struct al_object *now)
{
	struct pieces had, wants;
	enum al_err err = pieces_of(old, &had), err2 = pieces_of(now, &wants);

	if (err == AL_OK && err2 == AL_OK) {
		qsort(had.list, had.count, sizeof(*had.list), piece_compare);
		qsort(wants.list, wants.count, sizeof(*wants.list), piece_compare);
		put_missing(p, "shrink", present, &wants, 0);
		put_missing(p, "extend", wanted, &had, -1);
		put_missing(p, "shrink", present, &wants, 1);
	}
	free(had.list);
	free(wants.list);
	return err != AL_OK ? err : err2;
}

enum al_err parts_make(const struct al_object *present, const struct al_object *wanted, struct al_buf *out,
		       size_t *count)
{
	struct packer p = { .object = wanted, .out = out, .start = out->len };
	struct pieces old, now = { .count = 0 };
	enum al_err err = pieces_of(present, &old);

	if (err == AL_OK)
		err = pieces_of(wanted, &now);
	if (err == AL_OK)
		err = present == NULL ? make_new(&p, &now) : make_change(&p, &old, &now, present, wanted);
	text_end(&p);
	*count = p.texts;
	free(old.list);
	free(now.list);
	return err == AL_OK ? out->err : err;
}

bool parts_next(struct al_slice *rest, struct al_slice *text)
{
	for (size_t at = 0; at + 1 < rest->len; at++)
		if (rest->ptr[at] == '\n' && rest->ptr[at + 1] == '\n') {
			*text = al_slice_head(*rest, at + 1);
			*rest = al_slice_from(*rest, at + 2);
			return true;
		}
	return false;
}

/* ---- sending them ---- */

bool parts_needed(const struct draft *draft)
{
	return draft->count == 1 && draft->header.len == 0 && draft->signatures.len == 0 &&
	       draft->objects[0].len > PARTS_BYTES;
}

static enum al_err object_read(struct al_slice raw, struct al_object **out)
{
	const struct al_build build = { .raw = raw };
	struct al_report report;
	bool deletes = false;
	enum al_err err;

	al_report_init(&report);
	err = al_object_build(&build, &report, out, &deletes);
	for (size_t i = 0; err == AL_EINVAL && i < report.count; i++)
		if (report.items[i].severity == AL_ERROR)
			command_fail(CLI_USAGE, "line %u of the object: %s", report.items[i].line + 1,
				     report.items[i].text);
	if (err == AL_ELIMIT)
		command_fail(CLI_USAGE, "the object has more than %u bytes", AL_OBJECT_MAX);
	al_report_release(&report);
	return err;
}

/* An object that the registry has; NULL: it has none. */
static enum al_err present_read(struct client *client, enum al_class cls, struct al_slice key, struct al_object **out)
{
	struct al_buf question, answer;
	struct al_slice rest, one, error;
	enum al_err err;

	*out = NULL;
	al_buf_init(&question, 4096);
	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	al_buf_printf(&question, "show %s %.*s\n", al_class_name(cls), AL_FMT(key));
	err = client_questions(client, al_buf_view(&question), &answer);
	rest = al_buf_view(&answer);
	if (err == AL_OK && client_next(&rest, &one) && !answer_is_error(one, &error))
		err = object_read(one, out);
	al_buf_release(&question);
	al_buf_release(&answer);
	return err;
}

enum al_err parts_fit(struct client *client, const struct al_object *wanted, uint64_t *kbytes)
{
	struct al_object *registry;
	uint64_t number;
	enum al_err err = present_read(client, AL_REGISTRY, al_object_attr(wanted, "source"), &registry);

	*kbytes = KBYTES;
	if (err == AL_OK && registry != NULL &&
	    al_slice_u64(al_object_attr(registry, "object-kbytes"), UINT32_MAX, &number) == AL_OK)
		*kbytes = number;
	al_object_unref(registry);
	return err == AL_OK && wanted->text_len > *kbytes * 1024 ? AL_ELIMIT : err;
}

static enum al_err text_send(const struct submit *submit, struct al_slice text, struct al_slice seen,
			     struct al_buf *answer)
{
	struct draft draft;
	enum al_err err = draft_parse(text, &draft);

	if (err != AL_OK)
		return err;
	draft.seen[0] = seen;
	err = submit_send(submit, &draft, answer);
	draft_release(&draft);
	return err;
}

static enum al_err texts_send(const struct submit *submit, struct al_slice rest, struct al_slice seen,
			      void (*said)(void *arg, struct al_slice answer), void *arg)
{
	struct al_slice text;
	struct al_buf answer;
	enum al_err err = AL_OK;
	bool good = true;

	al_buf_init(&answer, CLIENT_ANSWER_MAX);
	while (err == AL_OK && good && parts_next(&rest, &text)) {
		err = text_send(submit, text, seen, &answer);
		seen = (struct al_slice){ NULL, 0 };
		if (err == AL_OK)
			said(arg, al_buf_view(&answer));
		good = err == AL_OK && answer_accepted(al_buf_view(&answer));
	}
	al_buf_release(&answer);
	return err;
}

static enum al_err wanted_read(const struct submit *submit, const struct draft *draft, struct al_object **out)
{
	uint64_t kbytes;
	enum al_err err = object_read(draft->objects[0], out);

	if (err != AL_OK)
		return err;
	err = parts_fit(submit->client, *out, &kbytes);
	if (err == AL_ELIMIT) {
		command_fail(CLI_USAGE, "the object has %u bytes of text, and the registry takes %u kilobytes at most",
			     (*out)->text_len, (unsigned)kbytes);
		al_object_unref(*out);
		*out = NULL;
	}
	return err;
}

enum al_err parts_send(const struct submit *submit, const struct draft *draft,
		       void (*said)(void *arg, struct al_slice answer), void *arg)
{
	struct al_object *wanted = NULL, *present = NULL;
	struct al_buf texts;
	size_t count = 0;
	enum al_err err;

	al_buf_init(&texts, 4u << 20);
	err = wanted_read(submit, draft, &wanted);
	if (err == AL_OK)
		err = present_read(submit->client, (enum al_class)wanted->cls, al_object_key(wanted), &present);
	if (err == AL_OK)
		err = parts_make(present, wanted, &texts, &count);
	if (err == AL_ELIMIT && wanted != NULL)
		command_fail(CLI_USAGE, "attributes that have to come together do not fit one request");
	if (err == AL_OK && count == 0)
		said(arg, AL_S("No operation: the registry has it so already\n% end\n"));
	if (err == AL_OK)
		err = texts_send(submit, al_buf_view(&texts), draft->seen[0], said, arg);
	al_object_unref(wanted);
	al_object_unref(present);
	al_buf_release(&texts);
	return err;
}
