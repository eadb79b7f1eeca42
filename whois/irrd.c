/* SPDX-License-Identifier: MIT */
/*
 * irrd.c -- one handler a command, a table of them, and the framing.
 *
 * Handlers put their data into `data` and say how it is to be framed; an
 * answer is framed in one place and leaves in one write, as bgpq4 needs it.
 */
#include "irrd.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "irrd_command.h"
#include "nrtm.h"
#include "past.h"
#include "spell.h"
#include "text.h"

static const struct al_slice nothing = { NULL, 0 };

enum irrd_reply irrd_fail(struct irrd *c, const char *text, struct al_slice about)
{
	al_buf_reset(&c->job->data);
	al_buf_str(&c->job->data, text);
	whois_put_printable(about, &c->job->data);
	return REPLY_ERROR;
}

enum irrd_reply irrd_fail_limit(struct irrd *c, enum al_err err)
{
	return irrd_fail(c, err == AL_ENOMEM ? "Out of memory" : "The answer would be too large", nothing);
}

void irrd_separator(struct irrd *c, const char *separator)
{
	if (c->job->data.len > 0)
		al_buf_str(&c->job->data, separator);
}

/* ---- the conversation ---- */

static enum irrd_reply cmd_multi(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	c->dialogue->multi = true;
	return REPLY_SILENT;
}

static enum irrd_reply cmd_quit(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	c->dialogue->closing = true;
	return REPLY_SILENT;
}

static enum irrd_reply cmd_name(struct irrd *c, struct al_slice arg)
{
	(void)c;
	(void)arg;
	return REPLY_DONE;
}

static enum irrd_reply cmd_version(struct irrd *c, struct al_slice arg)
{
	(void)arg;
	al_buf_str(&c->job->data, "alamo-whoisd -- version " ALAMO_VERSION);
	return REPLY_DATA;
}

static enum irrd_reply cmd_timeout(struct irrd *c, struct al_slice arg)
{
	uint64_t seconds;

	if (al_slice_u64(arg, WHOIS_IDLE_MAX_S, &seconds) != AL_OK || seconds == 0)
		return irrd_fail(c, "Invalid value for timeout: ", arg);
	c->dialogue->idle_s = (uint32_t)seconds;
	return REPLY_DONE;
}

/* !fno-...: we hide nothing, so there is nothing to switch off. */
static enum irrd_reply cmd_filter(struct irrd *c, struct al_slice arg)
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
			&c->job->data,
			"Filtering out %s is disabled for !r and RIPE style queries for the rest of this connection.",
			filters[i].what);
		return REPLY_DATA;
	}
	return irrd_fail(c, "Unrecognised command: f", arg);
}

/* There is one source; selecting it changes nothing. */
static enum irrd_reply cmd_sources(struct irrd *c, struct al_slice arg)
{
	struct al_slice source = whois_view_source(c->view), name;

	if (al_slice_is(arg, "-lc")) {
		al_buf_slice(&c->job->data, source);
		return REPLY_DATA;
	}
	if (al_slice_is(arg, "-*"))
		return REPLY_DONE;
	if (arg.len == 0)
		return irrd_fail(c, "Missing source for s query", nothing);
	while (al_slice_word(&arg, ",", &name))
		if (!al_slice_caseeq(name, source))
			return irrd_fail(c, "Unknown source: ", name);
	return REPLY_DONE;
}

/* Each source asked for, or all with "-*", which is one. */
static enum irrd_reply each_source(struct irrd *c, struct al_slice arg,
				   void (*put)(struct irrd *c, struct al_slice name))
{
	struct al_slice source = whois_view_source(c->view), name;

	if (arg.len == 0)
		return irrd_fail(c, "Missing source name", nothing);
	if (al_slice_is(arg, "-*"))
		arg = source;
	while (al_slice_word(&arg, ",", &name))
		put(c, name);
	return REPLY_DATA;
}

static void put_serial_range(struct irrd *c, struct al_slice name)
{
	struct al_buf *data = &c->job->data;

	irrd_separator(c, "\n");
	if (!al_slice_caseeq(name, whois_view_source(c->view))) {
		whois_put_printable(name, data);
		al_buf_str(data, ":X:Database unknown");
		return;
	}
	al_buf_printf(data, "%.*s:Y:", AL_FMT(whois_view_source(c->view)));
	whois_put_serials(c->view, data);
}

