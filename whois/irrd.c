/*
 * irrd.c -- one handler a command, a table of them, and the framing.
 *
 * Handlers put their data into `data` and say how it is to be framed; an
 * answer is framed in one place and leaves in one write, as bgpq4 needs it.
 */
#include "irrd.h"

#include <stdlib.h>

#include "answer.h"
#include "sets.h"
#include "spell.h"

enum reply {
	REPLY_DATA, /* A ... C, or D when there is none */
	REPLY_DONE, /* C */
	REPLY_SILENT,
	REPLY_ERROR, /* F; data is the text */
};

struct irrd {
	const struct whois_view *view;
	struct whois_dialogue *dialogue;
	struct al_buf data;
};

static enum reply fail(struct irrd *c, const char *text, struct al_slice about)
{
	al_buf_reset(&c->data);
	al_buf_str(&c->data, text);
	whois_put_printable(about, &c->data);
	return REPLY_ERROR;
}

static const struct al_slice nothing = { NULL, 0 };

/* Data of a failed expansion or a full result. */
static enum reply fail_limit(struct irrd *c, enum al_err err)
{
	return fail(c, err == AL_ENOMEM ? "Out of memory" : "The answer would be too large", nothing);
}

static void put_separator(struct irrd *c, const char *separator)
{
	if (c->data.len > 0)
		al_buf_str(&c->data, separator);
}

/* ---- the conversation ---- */

static enum reply cmd_multi(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	c->dialogue->multi = true;
	return REPLY_SILENT;
}

static enum reply cmd_quit(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	c->dialogue->closing = true;
	return REPLY_SILENT;
}

static enum reply cmd_name(struct irrd *c, struct al_slice arg)
{
	(void)c;
	(void)arg;
	return REPLY_DONE;
}

static enum reply cmd_version(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	al_buf_str(&c->data, "alamo-whoisd -- version " ALAMO_VERSION);
	return REPLY_DATA;
}

static enum reply cmd_timeout(struct irrd *c, struct al_slice arg)
{
	uint64_t seconds;

	if (al_slice_u64(arg, WHOIS_IDLE_MAX_S, &seconds) != AL_OK || seconds == 0)
		return fail(c, "Invalid value for timeout: ", arg);
	c->dialogue->idle_s = (uint32_t)seconds;
	return REPLY_DONE;
}

/* !fno-...: we hide nothing, so there is nothing to switch off. */
static enum reply cmd_filter(struct irrd *c, struct al_slice arg)
{
	static const struct {
		const char *name;
		const char *what;
	} filters[] = {
		{ "no-rpki-filter", "RPKI invalids" },
		{ "no-scope-filter", "out-of-scope objects" },
		{ "no-route-preference-filter", "objects suppressed due to route object preference" },
	};

	for (size_t i = 0; i < AL_COUNT(filters); i++) {
		if (!al_slice_caseis(arg, filters[i].name))
			continue;
		al_buf_printf(
			&c->data,
			"Filtering out %s is disabled for !r and RIPE style queries for the rest of this connection.",
			filters[i].what);
		return REPLY_DATA;
	}
	return fail(c, "Unrecognised command: f", arg);
}

/* There is one source; selecting it changes nothing. */
static enum reply cmd_sources(struct irrd *c, struct al_slice arg)
{
	struct al_slice source = whois_view_source(c->view), name;

	if (al_slice_is(arg, "-lc")) {
		al_buf_slice(&c->data, source);
		return REPLY_DATA;
	}
	if (al_slice_is(arg, "-*"))
		return REPLY_DONE;
	if (arg.len == 0)
		return fail(c, "Missing source for s query", nothing);
	while (al_slice_word(&arg, ",", &name))
		if (!al_slice_caseeq(name, source))
			return fail(c, "Unknown source: ", name);
	return REPLY_DONE;
}

/* ---- objects ---- */

static void put_objects(struct irrd *c, const struct whois_result *result)
{
	size_t i;

	for (i = 0; i < result->count; i++) {
		put_separator(c, "\n");
		whois_object_text(result->items[i], &c->data);
	}
	/* Framing adds the last LF. */
	if (c->data.len > 0)
		c->data.len--;
}

