/* SPDX-License-Identifier: MIT */
/*
 * rpki_status.c -- `alamo rpki status`: how long what is published is still good, for people, cron and Prometheus.
 */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alamo/base/ident.h"
#include "alamo/net/loop.h"
#include "anchor.h"
#include "expiry.h"
#include "generation.h"
#include "rpki.h"

struct status {
	struct rpki_store store;
	struct generation now;
	uint64_t roa_until; /* of the first object to expire; 0: there is none */
	size_t alarms;
};

static void alarm_say(struct status *s, const char *text)
{
	s->alarms++;
	(void)command_fail(CLI_REFUSED, "%s", text);
}

static bool half_over(uint64_t life, uint64_t until)
{
	return expiry_judge(until > life ? until - life : 0, until, al_now_s()) != EXPIRY_GOOD;
}

static void alarms(struct status *s)
{
	const struct issued *issued = &s->now.issued;
	uint64_t now = al_now_s();

	if (issued->number == 0) {
		alarm_say(s, "nothing is published: alamo rpki publish");
		return;
	}
	if (now >= issued->until)
		alarm_say(s, "the manifest has expired: validators drop every record");
	else if (half_over(ISSUE_LIFE_S, issued->until))
		alarm_say(s, "more than half of the manifest's life is over: does alamo rpki publish run?");
	if (s->roa_until != 0 && half_over(ISSUE_ROA_LIFE_S, s->roa_until))
		alarm_say(s, "more than half of a route origin's life is over: does alamo rpki publish run?");
	if (now >= s->store.grant.next_update)
		alarm_say(s, "what the trust anchor signed has expired: validators drop every record");
	else if (half_over(ANCHOR_LIFE_S, s->store.grant.next_update))
		alarm_say(s, "the trust anchor has to sign again: alamo rpki renew");
	if (issued->left_out > 0)
		alarm_say(s, "records are outside of the certificate's resources: alamo rpki renew");
}

static void keys_print(const struct publisher *publisher)
{
	static const char *const words[PUBLISHER_ROLES] = {
		[PUBLISHER_ASKED] = "asked",
		[PUBLISHER_NEXT] = "next",
		[PUBLISHER_CURRENT] = "current",
		[PUBLISHER_OLD] = "old",
	};
	char since[AL_TIME_STRLEN];

	for (size_t i = 0; i < publisher->key_count; i++) {
		al_time_format(publisher->keys[i].since, since);
		printf("key         %s %s since %s\n", publisher->keys[i].key.name, words[publisher->keys[i].role],
		       since);
	}
}

static void people(const struct status *s)
{
	const struct issued *issued = &s->now.issued;
	char until[AL_TIME_STRLEN], roa[AL_TIME_STRLEN], anchor[AL_TIME_STRLEN];

	al_time_format(issued->until, until);
	al_time_format(s->roa_until, roa);
	al_time_format(s->store.grant.next_update, anchor);
	printf("log         %s\nrepository  %s\nanchor      %s\n", s->store.publisher.log.name,
	       s->store.publisher.repository, s->store.grant.anchor.name);
	keys_print(&s->store.publisher);
	if (issued->number == 0)
		return;
	printf("size        %" PRIu64 "\nrecords     %zu\nnumber      %" PRIu64
	       "\nmanifest    until %s\norigins     until %s\nceremony    until %s\n",
	       issued->size, s->now.set->count, issued->number, until, roa, anchor);
	if (issued->snapshot_bytes > 0)
		printf("session     %s\ndeltas      %zu\n", issued->session, issued->delta_count);
}

static void metric(const char *name, const char *help, uint64_t value)
{
	printf("# HELP alamo_x509_%s %s\n# TYPE alamo_x509_%s gauge\nalamo_x509_%s %" PRIu64 "\n", name, help, name,
	       name, value);
}

/* Both ends of a life, whose length is always the same. 0: there is none. */
static void life_metrics(const char *name, const char *what, uint64_t life, uint64_t until)
{
	char one[64], help[128];

	(void)snprintf(one, sizeof(one), "%s_since_seconds", name);
	(void)snprintf(help, sizeof(help), "Since when %s good, Unix time.", what);
	metric(one, help, until > life ? until - life : 0);
	(void)snprintf(one, sizeof(one), "%s_until_seconds", name);
	(void)snprintf(help, sizeof(help), "Until when %s good, Unix time.", what);
	metric(one, help, until);
}

static void prometheus(const struct status *s)
{
	const struct issued *issued = &s->now.issued;

	metric("log_size", "Log size that the publication follows.", issued->size);
	metric("number", "Number of the publication, of its manifests and of RRDP.", issued->number);
	metric("records", "Route origins published.", s->now.set != NULL ? s->now.set->count : 0);
	metric("left_out", "Route origins outside of the certificate's resources.", issued->left_out);
	life_metrics("manifest", "the manifest is", ISSUE_LIFE_S, issued->until);
	life_metrics("origins", "the first route origin to expire is", ISSUE_ROA_LIFE_S, s->roa_until);
	life_metrics("ceremony", "the trust anchor's signatures are", ANCHOR_LIFE_S, s->store.grant.next_update);
	metric("alarms", "What status complains of.", s->alarms);
}

static int status_read(struct status *s, const char *dir)
{
	int code = rpki_store_begin(&s->store, dir);

	if (code == CLI_DONE)
		code = rpki_store_load(&s->store);
	if (code == CLI_DONE && !s->store.answered)
		code = command_fail(CLI_REFUSED, "%s: the trust anchor has signed nothing yet", dir);
	if (code == CLI_DONE)
		code = generation_read(dir, &s->now);
	for (size_t i = 0; i < s->now.issued.file_count; i++) {
		const struct issued_file *file = &s->now.issued.files[i];

		if (file->is_signed && strstr(file->path, ".mft") == NULL &&
		    (s->roa_until == 0 || file->until < s->roa_until))
			s->roa_until = file->until;
	}
	return code;
}

int rpki_status(const struct words *words, const void *arg)
{
	const struct rpki_options *options = arg;
	struct status s;
	int code;

	memset(&s, 0, sizeof(s));
	code = status_read(&s, words->word[0]);
	if (code == CLI_DONE) {
		alarms(&s);
		if (options->metrics)
			prometheus(&s);
		else
			people(&s);
		code = s.alarms == 0 && command_output_ok() ? CLI_DONE : CLI_REFUSED;
	}
	generation_release(&s.now);
	rpki_store_release(&s.store);
	return code;
}