/* !j-*, !jSOURCE,...: which serials a mirror can ask for. */
static enum irrd_reply cmd_serials(struct irrd *c, struct al_slice arg)
{
	return each_source(c, arg, put_serial_range);
}

static void put_status(struct irrd *c, struct al_slice name)
{
	struct al_buf *data = &c->job->data;
	uint64_t last = c->view->history != NULL ? whois_history_last(c->view->history) : 0;
	bool ours = al_slice_caseeq(name, whois_view_source(c->view));

	al_buf_str(data, data->len > 0 ? ",\n  \"" : "{\n  \"");
	for (size_t i = 0; i < name.len && i < 100; i++)
		al_buf_u8(data, name.ptr[i] > ' ' && name.ptr[i] < 0x7f && name.ptr[i] != '"' && name.ptr[i] != '\\'
					? (uint8_t)name.ptr[i]
					: '?');
	if (!ours) {
		al_buf_str(data, "\": {\"error\": \"Unknown source\"}");
		return;
	}
	al_buf_printf(data,
		      "\": {\"source_type\": \"regular\", \"authoritative\": true, \"object_class_filter\": null, "
		      "\"rpki_rov_filter\": false, \"scopefilter_enabled\": false, \"route_preference\": null, "
		      "\"local_journal_kept\": true, \"serial_oldest_journal\": %d, \"serial_newest_journal\": %" PRIu64
		      ", \"serial_newest_mirror\": null, \"synchronised_serials\": true, \"log_size\": %" PRIu64 "}",
		      last > 0, last, c->view->head.size);
}

/* !J-*, !JSOURCE,...: the same and more, as JSON. */
static enum irrd_reply cmd_status(struct irrd *c, struct al_slice arg)
{
	enum irrd_reply reply = each_source(c, arg, put_status);

	if (reply == REPLY_DATA)
		al_buf_str(&c->job->data, "\n}");
	return reply;
}

/* ---- objects ---- */

/* All objects found, or none: half a list would be taken for a whole one. */
static enum irrd_reply give_objects(struct irrd *c)
{
	if (c->job->result.err != AL_OK || c->job->result.truncated)
		return irrd_fail_limit(c, c->job->result.err);
	c->job->kind = WHOIS_JOB_DATA;
	whois_job_origins(c->job);
	return REPLY_JOB;
}

/* Of one prefix: routes come in the order of their keys, which end in the origin. */
static enum irrd_reply put_origins(struct irrd *c)
{
	const struct whois_result *result = &c->job->result;

	if (result->err != AL_OK || result->truncated)
		return irrd_fail_limit(c, result->err);
	for (size_t i = 0; i < result->count; i++) {
		irrd_separator(c, " ");
		al_buf_slice(&c->job->data, al_object_attr(result->items[i], "origin"));
	}
	return REPLY_DATA;
}

/* !rPREFIX, !rPREFIX,o and with l, L, M */
static enum irrd_reply cmd_routes(struct irrd *c, struct al_slice arg)
{
	static const struct {
		const char *name;
		enum whois_match match;
	} options[] = {
		{ "", WHOIS_EXACT },     { "o", WHOIS_EXACT },    { "l", WHOIS_ONE_LESS },
		{ "L", WHOIS_ALL_LESS }, { "M", WHOIS_ALL_MORE },
	};
	struct al_slice text;
	struct al_prefix prefix;
	size_t i;

	(void)al_slice_cut(&arg, ',', &text);
	if (al_prefix_parse(al_slice_trim(text), &prefix) != AL_OK)
		return irrd_fail(c, "Invalid input for route search: ", text);
	for (i = 0; i < AL_COUNT(options); i++)
		if (al_slice_is(al_slice_trim(arg), options[i].name))
			break;
	if (i == AL_COUNT(options))
		return irrd_fail(c, "Invalid route search option: ", arg);
	whois_lookup_prefix(c->view, prefix.bits == 32 ? AL_ROUTE : AL_ROUTE6, &prefix, options[i].match,
			    &c->job->result);
	return i == 1 ? put_origins(c) : give_objects(c);
}