static int slice_order(const void *a, const void *b)
{
	return al_slice_cmp(*(const struct al_slice *)a, *(const struct al_slice *)b);
}

static enum reply put_origins(struct irrd *c, const struct whois_result *result)
{
	struct al_slice *origins = calloc(result->count + 1, sizeof(*origins));
	size_t i;

	if (origins == NULL)
		return fail_limit(c, AL_ENOMEM);
	for (i = 0; i < result->count; i++)
		origins[i] = al_object_attr(result->items[i], "origin");
	qsort(origins, result->count, sizeof(*origins), slice_order);
	for (i = 0; i < result->count; i++) {
		if (i > 0 && al_slice_eq(origins[i], origins[i - 1]))
			continue;
		put_separator(c, " ");
		al_buf_slice(&c->data, origins[i]);
	}
	free(origins);
	return REPLY_DATA;
}

/* !rPREFIX, !rPREFIX,o and with l, L, M */
static enum reply cmd_routes(struct irrd *c, struct al_slice arg)
{
	static const struct {
		const char *name;
		enum whois_match match;
	} options[] = {
		{ "", WHOIS_EXACT },     { "o", WHOIS_EXACT },    { "l", WHOIS_ONE_LESS },
		{ "L", WHOIS_ALL_LESS }, { "M", WHOIS_ALL_MORE },
	};
	struct whois_result result;
	struct al_slice text;
	struct al_prefix prefix;
	enum reply reply = REPLY_DATA;
	size_t i;

	(void)al_slice_cut(&arg, ',', &text);
	if (al_prefix_parse(al_slice_trim(text), &prefix) != AL_OK)
		return fail(c, "Invalid input for route search: ", text);
	for (i = 0; i < AL_COUNT(options); i++)
		if (al_slice_is(al_slice_trim(arg), options[i].name))
			break;
	if (i == AL_COUNT(options))
		return fail(c, "Invalid route search option: ", arg);
	whois_result_init(&result);
	whois_lookup_prefix(c->view, prefix.bits == 32 ? AL_ROUTE : AL_ROUTE6, &prefix, options[i].match, &result);
	if (result.err != AL_OK || result.truncated)
		reply = fail_limit(c, result.err);
	else if (i == 1)
		reply = put_origins(c, &result);
	else
		put_objects(c, &result);
	whois_result_release(&result);
	return reply;
}

/* !mCLASS,KEY */
static enum reply cmd_object(struct irrd *c, struct al_slice arg)
{
	const struct al_object *object = NULL;
	struct whois_result result;
	struct al_slice name;
	enum al_class cls;
	struct al_buf key;

	if (!al_slice_cut(&arg, ',', &name))
		return fail(c, "Invalid argument for object lookup: ", name);
	if (whois_class_parse(al_slice_trim(name), &cls) != AL_OK)
		return fail(c, "Invalid object class: ", name);
	al_buf_init(&key, 2048);
	if (whois_key_canon(cls, arg, &key) == AL_OK)
		object = al_state_get(c->view->state, cls, al_buf_view(&key));
	al_buf_release(&key);
	whois_result_init(&result);
	if (object != NULL)
		(void)whois_result_add(object, &result);
	put_objects(c, &result);
	whois_result_release(&result);
	return REPLY_DATA;
}

/* !oMNTNER: what it maintains. */
static enum reply cmd_maintained(struct irrd *c, struct al_slice arg)
{
	struct whois_result result;
	enum reply reply = REPLY_DATA;

	if (arg.len == 0)
		return fail(c, "Missing parameter for o query", nothing);
	whois_result_init(&result);
	for (int cls = 0; cls < AL_CLASS_COUNT; cls++)
		whois_index_find(c->view->index, (enum al_class)cls, AL_S("mnt-by"), arg, whois_result_add, &result);
	if (result.err != AL_OK || result.truncated)
		reply = fail_limit(c, result.err);
	else
		put_objects(c, &result);
	whois_result_release(&result);
	return reply;
}

/* ---- sets and origins ---- */

