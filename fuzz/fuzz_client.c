/* links: alamo_cli */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_client.c -- what the command line reads from others: a registry's
 * answers, invitations, drafts out of the network, pinned networks.
 */
#include <stdlib.h>
#include <string.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const looks[])(struct al_slice) = { network_look, pin_look, invite_look, answer_look,
							  draft_look };

	if (size == 0 || size > 1u << 16)
		return 0;
	looks[data[0] % AL_COUNT(looks)](al_slice_of(data + 1, size - 1));
	return 0;
}