/* !mCLASS,KEY */
static enum irrd_reply cmd_object(struct irrd *c, struct al_slice arg)
{
	const struct al_object *object = NULL;
	struct al_slice name;
	enum al_class cls;
	struct al_buf key;

	if (!al_slice_cut(&arg, ',', &name))
		return irrd_fail(c, "Invalid argument for object lookup: ", name);
	if (whois_class_parse(al_slice_trim(name), &cls) != AL_OK)
		return irrd_fail(c, "Invalid object class: ", name);
	al_buf_init(&key, 2048);
	if (whois_key_canon(cls, arg, &key) == AL_OK)
		object = al_state_get(c->view->state, cls, al_buf_view(&key));
	al_buf_release(&key);
	if (object != NULL)
		(void)whois_result_add(object, &c->job->result);
	return give_objects(c);
}

/* !oMNTNER: what it maintains. */
static enum irrd_reply cmd_maintained(struct irrd *c, struct al_slice arg)
{
	if (arg.len == 0)
		return irrd_fail(c, "Missing parameter for o query", nothing);
	for (int cls = 0; cls < AL_CLASS_COUNT; cls++)
		whois_index_find(c->view->index, (enum al_class)cls, AL_S("mnt-by"), arg, whois_result_add,
				 &c->job->result);
	return give_objects(c);
}

/* ---- table and framing ---- */

/* BARE: no argument; NEEDS_LOG: not before the first head; LOOKS_UP: of the moment that "!at" said. */
enum { BARE = 1, NEEDS_LOG = 2, LOOKS_UP = 4 | NEEDS_LOG };

static const struct command {
	const char *name;
	unsigned flags;
	enum irrd_reply (*run)(struct irrd *c, struct al_slice arg);
} commands[] = {
	{ "!", BARE, cmd_multi },
	{ "q", BARE, cmd_quit },
	{ "Q", BARE, cmd_quit },
	{ "n", 0, cmd_name },
	{ "v", 0, cmd_version },
	{ "t", 0, cmd_timeout },
	{ "s", NEEDS_LOG, cmd_sources },
	{ "r", LOOKS_UP, cmd_routes },
	{ "m", LOOKS_UP, cmd_object },
	{ "g", LOOKS_UP, irrd_origin4 },
	{ "6", LOOKS_UP, irrd_origin6 },
	{ "i", LOOKS_UP, irrd_members },
	{ "at", NEEDS_LOG, irrd_at },
	{ "a", LOOKS_UP, irrd_prefixes },
	{ "o", LOOKS_UP, cmd_maintained },
	{ "e", 0, irrd_exclude },
	{ "f", 0, cmd_filter },
	{ "j", NEEDS_LOG, cmd_serials },
	{ "J", NEEDS_LOG, cmd_status },
};

/* A letter and what follows it; "at", which no set is called, stands alone. */
static bool command_is(const struct command *command, struct al_slice text, struct al_slice *arg)
{
	size_t len = strlen(command->name);

	if (!al_slice_starts(text, command->name))
		return false;
	*arg = al_slice_trim(al_slice_from(text, len));
	if (len > 1 && text.len > len && strchr(" \t-0123456789", text.ptr[len]) == NULL)
		return false;
	return (command->flags & BARE) == 0 || arg->len == 0;
}

static enum irrd_reply run(struct irrd *c, struct al_slice text)
{
	const struct command *command = commands;
	struct al_slice arg;

	if (text.len == 0)
		return irrd_fail(c, "Missing command", nothing);
	while (command < commands + AL_COUNT(commands) && !command_is(command, text, &arg))
		command++;
	if (command == commands + AL_COUNT(commands))
		return irrd_fail(c, "Unrecognised command: ", text);
	if ((command->flags & NEEDS_LOG) != 0 && c->view->head.size == 0)
		return irrd_fail(c, "Not ready: no verified log yet", nothing);
	if ((command->flags & LOOKS_UP) == LOOKS_UP && c->dialogue->at > 0 && c->view->at == 0)
		return al_slice_copy(text, c->job->name, sizeof(c->job->name)) == AL_OK
			       ? irrd_go_back(c, c->dialogue->at)
			       : irrd_fail_limit(c, AL_ELIMIT);
	return command->run(c, arg);
}

