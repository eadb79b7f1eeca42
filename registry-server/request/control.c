/* SPDX-License-Identifier: MIT */
/*
 * control.c -- decode, verify, look at who signed, do. Loop thread; the work
 * is the ledger's writer's. What was done is in the daemon's log.
 */
#include "control.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alamo/base/log.h"
#include "attach.h"
#include "policy.h"
#include "question_side.h"
#include "reply.h"

struct control {
	struct decision *d;           /* request, report and signers */
	const struct al_state *state; /* until the ledger has the job; so are these two */
	const struct space *space;
	const struct tariff *tariff;
	struct ledger *ledger;
	struct ledger_once once;
	pipeline_answer_fn answer;
	void *arg;
};

AL_PRINTF(3, 4)
static void refuse(struct control *c, const char *clause, const char *fmt, ...)
{
	char text[300];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	al_report_add(&c->d->report, AL_ERROR, AL_REPORT_WHOLE, AL_REPORT_WHOLE, clause, "%s", text);
}

/* ---- answers ---- */

static void control_free(struct control *c)
{
	decision_free(c->d);
	free(c);
}

/* `note` NULL: done. `trouble`: an error of ours, to be tried again. */
static void control_answer(struct control *c, const char *note, const char *trouble)
{
	struct al_buf out;

	al_buf_init(&out, REPLY_MAX);
	if (trouble != NULL)
		reply_error(&out, "%s", trouble);
	else if (c->d->report.errors > 0)
		reply_decision(c->d, NULL, &out);
	else
		reply_control(c->d, note, &out);
	c->answer(c->arg, al_buf_view(&out));
	al_buf_release(&out);
	control_free(c);
}

static void control_log(const struct control *c, const char *outcome)
{
	char what[AL_LOG_QUOTE_LEN], key[AL_SSH_FINGERPRINT_LEN] = "-";

	if (c->d->key_count > 0)
		al_sshkey_fingerprint(&c->d->keys[0], key);
	al_log(AL_LOG_INFO, "control", "outcome=%s what=%s key=%s", outcome, al_log_quote(c->d->request.control, what),
	       key);
}

static void on_done(void *arg, enum al_err err, const struct ledger_side_result *result)
{
	struct control *c = arg;
	bool queue = al_slice_starts(c->d->request.control, "queue-");
	char note[80];

	control_log(c, al_err_name(err));
	switch (err) {
	case AL_OK:
		if (queue)
			(void)snprintf(note, sizeof(note), "requests taken off the queue: %" PRIu64, result->dropped);
		control_answer(c, queue ? note : NULL, NULL);
		return;
	case AL_EEXIST:
		control_answer(c, "taken before, nothing was done again", NULL);
		return;
	case AL_ENOTFOUND:
		if (queue)
			refuse(c, "REF-MISSING", "no such request is in the queue");
		control_answer(c, "there was no text any more", NULL);
		return;
	case AL_EAGAIN:
		control_answer(c, NULL, "too many control requests were taken today: try again tomorrow");
		return;
	default:
		control_answer(c, NULL, "storage failed: send a new control request later");
		return;
	}
}

/* ---- verbs: AL_OK when the ledger has the job; otherwise the report says why not, or AL_EAGAIN ---- */

static enum al_err hostmaster_only(struct control *c, const struct policy *p)
{
	if (p->hostmaster)
		return AL_OK;
	refuse(c, "AUTH-MNT", "the hostmaster decides about the queue");
	return AL_EDENIED;
}

static enum al_err queue_refuse(struct control *c, struct policy *p, struct al_slice args)
{
	struct al_slice number;
	uint64_t id;
	enum al_err err;

	if (!al_slice_word(&args, "", &number) || al_slice_u64(number, INT64_MAX, &id) != AL_OK) {
		refuse(c, "REQUEST-FORM", "control: queue-refuse NUMBER REASON");
		return AL_EINVAL;
	}
	err = hostmaster_only(c, p);
	return err == AL_OK ? ledger_queue_drop(c->ledger, id, al_slice_trim(args), &c->once, on_done, c) : err;
}

static enum al_err queue_refuse_all(struct control *c, struct policy *p, struct al_slice args)
{
	static const char *const kinds[] = { "source=", "network=", "key=", "mntner=", "from=" };
	struct al_slice who;
	bool known = false;
	enum al_err err;

	if (al_slice_word(&args, "", &who))
		for (size_t i = 0; i < AL_COUNT(kinds); i++)
			known = known || al_slice_starts(who, kinds[i]);
	if (!known) {
		refuse(c, "REQUEST-FORM",
		       "control: queue-refuse-all source=ADDRESS|network=PREFIX|key=SHA256:...|mntner=NAME|from=NUMBER "
		       "REASON");
		return AL_EINVAL;
	}
	err = hostmaster_only(c, p);
	return err == AL_OK ? ledger_queue_drop_all(c->ledger, who, al_slice_trim(args), &c->once, on_done, c) : err;
}

/* The role or person of that handle; NULL: there is none, and the report says so. */
static const struct al_object *contact_of(struct control *c, struct al_slice args, const char *usage)
{
	const struct al_object *object;
	struct al_slice handle;

	if (!al_slice_word(&args, "", &handle) || al_slice_trim(args).len > 0) {
		refuse(c, "REQUEST-FORM", "control: %s HANDLE", usage);
		return NULL;
	}
	object = attach_holder(c->state, handle);
	if (object == NULL)
		refuse(c, "REF-MISSING", "there is no role or person of this handle");
	return object;
}

static enum al_err contact_erase(struct control *c, struct policy *p, struct al_slice args)
{
	const struct al_object *object = contact_of(c, args, "contact-erase");
	char name[LEDGER_OBJECT_MAX];

