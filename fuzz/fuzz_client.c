/* links: alamo_cli */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_client.c -- what the command line reads from others: a registry's
 * answers, invitations, drafts out of the network, pinned networks, decisions about what waits.
 */
#include <stdlib.h>
#include <string.h>

#include "log/monitor_asked.h"
#include "log/monitor_text.h"
#include "log/receipt.h"
#include "member/answer.h"
#include "member/draft.h"
#include "member/invite.h"
#include "member/pin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void network_look(struct al_slice text)
{
	static struct network network;
	char out[NETWORK_FIELD_MAX];

	if (network_parse(text, &network) != AL_OK)
		return;
	/* What becomes part of a file's name or of a signed text is one word. */
	if (strchr(network.name, '/') != NULL || strpbrk(network.source, " \n") != NULL ||
	    strpbrk(network.tld, " \n") != NULL)
		abort();
	(void)!network_endpoint(&network, "127.0.0.1:4343", "whois", out, sizeof(out));
}

static void pin_look(struct al_slice text)
{
	static struct pin pin, back;
	struct al_buf out;

	if (pin_parse(text, &pin) != AL_OK)
		return;
	al_buf_init(&out, 1u << 17);
	pin_format(&pin, &out);
	if (out.err != AL_OK || pin_parse(al_buf_view(&out), &back) != AL_OK || memcmp(&pin, &back, sizeof(pin)) != 0)
		abort();
	al_buf_release(&out);
}

static void invite_look(struct al_slice text)
{
	static struct invite invite, back;
	char word[INVITE_MAX], again[INVITE_MAX];

	if (al_slice_copy(text, word, sizeof(word)) != AL_OK || invite_parse(word, &invite) != AL_OK)
		return;
	if (invite_format(&invite, again) != AL_OK || invite_parse(again, &back) != AL_OK ||
	    strcmp(invite.server, back.server) != 0 || strcmp(invite.vkey, back.vkey) != 0)
		abort();
}

static void answer_look(struct al_slice text)
{
	struct answer_object object;
	struct al_slice rest = text, error, receipt;
	uint64_t index;

	while (answer_next(&rest, &object))
		while (answer_error(&object.body, &error))
			;
	(void)answer_accepted(text);
	(void)!answer_index(text, &index);
	(void)!receipt_find(text, &receipt);
}

static void draft_look(struct al_slice text)
{
	struct draft draft;
	struct al_buf key;

	(void)draft_is_alone(text, "person ANN-ALAMO");
	if (draft_parse(text, &draft) != AL_OK)
		return;
	al_buf_init(&key, 65536);
	for (size_t i = 0; i < draft.count; i++)
		(void)!draft_key(draft.objects[i], &key);
	al_buf_release(&key);
	draft_release(&draft);
}

/* What the hostmaster decided, as a mail: no line of its head is the registry's. */
static void decision_look(struct al_slice text)
{
	static const char hash[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	const struct monitor_watch watch = { .log = "registry.test/log", .mnt = "X-MNT" };
	struct monitor_event event;
	struct al_slice rest, line;
	struct al_buf mail;
	size_t heads = 0;

	monitor_asked_read(text, hash, &watch, 5, &event);
	if (event.json != NULL) {
		al_buf_init(&mail, 1u << 20);
		monitor_mail_put(&event, "root", 1764172800, &mail);
		for (rest = al_buf_view(&mail); al_slice_line(&rest, &line) && line.len > 0; heads++)
			;
		if (mail.err != AL_OK || heads != 7)
			abort();
		al_buf_release(&mail);
	}
	monitor_event_release(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const looks[])(struct al_slice) = { network_look, pin_look,   invite_look,
							  answer_look,  draft_look, decision_look };

	if (size == 0 || size > 1u << 16)
		return 0;
	looks[data[0] % AL_COUNT(looks)](al_slice_of(data + 1, size - 1));
	return 0;
}