void whois_irrd_error(const char *text, struct al_buf *out)
{
	al_buf_printf(out, "F %s\n", text);
}

static void frame(struct irrd *c, enum irrd_reply reply, struct al_buf *out)
{
	if (reply != REPLY_ERROR && c->job->data.err != AL_OK)
		reply = irrd_fail_limit(c, c->job->data.err);
	switch (reply) {
	case REPLY_DATA:
		if (c->job->data.len == 0) {
			al_buf_str(out, "D\n");
			return;
		}
		al_buf_printf(out, "A%zu\n", c->job->data.len + 1);
		al_buf_slice(out, al_buf_view(&c->job->data));
		al_buf_str(out, "\nC\n");
		return;
	case REPLY_DONE:
		al_buf_str(out, "C\n");
		return;
	case REPLY_JOB:
	case REPLY_SILENT:
		return;
	case REPLY_ERROR:
		al_buf_str(out, "F ");
		al_buf_slice(out, al_buf_view(&c->job->data));
		al_buf_str(out, "\n");
		return;
	}
}

static void put_object(struct whois_job *job)
{
	struct whois_shown shown = whois_shown_object(job->result.items[job->at],
						      job->origins != NULL ? (enum validity)job->origins[job->at]
									   : VALIDITY_NONE);

	whois_put_shown(&shown, false, &job->data);
}

/* Some of the objects found; framing adds the last LF. */
static enum irrd_reply more_objects(struct whois_job *job)
{
	size_t start = job->data.len;

	while (job->at < job->result.count && job->data.len - start < WHOIS_PIECE_BYTES && job->data.err == AL_OK) {
		if (job->at > 0)
			al_buf_str(&job->data, "\n");
		put_object(job);
		job->at++;
	}
	if (job->at < job->result.count && job->data.err == AL_OK)
		return REPLY_JOB;
	if (job->data.len > 0)
		job->data.len--;
	return REPLY_DATA;
}

bool whois_irrd_more(struct whois_job *job, struct al_buf *out)
{
	struct irrd c = { .view = &job->view, .job = job };
	enum irrd_reply reply = job->kind == WHOIS_JOB_SET ? irrd_more_members(&c) : more_objects(job);

	frame(&c, reply, out);
	return reply != REPLY_JOB;
}

/* The state is there, and nobody moves it: what does not hold versions of it but reads it on keeps it as it is. */
static enum irrd_reply ask_past(struct irrd *c, struct whois_past *past)
{
	char line[WHOIS_JOB_NAME_MAX];
	enum irrd_reply reply;

	whois_job_arrive(c->job, line);
	reply = line[0] == '\0' ? irrd_moment(c) : run(c, al_slice_str(line));
	if (reply == REPLY_JOB && c->job->kind == WHOIS_JOB_SET) {
		c->job->past = past;
		whois_past_keep(past, c->job);
		return reply;
	}
	if (reply == REPLY_JOB)
		whois_job_hold(c->job);
	whois_past_done(past);
	return reply;
}

bool whois_irrd_past(struct whois_job *job, struct al_buf *out)
{
	struct irrd c = { .view = &job->view, .dialogue = job->dialogue, .job = job };
	struct whois_past *past = job->past;
	struct whois_view then;
	enum al_err err = whois_past_step(past, &job->view, job->at, job, &then);
	enum irrd_reply reply;

	if (err == AL_EAGAIN)
		return false;
	if (err == AL_OK) {
		job->view = then;
		reply = ask_past(&c, past);
	} else {
		reply = irrd_fail(&c, whois_error_text(0), nothing);
	}
	frame(&c, reply, out);
	if (reply != REPLY_JOB)
		whois_job_release(job);
	return reply != REPLY_JOB;
}

void whois_irrd(const struct whois_view *view, struct whois_dialogue *dialogue, struct al_slice command,
		struct whois_job *job, struct al_buf *out)
{
	struct irrd c = { .view = view, .dialogue = dialogue, .job = job };
	enum irrd_reply reply;

	job->view = *view;
	reply = run(&c, al_slice_trim(command));
	frame(&c, reply, out);
	if (reply != REPLY_JOB)
		whois_job_release(job);
}