static void put_members(struct irrd *c, const struct whois_members *members)
{
	char text[AL_ASN_STRLEN];
	size_t i;

	for (i = 0; i < members->name_count; i++) {
		put_separator(c, " ");
		al_buf_slice(&c->data, members->names[i]);
	}
	for (i = 0; i < members->asn_count; i++) {
		put_separator(c, " ");
		al_asn_format(members->asns[i], text);
		al_buf_str(&c->data, text);
	}
	for (i = 0; i < members->range_count; i++) {
		put_separator(c, " ");
		whois_range_format(&members->ranges[i], &c->data);
	}
}

static enum reply put_as_prefixes(struct irrd *c, uint32_t asn, unsigned families)
{
	struct whois_members members;
	enum reply reply = REPLY_DATA;
	enum al_err err;

	whois_members_init(&members);
	err = whois_as_prefixes(c->view, asn, families, &members);
	if (err == AL_OK)
		put_members(c, &members);
	else
		reply = fail_limit(c, err);
	whois_members_release(&members);
	return reply;
}

static enum reply origin(struct irrd *c, struct al_slice arg, unsigned families)
{
	uint32_t asn;

	if (arg.len == 0)
		return fail(c, "Missing AS number", nothing);
	if (whois_asn_parse(arg, true, &asn) != AL_OK)
		return fail(c, "Invalid AS number: ", arg);
	return put_as_prefixes(c, asn, families);
}

static enum reply cmd_origin4(struct irrd *c, struct al_slice arg)
{
	return origin(c, arg, WHOIS_V4);
}

static enum reply cmd_origin6(struct irrd *c, struct al_slice arg)
{
	return origin(c, arg, WHOIS_V6);
}

static struct al_slice excluded(const struct irrd *c)
{
	return al_slice_str(c->dialogue->excluded);
}

/* !eSET,...: not expanded inside other sets from now on; !e takes that back, !e-lc says which. */
static enum reply cmd_exclude(struct irrd *c, struct al_slice arg)
{
	struct al_slice name;
	struct al_buf key;
	bool known = true;

	if (al_slice_is(arg, "-lc")) {
		al_buf_slice(&c->data, excluded(c));
		return c->data.len > 0 ? REPLY_DATA : REPLY_DONE;
	}
	al_buf_init(&key, WHOIS_LINE_MAX);
	while (known && al_slice_word(&arg, ",", &name)) {
		known = whois_key_canon(AL_AS_SET, name, &key) == AL_OK ||
			whois_key_canon(AL_ROUTE_SET, name, &key) == AL_OK;
		put_separator(c, ",");
		al_buf_slice(&c->data, al_buf_view(&key));
	}
	al_buf_release(&key);
	if (!known)
		return fail(c, "Not the name of a set: ", name);
	if (al_slice_copy(al_buf_view(&c->data), c->dialogue->excluded, sizeof(c->dialogue->excluded)) != AL_OK)
		return fail(c, "Too many sets to exclude", nothing);
	return REPLY_DONE;
}

/* !iSET, !iSET,1 */
static enum reply cmd_members(struct irrd *c, struct al_slice arg)
{
	const struct al_object *set;
	struct whois_members members;
	struct al_slice name;
	enum reply reply = REPLY_DATA;
	enum al_err err;
	bool deep = al_slice_cut(&arg, ',', &name);

	if (name.len == 0)
		return fail(c, "Missing required set name for i query", nothing);
	if (deep && !al_slice_is(al_slice_trim(arg), "1"))
		return fail(c, "Invalid option for i query: ", arg);
	set = whois_set_get(c->view, name);
	if (set == NULL)
		return REPLY_DATA;
	whois_members_init(&members);
	err = deep ? whois_set_expand(c->view, set, excluded(c), &members) : whois_set_direct(c->view, set, &members);
	if (err == AL_OK)
		put_members(c, &members);
	else
		reply = fail_limit(c, err);
	whois_members_release(&members);
	return reply;
}

