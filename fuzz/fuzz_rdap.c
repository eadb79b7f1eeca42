/* links: alamo_whois */
/* SPDX-License-Identifier: MIT */
/*
 * fuzz_rdap.c -- RDAP paths and queries against a small registry.
 *
 * The input is a path, or a path and a query behind '?'. Checked: the status is
 * one of ours, and whatever is answered is JSON.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "rdap.h"

static struct al_state *registry;
static struct whois_index *index_of;

static const char *const objects[] = {
	"registry: TEST\ntld: test\nroot-server: a 192.0.2.1\nmnt-by: ROOT-MNT\nsource: TEST\n",
	"mntner: A-MNT\nmnt-by: A-MNT\nadmin-c: A-TEST\nsource: TEST\n",
	"person: A\nnic-hdl: A-TEST\nmnt-by: A-MNT\nsource: TEST\n",
	"as-block: AS1-AS9\npolicy: open\nmnt-by: A-MNT\nsource: TEST\n",
	"aut-num: AS1\nas-name: ONE\nmnt-by: A-MNT\nmember-of: AS-B\nsource: TEST\n",
	"inetnum: 10.0.0.0/8\nnetname: TEN\nmnt-by: A-MNT\nsource: TEST\n",
	"inetnum: 10.1.0.0/16\nnetname: TEN1\nmnt-by: A-MNT\nsource: TEST\n",
	"inet6num: fd00::/8\nnetname: FD\nmnt-by: A-MNT\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS1\nmnt-by: A-MNT\nmember-of: RS-A\nsource: TEST\n",
	"route: 10.1.0.0/16\norigin: AS2\nmnt-by: A-MNT\nsource: TEST\n",
	"route6: fd00::/16\norigin: AS1\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-A\nmembers: AS1, AS-B, AS-A, AS-GONE\nmnt-by: A-MNT\nsource: TEST\n",
	"as-set: AS-B\nmbrs-by-ref: ANY\nmnt-by: A-MNT\nsource: TEST\n",
	"route-set: RS-A\nmembers: 10.0.0.0/8^+, AS-A, RS-A\nmbrs-by-ref: A-MNT\nmnt-by: A-MNT\nsource: TEST\n",
	"domain: a.test\nnserver: ns.a.test 10.0.0.1\nmnt-by: A-MNT\nsource: TEST\n",
};

static void must(bool good)
{
	if (!good)
		abort();
}

static void setup(void)
{
	size_t i;

	must(al_state_new(&registry) == AL_OK && whois_index_new(&index_of) == AL_OK);
	al_state_observe(registry, whois_index_change, index_of);
	for (i = 0; i < AL_COUNT(objects); i++) {
		struct al_build build = { .raw = al_slice_str(objects[i]), .index = i, .time = i + 1 };
		struct al_object *object;
		bool deletes;

		must(al_object_build(&build, NULL, &object, &deletes) == AL_OK);
		must(al_state_put(registry, &object, 1, build.time) == AL_OK);
		al_object_unref(object);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 400, 404, 422 };
	struct al_slice query = al_slice_of(data, size), path;
	struct al_http_answer answer = { .status = 200, .host = AL_S("localhost") };
	struct whois_rdap *rdap;
	struct whois_view view;
	size_t i = 0;

	if (registry == NULL)
		setup();
	view = (struct whois_view){ .state = registry, .index = index_of, .head = { .size = al_state_size(registry) } };
	must(whois_rdap_new(&view, "", &rdap) == AL_OK);
	(void)al_slice_cut(&query, '?', &path);
	al_buf_init(&answer.body, 1u << 20);
	whois_rdap_answer(rdap, path, query, &answer);
	while (i < AL_COUNT(statuses) && statuses[i] != answer.status)
		i++;
	must(i < AL_COUNT(statuses));
	if (answer.body.len > 0) {
		json_t *json = json_loadb((const char *)answer.body.ptr, answer.body.len, 0, NULL);

		must(json != NULL);
		must(answer.status == 200 || json_integer_value(json_object_get(json, "errorCode")) == answer.status);
		json_decref(json);
	}
	al_buf_release(&answer.body);
	whois_rdap_free(rdap);
	return 0;
}