	if (object == NULL || attach_name(object, name) != AL_OK)
		return AL_ENOTFOUND;
	if (!auth_object(p, object, "mnt-by")) {
		refuse(c, "AUTH-MNT", "[%s] %.*s: none of its maintainers has signed",
		       al_class_name((enum al_class)object->cls), AL_FMT(al_object_key(object)));
		return AL_EDENIED;
	}
	return ledger_side_erase(c->ledger, al_slice_str(name), &c->once, on_done, c);
}

/* Members: the keys of maintainers. Holders: of those that hold a number or a block. */
static bool audience_has(const struct control *c, const struct policy *p, const struct al_object *object)
{
	struct al_slice audience = al_object_attr(object, "contact-for");
	struct tally tally = { .whose = TALLY_KEY,
			       .kind = al_slice_is(audience, "holders") ? TALLY_HELD : TALLY_OBJECTS };

	if (audience.len == 0 || al_slice_is(audience, "public") || auth_object(p, object, "mnt-by"))
		return true;
	for (size_t i = 0; i < c->d->key_count; i++) {
		tally.who = al_slice_str(c->d->key_texts[i]);
		if (tallies_get(holdings_tallies(space_holdings(c->space)), &tally) > 0)
			return true;
	}
	return false;
}

/* Read, not changed: it needs not be remembered that this was asked; the key pays for it, and the daemon's log tells. */
static enum al_err contact_show(struct control *c, struct policy *p, struct al_slice args)
{
	const struct al_object *object = contact_of(c, args, "contact-show");
	char words[TARIFF_WORDS];

	if (object == NULL)
		return AL_ENOTFOUND;
	if (!audience_has(c, p, object)) {
		refuse(c, "AUTH-MNT", "[%s] %.*s: its contact text is for %.*s, and none of them has signed",
		       al_class_name((enum al_class)object->cls), AL_FMT(al_object_key(object)),
		       AL_FMT(al_object_attr(object, "contact-for")));
		return AL_EDENIED;
	}
	if (!p->hostmaster && !tariff_keys(c->tariff, c->d, CONTROL_CONTACT, al_now_ms(), words)) {
		control_log(c, "poor");
		control_answer(c, NULL, words);
		return AL_OK;
	}
	control_log(c, "shown");
	question_contact_text(c->ledger, object, c->answer, c->arg);
	control_free(c);
	return AL_OK;
}

static const struct {
	const char *word;
	enum al_err (*run)(struct control *c, struct policy *p, struct al_slice args);
} verbs[] = {
	{ "queue-refuse", queue_refuse },
	{ "queue-refuse-all", queue_refuse_all },
	{ "contact-erase", contact_erase },
	{ "contact-show", contact_show },
};

/* ---- the flow ---- */

static void check_time(struct control *c)
{
	uint64_t until = c->d->request.not_after;

	if (until < c->once.now)
		refuse(c, "REQUEST-EXPIRED", "not-after: has passed");
	else if (until > c->once.now + CONTROL_AHEAD_S)
		refuse(c, "REQUEST-EXPIRED", "not-after: of a control request is at most 24 hours ahead");
}

static struct policy policy_of(struct decision *d, const struct al_state *state)
{
	struct policy p = { .state = state, .view = { .state = state }, .d = d };

	auth_hostmaster(&p);
	return p;
}

bool control_by_hostmaster(struct decision *d, const struct al_state *state)
{
	return policy_of(d, state).hostmaster;
}

static enum al_err verb_run(struct control *c)
{
	struct policy p = policy_of(c->d, c->state);
	struct al_slice args = c->d->request.control, word;

	(void)al_slice_word(&args, "", &word);
	for (size_t i = 0; i < AL_COUNT(verbs); i++)
		if (al_slice_is(word, verbs[i].word))
			return verbs[i].run(c, &p, al_slice_trim(args));
	refuse(c, "REQUEST-FORM", "control: knows queue-refuse, queue-refuse-all, contact-erase and contact-show");
	return AL_EINVAL;
}

static struct control *control_new(struct ledger *ledger, struct book *book, pipeline_answer_fn answer, void *arg)
{
	struct control *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	*c = (struct control){ .d = decision_new(),
			       .state = book_state(book),
			       .space = book_space(book),
			       .ledger = ledger,
			       .answer = answer,
			       .arg = arg };
	if (c->d == NULL) {
		free(c);
		return NULL;
	}
	c->d->request.takes_control = true;
	c->once.now = al_now_s();
	return c;
}

void control_submit(struct ledger *ledger, struct book *book, const struct tariff *tariff, struct al_slice ns,
		    struct al_slice raw, pipeline_answer_fn answer, void *arg)
{
	struct control *c = control_new(ledger, book, answer, arg);
	enum al_err err;

	if (c == NULL) {
		answer(arg, AL_S("%ERROR: out of memory: nothing was done\n" REPLY_END));
		return;
	}
	c->tariff = tariff;
	err = al_request_parse(raw, &c->d->request, &c->d->report);
	if (err == AL_OK) {
		memcpy(c->once.hash, c->d->request.hash, AL_HASH_LEN);
		c->once.until = c->d->request.not_after;
		check_time(c);
		verify_signatures(c->d, ns);
		err = c->d->report.errors > 0 ? AL_EINVAL : verb_run(c);
	}
	if (err == AL_OK)
		return; /* answered, or on_done() will */
	if (c->d->report.errors > 0) {
		control_log(c, "refused");
		control_answer(c, NULL, NULL);
	} else {
		control_answer(c, NULL, "the registry cannot do this now: try again later");
	}
}