/* !aSET, !a4SET, !a6SET. bgpq4 probes with a bare "!a" and knows this refusal by its words. */
static enum reply cmd_prefixes(struct irrd *c, struct al_slice arg)
{
	const struct al_object *set;
	struct whois_members members;
	unsigned families = WHOIS_V4 | WHOIS_V6;
	enum reply reply = REPLY_DATA;
	enum al_err err;
	uint32_t asn;

	if (al_slice_starts(arg, "4") || al_slice_starts(arg, "6")) {
		families = arg.ptr[0] == '4' ? WHOIS_V4 : WHOIS_V6;
		arg = al_slice_trim(al_slice_from(arg, 1));
	}
	if (arg.len == 0)
		return fail(c, "Missing required set name for A query", nothing);
	if (whois_asn_parse(arg, false, &asn) == AL_OK)
		return put_as_prefixes(c, asn, families);
	set = whois_set_get(c->view, arg);
	if (set == NULL)
		return REPLY_DATA;
	whois_members_init(&members);
	err = whois_set_prefixes(c->view, set, families, excluded(c), &members);
	if (err == AL_OK)
		put_members(c, &members);
	else
		reply = fail_limit(c, err);
	whois_members_release(&members);
	return reply;
}

/* ---- table and framing ---- */

static const struct command {
	char letter;
	bool bare;      /* takes no argument */
	bool needs_log; /* cannot be answered before the first head */
	enum reply (*run)(struct irrd *c, struct al_slice arg);
} commands[] = {
	{ '!', true, false, cmd_multi },    { 'q', true, false, cmd_quit },       { 'Q', true, false, cmd_quit },
	{ 'n', false, false, cmd_name },    { 'v', false, false, cmd_version },   { 't', false, false, cmd_timeout },
	{ 's', false, true, cmd_sources },  { 'r', false, true, cmd_routes },     { 'm', false, true, cmd_object },
	{ 'g', false, true, cmd_origin4 },  { '6', false, true, cmd_origin6 },    { 'i', false, true, cmd_members },
	{ 'a', false, true, cmd_prefixes }, { 'o', false, true, cmd_maintained }, { 'e', false, false, cmd_exclude },
	{ 'f', false, false, cmd_filter },
};

static enum reply run(struct irrd *c, struct al_slice command)
{
	struct al_slice arg = al_slice_trim(al_slice_from(command, 1));
	size_t i;

	if (command.len == 0)
		return fail(c, "Missing command", nothing);
	for (i = 0; i < AL_COUNT(commands); i++) {
		if (commands[i].letter != command.ptr[0] || (commands[i].bare && arg.len > 0))
			continue;
		if (commands[i].needs_log && c->view->head.size == 0)
			return fail(c, "Not ready: no verified log yet", nothing);
		return commands[i].run(c, arg);
	}
	return fail(c, "Unrecognised command: ", command);
}

void whois_irrd_error(const char *text, struct al_buf *out)
{
	al_buf_printf(out, "F %s\n", text);
}

static void frame(struct irrd *c, enum reply reply, struct al_buf *out)
{
	if (reply != REPLY_ERROR && c->data.err != AL_OK)
		reply = fail_limit(c, c->data.err);
	switch (reply) {
	case REPLY_DATA:
		if (c->data.len == 0) {
			al_buf_str(out, "D\n");
			return;
		}
		al_buf_printf(out, "A%zu\n", c->data.len + 1);
		al_buf_slice(out, al_buf_view(&c->data));
		al_buf_str(out, "\nC\n");
		return;
	case REPLY_DONE:
		al_buf_str(out, "C\n");
		return;
	case REPLY_SILENT:
		return;
	case REPLY_ERROR:
		al_buf_str(out, "F ");
		al_buf_slice(out, al_buf_view(&c->data));
		al_buf_str(out, "\n");
		return;
	}
}

void whois_irrd(const struct whois_view *view, struct whois_dialogue *dialogue, struct al_slice command,
		struct al_buf *out)
{
	struct irrd c = { .view = view, .dialogue = dialogue };

	al_buf_init(&c.data, WHOIS_BODY_MAX);
	frame(&c, run(&c, al_slice_trim(command)), out);
	al_buf_release(&c.data);
}
